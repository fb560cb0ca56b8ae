"""The packages in which two images differ."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from layerbench.analysis.anatomy.models import PackageDelta
from layerbench.analysis.anatomy.owners import Owners
from layerbench.image.profile import Ecosystem

# A new Python moves all packages to a folder of another name.
_PYTHON_FOLDER = re.compile(r"(?<=/python)[23]\.[0-9]+(?=/|$)")

_Key: TypeAlias = tuple[Ecosystem, str, str]
"""Ecosystem, name, and location without the version of Python."""


class PackageDeltas:
    """Bytes that the second image has more of each package, whatever its versions."""

    def __init__(self, before: Owners, after: Owners) -> None:
        self._sides = before, after
        self._places: dict[_Key, int] = {}
        self.places = self._places_of(before), self._places_of(after)
        """For each image, by number of the package: where it is counted."""
        self.deltas = [0] * len(self._places)
        """To be added to."""

    def finish(self) -> tuple[PackageDelta, ...]:
        """Packages that differ in bytes or version, the largest differences first."""
        before, after = self._versions(self._sides[0]), self._versions(self._sides[1])
        locations = {_key(*key): key[2] for side in self._sides for key in side.latest}
        found = [
            PackageDelta(key[0], key[1], locations[key], before.get(key), after.get(key), self.deltas[place])
            for key, place in self._places.items()
            if self.deltas[place] or before.get(key) != after.get(key)
        ]
        joined = _join_moved(found)
        return tuple(sorted(joined, key=lambda one: (-abs(one.uncompressed_bytes_delta), one.name, one.location)))

    def _places_of(self, owners: Owners) -> list[int]:
        return [
            self._places.setdefault(_key(owner.ecosystem, owner.name, owner.location), len(self._places))
            for owner in owners.packages
        ]

    @staticmethod
    def _versions(owners: Owners) -> dict[_Key, str]:
        versions: dict[_Key, dict[str, None]] = {}
        for key, numbers in owners.latest.items():
            versions.setdefault(_key(*key), {}).update((owners.packages[number].version, None) for number in numbers)
        return {key: ", ".join(sorted(several)) for key, several in versions.items()}


def _join_moved(deltas: Iterable[PackageDelta]) -> Iterator[PackageDelta]:
    """A package that is gone from one place and new in one other, as into a virtual environment, is one that moved."""
    by_name: defaultdict[tuple[Ecosystem, str], list[PackageDelta]] = defaultdict(list)
    for delta in deltas:
        by_name[delta.ecosystem, delta.name].append(delta)
    for alike in by_name.values():
        gone = [delta for delta in alike if delta.after is None]
        new = [delta for delta in alike if delta.before is None]
        if len(gone) != 1 or len(new) != 1:
            yield from alike
            continue
        yield from (delta for delta in alike if delta not in (*gone, *new))
        [before], [after] = gone, new
        total = before.uncompressed_bytes_delta + after.uncompressed_bytes_delta
        yield replace(after, before=before.before, uncompressed_bytes_delta=total, location_before=before.location)


def _key(ecosystem: Ecosystem, name: str, location: str) -> _Key:
    return ecosystem, name, _PYTHON_FOLDER.sub("3", location) if ecosystem == "python" else location
