"""Images of a result file's builds, for who has the builds at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.image.contents import ImageContents
from layerbench.results.models import Build
from layerbench.runner.result_images import open_build

_STANDARD_INPUT = Path("-")


def split_reference(reference: str) -> tuple[Path, str | None]:
    """The file and the variant that `RESULT[:VARIANT]` names; the longest path that is there counts.

    Where none is there, all of it is the path: the error of reading it names what the person typed.
    """
    for end in range(len(reference), 0, -1):
        if end < len(reference) and reference[end] != ":":
            continue
        if reference[:end] == str(_STANDARD_INPUT) or _is_there(reference[:end]):
            return Path(reference[:end]), reference[end + 1 :] if end < len(reference) else None
    return Path(reference), None


def image_opener(path: Path) -> Callable[[Build], ImageContents]:
    """Opens the image of a build of a result file, from the side file beside it.

    What it returns raises a UsageError where the side file is missing or damaged.
    """

    def open_image(build: Build) -> ImageContents:
        if path == _STANDARD_INPUT:
            raise UsageError("a result on standard input has no side file beside it")
        selection = f"{build.variant}:{build.scenario}:{build.round}"
        return open_build(path, selection, name=f"{path}:{selection}")

    return open_image


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
