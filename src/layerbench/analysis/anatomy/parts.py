"""An image as a tree: layer, package or folder, file; each file with the waste that it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from layerbench.analysis.anatomy.models import ImageContents, Waste, WasteKind
from layerbench.analysis.anatomy.owners import Owner, Owners
from layerbench.analysis.anatomy.walk import Fated, walk
from layerbench.analysis.anatomy.waste.collector import ENVIRONMENT_FILE, WasteCollector
from layerbench.analysis.anatomy.waste.rules import OPTIONAL
from layerbench.analysis.anatomy.waste.sums import WasteSum
from layerbench.image.profile import EntryRow

_REMOVERS = frozenset({"whiteout", "opaque"})
_FOLDER_DEPTH = 2
"""What belongs to no package is put together by so many levels of folders: `usr/lib`."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in one layer."""

    path: str
    uncompressed_bytes: int
    waste: WasteKind | None
    """Why the image could do without it."""

    @property
    def is_optional(self) -> bool:
        """Whether its waste is a matter of taste."""
        return self.waste in OPTIONAL


@dataclass(frozen=True, slots=True)
class GroupPart:
    """A package, or a folder of what belongs to none, in one layer."""

    name: str
    """Name and version, or the folder's path; "" for the root."""
    ecosystem: str | None
    """None for a folder."""
    files: tuple[FilePart, ...]
    """The largest first; folders' own entries are among them."""

    @property
    def uncompressed_bytes(self) -> int:
        """Of all of its files."""
        return sum(file.uncompressed_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class LayerPart:
    """A layer. Its groups add up to its bytes, but for the end of its tar."""

    position: int
    instruction: str
    uncompressed_bytes: int
    groups: tuple[GroupPart, ...]
    """The largest first."""


@dataclass(frozen=True, slots=True)
class ImageParts:
    """An image, sorted."""

    layers: tuple[LayerPart, ...]
    """The base's first."""
    waste: tuple[Waste, ...]
    """The same as `Anatomy.waste`."""


def image_parts(image: ImageContents) -> ImageParts:
    """Every file of an image at its place."""
    profiles = [layer.profile for layer in image.layers]
    sorting = _Sorting(Owners(profiles), image)
    sorting.add_all(walk(profiles))
    return sorting.finish()


@dataclass(slots=True)
class _PathSum(WasteSum):
    """Waste that knows which paths it is made of."""

    all_paths: list[str] = field(default_factory=list)

    def add(self, row: EntryRow, successor: EntryRow | None = None) -> None:
        WasteSum.add(self, row, successor)
        self.all_paths.append(row[0])

    def include(self, other: WasteSum) -> None:
        WasteSum.include(self, other)
        if isinstance(other, _PathSum):
            self.all_paths += other.all_paths


class _Sorting:
    def __init__(self, owners: Owners, image: ImageContents) -> None:
        self._owners = owners
        self._image = image
        self._waste = WasteCollector(owners.packages, _PathSum)
        # By layer: each file's path and bytes with the package or the folder that it belongs to.
        self._found: list[dict[int | str, list[tuple[str, int]]]] = [{} for _ in image.layers]
        self._folder: str | None = None

    def add_all(self, paths: Iterable[Sequence[Fated]]) -> None:
        for members in paths:
            for fated in members:
                self._add(fated)

    def _add(self, fated: Fated) -> None:
        row, layer, later, successor = fated
        path, kind, _, share, _, _, target = row
        is_inside = kind in ("folder", "opaque")
        folder = path if is_inside else path.rpartition("/")[0]
        if folder != self._folder:
            self._folder = folder
            self._owners.enter(folder)
            self._waste.enter(folder)
        is_file = not is_inside and kind != "whiteout"
        owner = self._owners.owner_of(path, layer) if is_file else None
        if later is not None:
            self._waste.add_lost(row, layer, later, successor)
        elif kind not in _REMOVERS:
            self._waste.add(row, layer, owner)
            if kind == "symlink" and "/" not in path:
                self._owners.follow(path, target)
            if path.endswith(ENVIRONMENT_FILE):
                self._waste.add_environment_file(path)
        group: int | str = owner if owner is not None else "/".join(folder.split("/", _FOLDER_DEPTH)[:_FOLDER_DEPTH])
        self._found[layer].setdefault(group, []).append((path, share))

    def finish(self) -> ImageParts:
        waste = self._waste_by_path()
        layers = tuple(
            LayerPart(
                position,
                layer.instruction,
                layer.uncompressed_bytes,
                tuple(
                    sorted(
                        (self._group(key, files, position, waste) for key, files in self._found[position].items()),
                        key=lambda one: (-one.uncompressed_bytes, one.name),
                    )
                ),
            )
            for position, layer in enumerate(self._image.layers)
        )
        return ImageParts(layers, self._waste.finish(self._image.layers))

    def _waste_by_path(self) -> dict[tuple[int, str], WasteKind]:
        return {
            (layer, path): kind
            for (kind, layer, _), total in self._waste.sums().items()
            if isinstance(total, _PathSum)
            for path in total.all_paths
        }

    def _group(
        self,
        key: int | str,
        files: Sequence[tuple[str, int]],
        layer: int,
        waste: dict[tuple[int, str], WasteKind],
    ) -> GroupPart:
        owner: Owner | None = self._owners.packages[key] if isinstance(key, int) else None
        name = f"{owner.name} {owner.version}".rstrip() if owner else str(key)
        parts = [FilePart(path, share, waste.get((layer, path))) for path, share in files]
        parts.sort(key=lambda one: (-one.uncompressed_bytes, one.path))
        return GroupPart(name, owner.ecosystem if owner else None, tuple(parts))
