"""What one image has more or less than another.

Layers with the same content in both bring the same bytes, so only the others are walked. All entries of a path are
compared, those included that a later layer takes away: an image holds them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

from layerbench.analysis.anatomy.file_deltas import Change, FileDeltas
from layerbench.analysis.anatomy.folders import FolderRow, FolderSums
from layerbench.analysis.anatomy.layer_matching import layer_deltas
from layerbench.analysis.anatomy.merge import Placed, paths
from layerbench.analysis.anatomy.models import ImageContents, ImageDiff, PathDelta
from layerbench.analysis.anatomy.owners import Owners
from layerbench.analysis.anatomy.package_deltas import PackageDeltas
from layerbench.image.profile import EntryRow, LayerProfile, tree_order, unpack_rows

_BEFORE, _AFTER = 1, 2
"""Which image has something of its own in a folder."""
_CHANGES: dict[int, Change] = {_BEFORE: "removed", _AFTER: "added"}
_BOTH = _BEFORE | _AFTER
_NO_FILES = frozenset({"folder", "opaque"})
_NOT_OWNED = frozenset({"folder", "opaque", "whiteout"})

_Links: TypeAlias = list[tuple[str, str]]


def compare_images(before: ImageContents, after: ImageContents) -> ImageDiff:
    """Say what the second image has more (positive) or less than the first."""
    shared = _shared_layers(before, after)
    comparison = _Comparison(_side(before, shared), _side(after, shared))
    comparison.add_all()
    return comparison.finish(before, after, [layer.profile for layer in before.layers if layer.diff_id in shared])


@dataclass(frozen=True, slots=True)
class _Side:
    """One image, with the layers that the other does not have."""

    owners: Owners
    profiles: tuple[LayerProfile, ...]
    positions: tuple[int, ...]
    """Of those layers in the image."""


def _side(image: ImageContents, shared: Counter[str]) -> _Side:
    owners = Owners([layer.profile for layer in image.layers])
    left = Counter(shared)
    own: list[tuple[int, LayerProfile]] = []
    for position, layer in enumerate(image.layers):
        if left[layer.diff_id] > 0:
            left[layer.diff_id] -= 1
            for link, target in _top_links(layer.profile):
                owners.follow(link, target)
        else:
            own.append((position, layer.profile))
    return _Side(owners, tuple(profile for _, profile in own), tuple(position for position, _ in own))


def _shared_layers(before: ImageContents, after: ImageContents) -> Counter[str]:
    """How often each content is in both."""
    return Counter(layer.diff_id for layer in before.layers) & Counter(layer.diff_id for layer in after.layers)


def _top_links(profile: LayerProfile) -> _Links:
    """Symlinks at the top that lead to what stands behind them in tree order, such as `bin -> usr/bin`."""
    found = []
    for path, kind, _, _, _, _, target in unpack_rows(profile.blocks):
        if tree_order(path) > "usr":
            break
        if kind == "symlink" and "/" not in path:
            found.append((path, target))
    return found


class _Comparison:
    """Everything that is counted in the one pass over the entries."""

    def __init__(self, before: _Side, after: _Side) -> None:
        self._before, self._after = before, after
        self._packages = PackageDeltas(before.owners, after.owners)
        self._files = FileDeltas()
        self._whole = FolderSums()
        self._unowned = FolderSums()

    def add_all(self) -> None:
        """Compare all paths of the layers that the images do not share."""
        profiles = (*self._before.profiles, *self._after.profiles)
        border = len(self._before.profiles)
        counters = [
            (mark, sign, side.owners.owner_of, places, layer)
            for mark, sign, side, places in (
                (_BEFORE, -1, self._before, self._packages.places[0]),
                (_AFTER, 1, self._after, self._packages.places[1]),
            )
            for layer in side.positions
        ]
        deltas, here = self._packages.deltas, None
        for members in paths(profiles) if profiles else ():
            path, kind = members[0][1][:2]
            # Almost all are the same file in one layer of each image.
            is_same = len(members) == 2 and members[0][1] == members[1][1]
            # What is a folder in one and a file in the other counts to the folder.
            is_folder = kind in _NO_FILES or (not is_same and any(row[1] in _NO_FILES for _, row in members))
            folder = path if is_folder else path[: max(0, path.rfind("/"))]
            if folder != here:
                here, whole, unowned = folder, self._whole.at(folder), self._unowned.at(folder)
                self._enter(folder)
            delta = unowned_delta = marks = unowned_marks = 0
            for place, row in members:
                mark, sign, owner_of, places, layer = counters[place]
                share = sign * row[3]
                delta += share
                marks |= mark
                owner = None if row[1] in _NOT_OWNED else owner_of(path, layer)
                if owner is None:
                    unowned_delta += share
                    unowned_marks |= mark
                else:
                    deltas[places[owner]] += share
            whole[2] |= marks
            unowned[2] |= unowned_marks
            if delta:
                whole[0] += abs(delta)
                whole[1] += delta
            if unowned_delta:
                unowned[0] += abs(unowned_delta)
                unowned[1] += unowned_delta
            if not is_same or marks != _BOTH:
                self._add_file(path, members, border, delta)

    def finish(self, before: ImageContents, after: ImageContents, shared: Sequence[LayerProfile]) -> ImageDiff:
        """What it all comes to."""
        packages = self._packages.finish()
        unowned, whole = self._unowned.partition(), self._whole.partition()
        one_sided = {row.path for row in (*unowned, *whole) if row.marks != _BOTH} | self._files.one_sided_paths
        known = _present(one_sided, shared)
        layers = layer_deltas(before.layers, after.layers)
        same = [layer for layer in layers if layer.is_same]
        delta = after.uncompressed_bytes - before.uncompressed_bytes
        end_delta = sum(profile.end_bytes for profile in self._after.profiles) - sum(
            profile.end_bytes for profile in self._before.profiles
        )
        packages_delta = sum(package.uncompressed_bytes_delta for package in packages)
        parts = (
            packages_delta + sum(row.amount for row in unowned) + end_delta,
            sum(row.amount for row in whole) + end_delta,
            sum(layer.uncompressed_bytes_delta for layer in layers),
        )
        profiles = [layer.profile for image in (before, after) for layer in image.layers]
        notes = [note for profile in profiles for note in profile.notes]
        return ImageDiff(
            before=before,
            after=after,
            compressed_bytes_delta=_compressed_delta(before, after),
            uncompressed_bytes_delta=delta,
            end_bytes_delta=end_delta,
            unattributed_bytes=max((delta - part for part in parts), key=abs),
            layers=layers,
            packages=packages,
            unowned=_folder_deltas(unowned, known),
            folders=_folder_deltas(whole, known),
            files=self._files.finish(known),
            unchanged_layers=len(same),
            unchanged_uncompressed_bytes=sum(
                after.layers[layer.position_after].uncompressed_bytes
                for layer in same
                if layer.position_after is not None
            ),
            notes=tuple(dict.fromkeys((*notes, *([self._files.note] if self._files.note else [])))),
        )

    def _enter(self, folder: str) -> None:
        self._before.owners.enter(folder)
        self._after.owners.enter(folder)

    def _add_file(self, path: str, members: Sequence[Placed], border: int, delta: int) -> None:
        """Take in a path as a file that differs, if it is one."""
        before = [row for position, row in members if position < border]
        after = [row for position, row in members if position >= border]
        if not delta and [_content(row) for row in before] == [_content(row) for row in after]:
            return
        if all(row[1] in _NO_FILES for _, row in members):
            return
        self._files.add(path, before, after, delta, self._owner_name(path, members, border))

    def _owner_name(self, path: str, members: Sequence[Placed], border: int) -> str | None:
        """Name of the package that a path belongs to, in the second image if it is in one there."""
        for place, row in reversed(members):
            side, position = (self._before, place) if place < border else (self._after, place - border)
            owner = None if row[1] in _NOT_OWNED else side.owners.owner_of(path, side.positions[position])
            if owner is not None:
                return side.owners.packages[owner].name
        return None


def _content(row: EntryRow) -> tuple[str, int, str, str]:
    """What a file is, without its mode."""
    return row[1], row[3], row[5], row[6]


def _compressed_delta(before: ImageContents, after: ImageContents) -> int | None:
    if before.compressed_bytes_source != after.compressed_bytes_source:
        return None
    return after.compressed_bytes - before.compressed_bytes


def _present(wanted: Set[str], profiles: Iterable[LayerProfile]) -> frozenset[str]:
    """Those of the paths that the layers have."""
    if not wanted:
        return frozenset()
    found = {
        row[0]
        for profile in profiles
        for row in unpack_rows(profile.blocks)
        if row[0] in wanted and row[1] != "whiteout"
    }
    return frozenset(found)


def _folder_deltas(rows: Iterable[FolderRow], known: Set[str]) -> tuple[PathDelta, ...]:
    found = [
        PathDelta(row.path, "changed" if row.path in known else _CHANGES.get(row.marks, "changed"), row.amount, None)
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.uncompressed_bytes_delta), one.path)))
