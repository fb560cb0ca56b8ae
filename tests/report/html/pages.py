"""Pages read back."""

from __future__ import annotations

import base64
import gzip
import json
import re
from html.parser import HTMLParser

from layerbench.report.html.of_result import input_of_result
from layerbench.report.html.page import render_page
from layerbench.results.models import Result

VOID = {"meta", "link", "br", "input", "img", "hr"}


def page_of(result: Result, **parts: object) -> str:
    return render_page(input_of_result(result, **parts))  # type: ignore[arg-type]


class Reading(HTMLParser):
    """The elements of a page: whether they close as they opened, their attributes and their text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.wrong.append(tag)
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def attributes(self, name: str) -> list[str]:
        return [value or "" for _, attrs in self.elements for key, value in attrs.items() if key == name]


def stored(text: str, name: str) -> dict[str, str]:
    """The fragments that the page keeps compressed."""
    found = re.search(rf'<script type="text/plain" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    if not found[1].strip():
        return {}
    pieces, fragments = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return {
        key: "".join(pieces[part] if isinstance(part, int) else part for part in parts)
        for key, parts in fragments.items()
    }


def downloads(text: str) -> dict[str, bytes]:
    """Files that can be taken out of the page."""
    return {
        attrs["download"] or "": gzip.decompress(base64.b64decode((attrs["href"] or "").partition("base64,")[2]))
        for tag, attrs in Reading(text).elements
        if tag == "a" and "download" in attrs
    }
