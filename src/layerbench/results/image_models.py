"""The result file's records of what is in the images of a run, in summary form.

Every file of every layer stands in the side file (`layerbench.results.side_file`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from layerbench.results.record import FILE_RECORD


@dataclass(frozen=True, slots=True)
class PackageSummary:
    """A package with the bytes of the files that it owns in one layer."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    ecosystem: str
    """`debian`, `alpine`, `rpm`, `python` or `node`."""
    name: str
    version: str
    uncompressed_bytes: int


@dataclass(frozen=True, slots=True)
class LayerPackages:
    """Packages with files in one layer."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    count: int = 0
    uncompressed_bytes: int = 0
    """Of all of them."""
    largest: tuple[PackageSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class FileSummary:
    """A file in one layer."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    path: str
    """Without a slash in front; bytes that are no UTF-8 are replaced."""
    uncompressed_bytes: int
    """Its share of the layer's tar: headers, content and padding."""


@dataclass(frozen=True, slots=True)
class LayerFiles:
    """What one layer does to the files below it; folders are not counted."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    added: int = 0
    changed: int = 0
    removed: int = 0
    largest: tuple[FileSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """What is in one layer of an image. Its bytes stand with the builds that have it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    diff_id: str
    instruction: str
    """As the image's history tells it; empty where it does not."""
    packages: LayerPackages = LayerPackages()
    files: LayerFiles = LayerFiles()


@dataclass(frozen=True, slots=True)
class WasteSummary:
    """Bytes that an image could do without. No byte is in two of them."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    kind: str
    """Such as `deleted`, `apt-lists` or `pip-cache`."""
    uncompressed_bytes: int
    layer: int
    """Position in `layers` of the layer that has the bytes."""
    instruction: str
    """Of that layer, its beginning."""
    optional: bool
    """Whether it is a matter of taste, such as tests and docs of packages."""


@dataclass(frozen=True, slots=True)
class DiveSummary:
    """The figures of dive's CI mode, by its own definitions."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    efficiency: float
    """0 to 1."""
    wasted_bytes: int
    user_wasted_ratio: float
    """Wasted bytes to the bytes of all layers but the first."""


@dataclass(frozen=True, slots=True)
class ImageSummary:
    """What is in one image of the run; builds that made the same image share it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    config_digest: str
    manifest_digest: str | None
    platform: str | None
    layers: tuple[LayerSummary, ...]
    """The base's first, as in the builds."""
    waste: tuple[WasteSummary, ...] = ()
    """The largest ones."""
    dive: DiveSummary | None = None
