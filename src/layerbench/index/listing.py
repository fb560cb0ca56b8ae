"""Reading a package index: a project's page, and files, over HTTP.

The page is the HTML one of the simple repository API (PEP 503), which every index has; the JSON one (PEP 691) has not
come to all mirrors.
"""

from __future__ import annotations

import base64
import re
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPResponse
from typing import cast
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

_HTML = "application/vnd.pypi.simple.v1+html, text/html;q=0.1"


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A file that an index offers."""

    name: str
    url: str
    hash_algorithm: str | None
    """As hashlib names it; None when the page gives no hash."""
    hash_hex: str | None
    is_yanked: bool


def normalized(name: str) -> str:
    """A project's name as indexes spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Client:
    """Fetches from an index as pip is set to: with its certificates, and with the name and password in the address."""

    def __init__(self, pip_settings: Mapping[str, str], timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        context = ssl.create_default_context(cafile=pip_settings.get("cert"))
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))

    def open(self, url: str, accept: str = "*/*") -> HTTPResponse:
        """The answer to a GET; the caller closes it.

        Raises:
            OSError: no such address, no answer in time, or an HTTP error (urllib.error.HTTPError is one).
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise OSError(f"{parts.scheme} is no HTTP address")
        headers = {"Accept": accept}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
            url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        # The scheme was checked above.
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        return cast(HTTPResponse, self._opener.open(request, timeout=self._timeout_seconds))

    def files(self, index_url: str, project: str) -> list[IndexFile]:
        """What an index offers of a project, in the page's order.

        Raises:
            OSError: as `open` does.
        """
        page = f"{index_url}/{normalized(project)}/"
        with self.open(page, _HTML) as answer:
            return parse_page(answer.read().decode(errors="replace"), answer.url)


def parse_page(html: str, page_url: str) -> list[IndexFile]:
    """The files that a project's page links to (PEP 503, PEP 592)."""
    parser = _Links()
    parser.feed(html)
    base = urljoin(page_url, parser.base) if parser.base else page_url
    return [_file(urljoin(base, link), is_yanked) for link, is_yanked in parser.links]


def _file(link: str, is_yanked: bool) -> IndexFile:
    url, fragment = urldefrag(link)
    found = re.search(r"(?:^|&)(md5|sha1|sha224|sha256|sha384|sha512)=([0-9a-fA-F]+)", fragment)
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    return IndexFile(name, url, found[1] if found else None, found[2].lower() if found else None, is_yanked)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, bool]] = []
        self.base: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        href = attributes.get("href")
        if tag == "base" and href and self.base is None:
            self.base = href
        elif tag == "a" and href:
            self.links.append((href, "data-yanked" in attributes))
