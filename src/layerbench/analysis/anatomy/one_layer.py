"""Look into one layer of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from layerbench.analysis.anatomy.examine import examine
from layerbench.analysis.anatomy.folders import FolderRow, FolderSums
from layerbench.analysis.anatomy.largest import LargestFiles
from layerbench.analysis.anatomy.models import Anatomy, ImageContents, PathBytes
from layerbench.analysis.anatomy.owners import Owners
from layerbench.analysis.anatomy.walk import Fated, walk
from layerbench.errors import UsageError

_INSIDE = frozenset({"folder", "opaque"})
"""Kinds of entries that belong to the folder that they name."""
_NO_FILES = _INSIDE | {"whiteout"}


def examine_layer(image: ImageContents, position: int, *, top: int = 10, depth: int | None = None) -> Anatomy:
    """Say where every byte of one layer comes from. The image stays the whole one, and so do dive's figures.

    Args:
        image: What to look into.
        position: Of the layer, from 0.
        top: How many of its largest files to name.
        depth: As in `layerbench.analysis.anatomy.examine`.

    Raises:
        UsageError: the image has no such layer.
    """
    if position >= len(image.layers):
        there_are = f"its layers are 0 to {len(image.layers) - 1}" if image.layers else "it has none"
        raise UsageError(f"{image.name} has no layer {position}; {there_are}")
    whole = examine(image, top=0)
    parts = _LayerParts(image, position, top)

    def paths(rows: Sequence[FolderRow]) -> tuple[PathBytes, ...]:
        return tuple(PathBytes(row.path, row.weight, row.amount, (position,)) for row in rows)

    return replace(
        whole,
        layers=(whole.layers[position],),
        files=parts.files.finish(),
        folders=paths(parts.whole.partition()),
        tree=() if depth is None else paths(parts.whole.tree(depth)),
        packages=tuple(package for package in whole.packages if package.layer == position),
        unowned=paths(parts.unowned.partition()),
        end_bytes=image.layers[position].profile.end_bytes,
        waste=tuple(waste for waste in whole.waste if waste.layer == position),
    )


class _LayerParts:
    """The sums over the entries of one layer. The others are walked too: their links lead to its packages' files."""

    def __init__(self, image: ImageContents, position: int, top: int) -> None:
        self.files = LargestFiles(top)
        self.whole = FolderSums()
        self.unowned = FolderSums()
        profiles = [layer.profile for layer in image.layers]
        self._owners = Owners(profiles)
        self._folder: str | None = None
        for members in walk(profiles):
            self._follow(members)
            if own := [fated for fated in members if fated[1] == position]:
                self._add(own)

    def _follow(self, members: Sequence[Fated]) -> None:
        for (path, kind, _, _, _, _, target), _, later, _ in members:
            if kind == "symlink" and later is None and "/" not in path:
                self._owners.follow(path, target)

    def _add(self, own: Sequence[Fated]) -> None:
        self.files.add(own)
        counted = [False, False]
        for (path, kind, _, share, _, _, _), layer, _, _ in own:
            folder = path if kind in _INSIDE else path.rpartition("/")[0]
            if folder != self._folder:
                self._folder = folder
                self._owners.enter(folder)
            is_file = kind not in _NO_FILES
            is_owned = is_file and self._owners.owner_of(path, layer) is not None
            for number, sums in enumerate((self.whole, self.unowned)[: 1 if is_owned else 2]):
                found = sums.at(folder)
                found[0] += share
                found[1] += is_file and not counted[number]
                counted[number] |= is_file
