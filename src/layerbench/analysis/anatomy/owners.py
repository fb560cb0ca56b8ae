"""Which package owns a path in which layer.

The packages as of a layer are those that the latest layer up to it tells of, path by path: an upgrade in layer 3 does
not re-label the bytes that layer 1 brought, and it does not matter whether a database tells of all packages (Alpine,
RPM) or of those that changed (Debian).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from layerbench.image.profile import Ecosystem, LayerProfile, Package

SYSTEMS = frozenset[Ecosystem]({"debian", "alpine", "rpm"})
_PYTHON_METADATA = (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info")
# What Linux can open (PATH_MAX); only hostile archives have more.
_MOST_CHARACTERS = 4096

_Claim: TypeAlias = tuple[int, int]
"""The layer that tells of it, and the number of the package."""


class Owner(NamedTuple):
    """A package, whichever layers tell of it."""

    ecosystem: Ecosystem
    name: str
    version: str
    location: str


class Owners:
    """All packages of an image and the paths that they own.

    It is asked folder by folder: `enter`, then `owner_of` for what is in that folder.
    """

    def __init__(self, profiles: Sequence[LayerProfile]) -> None:
        self.packages: list[Owner] = []
        """A package's number is its position here."""
        self.latest: dict[tuple[Ecosystem, str, str], list[int]] = {}
        """By ecosystem, name and location: the numbers of the versions that the latest layer tells of."""
        self._numbers: dict[Owner, int] = {}
        # Mostly one claim a path, which all paths of a package share; of several the one that counts most is last.
        self._claims: dict[str, tuple[_Claim, ...]] = {}
        self._folder_claims: dict[str, list[_Claim]] = {}
        self._links: list[tuple[str, str, str]] = []
        self._aliases: tuple[str, ...] = ()
        self._enclosing: tuple[_Claim, ...] = ()
        told = [(layer, package) for layer, profile in enumerate(profiles) for package in profile.packages]
        self._claim_all(told, lambda package: package.ecosystem in SYSTEMS)
        self._claim_all(told, lambda package: package.ecosystem == "python" and not self._is_of_system(package))
        self._claim_all(told, lambda package: package.ecosystem == "node")

    def follow(self, link: str, target: str) -> None:
        """Take note of a symlink at the top, such as `bin -> usr/bin`: databases may name files by either path.

        It has to be known before `enter` is called for the folder that it leads to, as it is in tree order.
        """
        folder = target.strip("/")
        if folder and folder != link and (folder, f"{folder}/", link) not in self._links:
            self._links.append((folder, f"{folder}/", link))

    def enter(self, folder: str) -> None:
        """Go to a folder."""
        self._aliases = tuple(self._aliases_of(folder)) if self._links else ()
        self._enclosing = tuple(self._claims_above(folder)) if self._folder_claims else ()

    def owner_of(self, path: str, layer: int) -> int | None:
        """Number of the package that owns a file of the folder in that layer; None where none does."""
        claims = self._claims.get(path)
        if claims is not None and claims[-1][0] <= layer:
            return claims[-1][1]
        if claims is None and self._aliases:
            claims = self._claims_by_alias(path)
        elif claims is None and not self._enclosing:
            return None
        for told_in, number in (*reversed(claims or ()), *self._enclosing):
            if told_in <= layer:
                return number
        return None

    def _claim_all(self, told: Iterable[tuple[int, Package]], is_meant: Callable[[Package], bool]) -> None:
        newest: dict[tuple[Ecosystem, str, str], int] = {}
        for layer, package in told:
            if not is_meant(package):
                continue
            number = self._number(package)
            key = package.ecosystem, package.name, package.location
            if newest.get(key) != layer:
                newest[key] = layer
                self.latest[key] = []
            self.latest[key].append(number)
            if package.ecosystem == "node":
                self._folder_claims.setdefault(package.location, []).append((layer, number))
            else:
                self._claim_paths(package.paths, (layer, number))

    def _number(self, package: Package) -> int:
        owner = Owner(package.ecosystem, package.name, package.version, package.location)
        number = self._numbers.setdefault(owner, len(self.packages))
        if number == len(self.packages):
            self.packages.append(owner)
        return number

    def _claim_paths(self, paths: Iterable[str], claim: _Claim) -> None:
        claims = self._claims
        alone = (claim,)
        for path in paths:
            known = claims.setdefault(path, alone)
            if known is not alone:
                claims[path] = self._joined(known, claim)

    def _joined(self, known: tuple[_Claim, ...], claim: _Claim) -> tuple[_Claim, ...]:
        """Claims of the system last, of one kind the later layer's: what comes last counts most."""
        rank = self._rank(claim)
        alike = [one[1] for one in known if self._rank(one) == rank]
        # The same package once more, as databases of all packages tell it.
        if claim in known or alike[-1:] == [claim[1]]:
            return known
        return tuple(sorted((*known, claim), key=lambda one: (self._rank(one), one[0])))

    def _rank(self, claim: _Claim) -> int:
        return 1 if self.packages[claim[1]].ecosystem in SYSTEMS else 0

    def _is_of_system(self, package: Package) -> bool:
        """Whether a package of the system brought a Python package's metadata (Debian's `python3-*`)."""
        return any(
            self._rank(claim)
            for path in package.paths
            if path.endswith(_PYTHON_METADATA)
            for claim in self._claims.get(path, ())
        )

    def _claims_by_alias(self, path: str) -> tuple[_Claim, ...] | None:
        name = path[path.rfind("/") + 1 :]
        for alias in self._aliases:
            if (claims := self._claims.get(alias + name)) is not None:
                return claims
        return None

    def _aliases_of(self, folder: str) -> Iterator[str]:
        """What is in front of the names in a folder where databases reach it by a link."""
        for target, prefix, link in self._links:
            if folder == target or folder.startswith(prefix):
                yield f"{link}{folder[len(target) :]}/"

    def _claims_above(self, folder: str) -> Iterator[_Claim]:
        """The claims on a folder and those around it, the nearest and latest first."""
        while folder and len(folder) <= _MOST_CHARACTERS:
            yield from reversed(self._folder_claims.get(folder, ()))
            folder = folder.rpartition("/")[0]
