"""What is found in an image, and between two.

`uncompressed_bytes` of anything is its share of the layers' tars, headers and padding included, so that shares add up
to the whole. A layer is named by its position, from 0, the base's first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layerbench.image.contents import ImageContents as ImageContents
from layerbench.image.contents import ImageLayer as ImageLayer
from layerbench.image.profile import Ecosystem

WasteKind = Literal[
    "overwritten",
    "deleted",
    "pycache-twice",
    "apt-lists",
    "apt-archives",
    "apk-cache",
    "rpm-cache",
    "pip-cache",
    "npm-cache",
    "yarn-cache",
    "uv-cache",
    "poetry-cache",
    "build-tools",
    "headers",
    "git",
    "venv-installer",
    "tests",
    "docs",
    "duplicate",
]


@dataclass(frozen=True, slots=True)
class LayerAnatomy:
    """One layer against those below it. Folders are not counted as files; links are."""

    position: int
    instruction: str
    digest: str | None
    diff_id: str
    compressed_bytes: int
    uncompressed_bytes: int
    files_added: int
    """Paths that were no files in the layers below."""
    files_changed: int
    """Paths that were."""
    files_removed: int
    """Files of the layers below that its whiteouts take away, or a folder in their place."""


@dataclass(frozen=True, slots=True)
class PathBytes:
    """A file, or a folder with all that is below it, in the layers of the whole image."""

    path: str
    uncompressed_bytes: int
    files: int
    """Files in it; 1 for a file."""
    layers: tuple[int, ...]
    """Where it has bytes."""


@dataclass(frozen=True, slots=True)
class PackageBytes:
    """A package with the bytes of the files that it owns in one layer."""

    ecosystem: Ecosystem
    name: str
    version: str
    location: str
    """See `layerbench.image.profile.Package`."""
    environment: str | None
    """Root of the virtual environment that a Python package is in; None outside of one."""
    uncompressed_bytes: int
    files: int
    layer: int


@dataclass(frozen=True, slots=True)
class Waste:
    """Bytes that the image could do without. No byte is in two of them."""

    kind: WasteKind
    uncompressed_bytes: int
    layer: int
    """Where the bytes are."""
    instruction: str
    """Of that layer."""
    later_layer: int | None
    """Which layer wrote the files again or deleted them; None for other kinds."""
    later_instruction: str | None
    paths: tuple[str, ...]
    """The largest ones, or the folder that holds them all."""
    files: int
    optional: bool
    """Whether it is a matter of taste, such as tests and docs of packages."""
    mend: str
    """One line: what to change, without a line break."""


@dataclass(frozen=True, slots=True)
class DiveFigures:
    """The figures of dive's CI mode, by its own definitions (see `layerbench.analysis.anatomy.dive`)."""

    efficiency: float
    """0 to 1."""
    wasted_bytes: int
    user_wasted_ratio: float
    """Wasted bytes to the bytes of all layers but the first, 0 to 1 and above."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """An image, looked into. Lists are sorted, the most bytes first, except for the layers."""

    image: ImageContents
    layers: tuple[LayerAnatomy, ...]
    files: tuple[PathBytes, ...]
    """The largest ones."""
    folders: tuple[PathBytes, ...]
    """A partition of the whole by folder: no two of them overlap, and they add up to the image with `end_bytes`. A row
    holds what is below its folder and in no row further down; see `layerbench.analysis.anatomy.folders`."""
    tree: tuple[PathBytes, ...]
    """All folders down to the depth that was asked for, in tree order; the root first, as "". Files do not appear."""
    packages: tuple[PackageBytes, ...]
    unowned: tuple[PathBytes, ...]
    """What belongs to no package, as a partition by folder."""
    end_bytes: int
    """What no entry of the layers' tars takes: end-of-archive blocks."""
    waste: tuple[Waste, ...]
    dive: DiveFigures
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayerDelta:
    """A layer of one image beside its counterpart in the other."""

    instruction: str
    """Of the second image's, or else the first's."""
    instruction_before: str | None
    """Where it differs from `instruction`."""
    position_before: int | None
    """None where only the second image has it."""
    position_after: int | None
    """None where only the first image has it."""
    compressed_bytes_delta: int
    uncompressed_bytes_delta: int
    is_same: bool
    """Whether both are the same content."""


@dataclass(frozen=True, slots=True)
class PackageDelta:
    """A package that differs; of two versions of one package in one place one entry."""

    ecosystem: Ecosystem
    name: str
    location: str
    before: str | None
    """Version in the first image; None where it has none. Several are joined by ", "."""
    after: str | None
    uncompressed_bytes_delta: int
    location_before: str | None = None
    """Where the first image has it, if that is another place."""


@dataclass(frozen=True, slots=True)
class PathDelta:
    """A file or a folder that differs."""

    path: str
    change: Literal["added", "removed", "changed"]
    """Of a folder `added` and `removed` where only one image has bytes of it."""
    uncompressed_bytes_delta: int
    package: str | None
    """Name of the package that it belongs to; None for folders."""


@dataclass(frozen=True, slots=True)
class ImageDiff:
    """What the second image has more (positive) or less than the first; the largest differences first.

    Three partitions of the same difference: by layer; by package with what belongs to none by folder (`packages` and
    `unowned`); by folder. Each adds up to `uncompressed_bytes_delta` with `end_bytes_delta`.
    """

    before: ImageContents
    after: ImageContents
    compressed_bytes_delta: int | None
    """None where the two sides' compressed bytes do not mean the same."""
    uncompressed_bytes_delta: int
    end_bytes_delta: int
    """What the ends of the layers' tars make of it."""
    unattributed_bytes: int
    """What no part explains; anything but 0 is a bug."""
    layers: tuple[LayerDelta, ...]
    """In the order of the second image, layers that only the first has where they were."""
    packages: tuple[PackageDelta, ...]
    unowned: tuple[PathDelta, ...]
    """What belongs to no package, as a partition by folder."""
    folders: tuple[PathDelta, ...]
    """The whole, as a partition by folder."""
    files: tuple[PathDelta, ...]
    """Every file that differs in bytes or content, also by 0 bytes. Of more than 100,000 the largest differences; a
    note says how many are left out."""
    unchanged_layers: int
    unchanged_uncompressed_bytes: int
    """Bytes of all layers that both have."""
    notes: tuple[str, ...]
