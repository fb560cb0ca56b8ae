"""An OCI layout: a folder with `index.json` and a file a blob (OCI image-spec, image-layout.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import fstat
from pathlib import Path
from stat import S_ISREG

from layerbench.errors import EngineError
from layerbench.image.blobs import ByteBudget
from layerbench.image.choosing import Wanted, choose_image
from layerbench.image.models import BlobInfoCache, SavedImage
from layerbench.image.random_access import OpenedMembers, Slice, open_regular

_INDEX = "index.json"


def is_layout(folder: Path) -> bool:
    """Whether a folder looks like an OCI layout."""
    return (folder / _INDEX).is_file()


def read_layout(folder: Path, known: BlobInfoCache, wanted: Wanted, *, budget: ByteBudget | None = None) -> SavedImage:
    """Read one image of an OCI layout; of its layers only those that are not in `known`.

    Args:
        folder: The layout.
        known: What earlier images taught; what this one teaches is added.
        wanted: Which image to take.
        budget: Bounds what the layers unpack to.

    Raises:
        EngineError: it is no layout, a blob is missing or damaged, or no single image answers the question.
    """
    if not is_layout(folder):
        raise EngineError(f"the folder {folder} is no OCI layout: it has no {_INDEX}")
    return choose_image(OpenedMembers(_Folder(folder), known, budget), wanted, is_classic_store=False)


class _Folder:
    """The files of a layout. Paths are `index.json` and those made from digests, which the documents' reader checks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.source = f"the layout {folder}"

    def size_bytes(self, path: str) -> int | None:
        """Length of a plain file."""
        try:
            status = (self._folder / path).stat()
        except OSError:
            return None
        return status.st_size if S_ISREG(status.st_mode) else None

    @contextmanager
    def open(self, path: str) -> Iterator[Slice]:
        """One file."""
        with open_regular(self._folder / path) as descriptor:
            yield Slice(descriptor, 0, fstat(descriptor).st_size)
