"""The README's picture: a page of `layerbench report --format html` in Debian's chromium.

.venv/bin/python tools/screenshot.py bench-results/web.html docs/report.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from fetch_chromium import find_chromium
from playwright.sync_api import sync_playwright

_WIDTH, _HEIGHT = 1200, 1500
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def main(page: Path, picture: Path) -> None:
    """Take the picture."""
    chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.program, args=list(_ARGUMENTS), env=dict(chromium.environment)
        )
        tab = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        tab.goto(page.resolve().as_uri())
        tab.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
