"""Node packages: the `package.json` of each folder in a `node_modules`.

Source: Node.js documentation, "Modules: CommonJS modules", loading from `node_modules` folders; npm documentation,
`package.json` (names, scopes) and "folders".
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from layerbench.image.packages.interface import Holdings, UnreadableDatabaseError
from layerbench.image.packages.text import printable
from layerbench.image.profile import Package

_LIMIT_BYTES = 1024 * 1024
# npm allows 214 characters, semver 256.
_TEXT_CHARACTERS = 256


class NodePackages:
    """The packages whose `package.json` a layer brings. Each owns what is below its folder."""

    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ("/package.json",)

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._packages: dict[str, tuple[str, ...]] = {}

    def limit_bytes(self, path: str) -> int:
        """See `PackageFormat`."""
        return _LIMIT_BYTES if _package_name(path) else 0

    def add(self, path: str, content: bytes) -> None:
        """See `PackageFormat`."""
        location = path.rpartition("/")[0]
        folder_name = _package_name(path)
        # Its folder makes it a package, whatever the file says.
        self._packages[location] = self._holdings.keep((folder_name, ""))
        try:
            facts = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise UnreadableDatabaseError("it is no JSON") from error
        if not isinstance(facts, dict):
            raise UnreadableDatabaseError("it is no JSON object")
        name, version = _text(facts.get("name")) or folder_name, _text(facts.get("version"))
        self._packages[location] = self._holdings.keep((name, version))

    def why_too_large(self, path: str) -> str:
        """See `PackageFormat`."""
        return "it is too long for a package.json"

    def finish(self) -> Iterator[Package]:
        """See `PackageFormat`."""
        for location, (name, version) in self._packages.items():
            yield Package("node", printable(name), version, location, ())


def _package_name(path: str) -> str:
    """Of `…/node_modules/<name>/package.json` the name, with its scope; "" for any other path."""
    match path.rsplit("/", 4):
        case [*_, "node_modules", scope, name, _] if scope.startswith("@"):
            return f"{scope}/{name}"
        case [*_, "node_modules", name, _] if not name.startswith((".", "@")):
            return name
    return ""


def _text(value: object) -> str:
    return printable(value) if isinstance(value, str) and len(value) <= _TEXT_CHARACTERS else ""
