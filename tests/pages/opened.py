"""A page opened in the browser, with all that it said and asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

WIDTHS = (360, 1200, 2000)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_TOLERATED_PIXELS = 1


@dataclass
class Opened:
    """The page, and what must stay empty."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def overflow_pixels(self) -> int:
        """How much wider than the window the page is."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return max(0, width - _TOLERATED_PIXELS)

    def serious_violations(self) -> list[str]:
        """What axe-core finds that keeps people out, with the place."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in ("serious", "critical")
        ]


@contextmanager
def opened(
    browser: Browser, path: Path, width: int = 1200, scheme: Scheme = "light", *, bypass_csp: bool = False
) -> Iterator[Opened]:
    """Open a file at a width, in a theme; axe-core's own script needs the page's policy to be bypassed."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=bypass_csp)
    page = context.new_page()
    found = Opened(page)
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    page.on("console", lambda message: found.errors.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("dialog", lambda dialog: found.errors.append(f"dialog: {dialog.message}"))
    page.goto(path.resolve().as_uri())
    found.requests = [url for url in found.requests if url != path.resolve().as_uri()]
    try:
        yield found
    finally:
        context.close()
