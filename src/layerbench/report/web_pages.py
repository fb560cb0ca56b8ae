"""What every page made here has in common: texts from outside stay texts, and nothing is fetched or run but its own."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from layerbench.report.printable import printable

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment(package: str) -> Environment:
    """Templates of a package's folder `templates`, which escape every text that is not markup."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def markup(text: str) -> Any:
    """A text that this program made, with everything from outside escaped in it."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - see above


@cache
def asset(package: str, name: str) -> str:
    """A file beside a package's templates."""
    return (files(package) / "templates" / name).read_text(encoding="utf-8")


def content_policy(style: str, script: str | None = None) -> str:
    """The Content Security Policy of a page with one style sheet and at most one script, both in it."""
    allowed = [f"style-src '{_digest(style)}'"]
    if script is not None:
        allowed.append(f"script-src '{_digest(script)}'")
    return f"default-src 'none'; {'; '.join(allowed)}; img-src data:; base-uri 'none'; form-action 'none'"


def _shown(value: object) -> object:
    """Every text that is not markup, with what a browser would act on written out."""
    return printable(value) if type(value) is str else value


def _digest(content: str) -> str:
    """As a Content Security Policy names what may be used (CSP Level 3, 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
