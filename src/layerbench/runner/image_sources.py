"""Opening an image wherever it is: a build of a result file, a layout, an archive, the engine, a registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from layerbench.errors import UsageError
from layerbench.image.contents import ImageContents, contents_of
from layerbench.image.models import SavedImage
from layerbench.image.user_cache import user_cache
from layerbench.runner.references import can_be_an_image, looks_like_a_file

# What reads images is loaded where it is needed: an image that is known is told of in less time than that takes.

_STANDARD_INPUT = "-"
_HEAD_BYTES = 512
_PLATFORM = re.compile(r"[a-z0-9_.-]+/[a-z0-9_.-]+(/[a-z0-9_.-]+)?\Z")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_FileKind = Literal["result", "archive", "layout", "other"]


class _Found(NamedTuple):
    """A file or folder that a reference names."""

    path: Path
    kind: _FileKind
    separator: str
    """`:` or `@` where more stands behind the path, else empty."""
    rest: str


def open_image(reference: str, *, platform: str | None, max_bytes: int, note: Callable[[str], None]) -> ImageContents:
    """The image that a person names, with the profile of each of its layers.

    A reference is, in this order: `RESULT.json[:VARIANT[:SCENARIO[:ROUND]]]`, a build of a result file; a folder that
    is an OCI layout, with `:TAG` or `@DIGEST` behind it where it holds several images; an archive of `docker save` or
    an OCI tar, or `-` for one on standard input; a name or an id in the engine; a name in a registry.

    Layers that were read before are known from the user's cache folder.

    Args:
        reference: What the person typed.
        platform: Which platform to take, as `os/architecture[/variant]`; without it, the machine's own or the only one.
        max_bytes: The most that its layers may unpack to, those that are read now, all together.
        note: Told what else a person should know, each time a sentence.

    Raises:
        UsageError: there is no such image.
        EngineError: the engine fails, or the image is damaged.
    """
    if platform is not None and not _PLATFORM.match(platform):
        raise UsageError(f"--platform {platform}: give it as os/architecture, such as linux/arm64")
    found = None if reference == _STANDARD_INPUT else _find_path(reference)
    if found is not None and found.kind == "result":
        from layerbench.runner.result_images import open_build

        return open_build(found.path, found.rest, name=reference, platform=platform)
    if found is None and reference != _STANDARD_INPUT:
        from layerbench.runner.engine_images import read_engine_image

        known = user_cache()
        image = read_engine_image(_image_name(reference), platform, known, max_bytes=max_bytes, note=note)
    else:
        image = _read(found, platform, max_bytes)
    return contents_of(image, reference)


def _read(found: _Found | None, platform: str | None, max_bytes: int) -> SavedImage:
    """The image of a file or folder, or of standard input."""
    from layerbench.image.blobs import ByteBudget
    from layerbench.image.choosing import Wanted
    from layerbench.image.documents import Platform
    from layerbench.image.layout import read_layout
    from layerbench.image.open_file import read_archive_file, read_piped_archive

    known, budget = user_cache(), ByteBudget(max_bytes)
    wanted = Wanted(
        digest=found.rest if found and found.separator == "@" else None,
        name=found.rest if found and found.separator == ":" else None,
        platform=Platform.parse(platform) if platform else None,
        own_platform=Platform.of_machine(),
    )
    if found is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("nothing comes in on standard input: pipe an archive into it, as `docker save` prints it")
        return read_piped_archive(sys.stdin.buffer, known, wanted, source="standard input", budget=budget)
    if found.path.is_dir():
        return read_layout(found.path, known, wanted, budget=budget)
    return read_archive_file(found.path, known, wanted, budget=budget)


def _find_path(reference: str) -> _Found | None:
    """The file or folder that a reference names, with what stands behind it; the longest path counts.

    A file or folder may well have the name of an image by chance: then it has to be what it should be.
    """
    kind = _kind(reference)
    if kind is not None and (kind != "other" or _means_a_path(reference)):
        return _Found(Path(reference), kind, "", "")
    for end in range(len(reference) - 1, 0, -1):
        separator = reference[end]
        if separator not in ":@":
            continue
        kind = _kind(reference[:end])
        if kind is not None and kind != "other" and (separator == ":" or kind == "layout"):
            return _Found(Path(reference[:end]), kind, separator, reference[end + 1 :])
    return None


def _means_a_path(reference: str) -> bool:
    if "/" in reference or looks_like_a_file(reference):
        return True
    return not can_be_an_image(reference) and Path(reference).is_file()


def _kind(text: str) -> _FileKind | None:
    """What a path leads to; None where there is nothing."""
    path = Path(text)
    try:
        if not path.exists():
            return None
        if path.is_dir():
            return "layout" if (path / "index.json").is_file() else "other"
        from layerbench.image.blobs import sniff
        from layerbench.image.random_access import open_regular

        with open_regular(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
            head = file.read(_HEAD_BYTES)
    except UsageError:
        return "other"
    except PermissionError:
        raise UsageError(f"{path} cannot be read: permission denied; give yourself the right to") from None
    except (OSError, ValueError):
        return None
    if head.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1] == b"{":
        return "result"
    return "archive" if sniff(head) in ("gzip", "zstd", "tar") else "other"


def _image_name(reference: str) -> str:
    """The reference, if it can be the name of an image.

    Raises:
        UsageError: it cannot.
    """
    if not can_be_an_image(reference):
        raise UsageError(f"{reference!a} is neither a file, a folder, nor the name of an image: see --help")
    return reference
