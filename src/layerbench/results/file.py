"""Reading and writing result files."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json

from layerbench import __version__
from layerbench.errors import UsageError
from layerbench.results.atomic import write_atomically
from layerbench.results.models import SCHEMA_VERSION, Build, ImageSummary, Result

_MEND = "give a file that `layerbench run -o` wrote"
_NO_BUILDS = b'\n  "builds": [],\n'
_NO_IMAGES = b'\n  "images": [],\n'


def read_result(path: Path) -> Result:
    """Read a result file; `-` reads standard input.

    Raises:
        UsageError: it is not there, is cut short, is no JSON, has another schema version, or a key has a wrong value.
    """
    name = "standard input" if str(path) == "-" else str(path)
    content = _read(path).removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise UsageError(f"{name} is empty: {_MEND}")
    try:
        result = _result_adapter().validate_json(content, strict=True)
    except ValidationError as error:
        raise UsageError(f"{name} {_what_is_wrong(content, error)}") from error
    if result.schema_version != SCHEMA_VERSION:
        raise UsageError(f"{name} {_other_version(result.schema_version, result.tool_version)}")
    return result


def write_result(result: Result, path: Path) -> None:
    """Write a result file in one piece: JSON, two spaces a level, an image a line, keys in the order of the records.

    To write the same growing result again and again, keep a `ResultWriter`.

    Raises:
        LayerbenchError: the file cannot be written; what was there before is untouched.
    """
    ResultWriter(path).write(result)


def result_json(result: Result) -> bytes:
    """The content of a result file."""
    return ResultWriter(Path()).convert(result)


def has_mark_of_result(file: Path) -> bool:
    """Whether a file that cannot be read as a result was meant to be one, such as a newer or a damaged one.

    A file that is no JSON is held for one that was cut short, where the text that is left has the keys.
    """
    try:
        content = file.read_bytes()
    except OSError:
        return True
    if not content.strip():
        return True
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return b'"schema_version"' in content or b'"builds"' in content
    # A baseline has a version as well, and says what kind of file it is.
    return isinstance(found, dict) and ("builds" in found or ("schema_version" in found and "kind" not in found))


class ResultWriter:
    """Writes one growing result again after each build.

    Builds and images that it wrote before are not converted again: with 1,000 builds that is four fifths of the time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._builds = _Converted(lambda build: _dump(_build_adapter(), build).replace(b"\n", b"\n    "))
        # On one line each, for indented they would be most of the file.
        self._images = _Converted(lambda image: _dump(_image_adapter(), image, indent=None))

    def write(self, result: Result) -> None:
        """Replace the file's content by this result.

        Raises:
            LayerbenchError: the file cannot be written; what was there before is untouched.
        """
        write_atomically(self._path, self.convert(result))

    def convert(self, result: Result) -> bytes:
        """The content that `write` writes."""
        frame = _dump(_result_adapter(), dataclasses.replace(result, builds=(), images=())) + b"\n"
        # A raw line break stands in no JSON string, so the keys of the outermost object are found without parsing.
        before, empty_builds, rest = frame.partition(_NO_BUILDS)
        between, empty_images, after = rest.partition(_NO_IMAGES)
        builds = self._builds.catch_up(result.builds)
        images = self._images.catch_up(result.images)
        return b"".join((before, _filled(empty_builds, builds), between, _filled(empty_images, images), after))


class _Converted:
    """The parts of a growing list, each converted once."""

    def __init__(self, convert: Callable[[Any], bytes]) -> None:
        self._convert = convert
        self._records: list[object] = []
        self._converted: list[bytes] = []

    def catch_up(self, records: Sequence[object]) -> Sequence[bytes]:
        """All of them, converted; those that are the same objects as before are not converted again."""
        known = 0
        for old, new in zip(self._records, records, strict=False):
            if old is not new:
                break
            known += 1
        del self._records[known:], self._converted[known:]
        for record in records[known:]:
            self._records.append(record)
            self._converted.append(self._convert(record))
        return self._converted


def _filled(empty: bytes, converted: Sequence[bytes]) -> bytes:
    """An empty list's line with parts in it."""
    if not converted:
        return empty
    return empty.replace(b"[]", b"[\n    " + b",\n    ".join(converted) + b"\n  ]", 1)


def _dump(adapter: TypeAdapter[Any], record: object, indent: int | None = 2) -> bytes:
    try:
        return adapter.dump_json(record, indent=indent)
    except PydanticSerializationError:
        # A path may hold bytes that are no Unicode, which JSON cannot say. They are not worth losing a run for.
        text = json.dumps(adapter.dump_python(record), indent=indent, ensure_ascii=False)
        return text.encode(errors="replace")


@functools.cache
def _result_adapter() -> TypeAdapter[Result]:
    return TypeAdapter(Result)


@functools.cache
def _build_adapter() -> TypeAdapter[Build]:
    return TypeAdapter(Build)


@functools.cache
def _image_adapter() -> TypeAdapter[ImageSummary]:
    return TypeAdapter(ImageSummary)


def _read(path: Path) -> bytes:
    if str(path) == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("nothing comes in on standard input: pipe a result file into it, or name one")
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path} is not there: {_MEND}") from error
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder: give a result file in it") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read {path}: {reason}; {_MEND}") from error


def _what_is_wrong(content: bytes, error: ValidationError) -> str:
    """The rest of a sentence that starts with the file's name."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        return _no_json(str(first["ctx"]["error"]))
    header = _header(content)
    if header is None:
        return f"is JSON, but no result file: {_MEND}"
    version = header.get("schema_version")
    if type(version) is int and version != SCHEMA_VERSION:
        return _other_version(version, header.get("tool_version"))
    if version is None:
        return f"is JSON, but no result file (it has no schema_version): {_MEND}"
    others = error.error_count() - 1
    more = f" ({others} more of that kind)" if others else ""
    return f"is damaged: {_key_path(first['loc'])}: {_reason(first)}{more}; {_MEND}"


def _no_json(reason: str) -> str:
    if reason.startswith("EOF"):
        where = reason.rpartition(" at ")[2]
        return f"is cut short (it ends at {where}): copy it again, or run `layerbench run` again"
    return f"is no JSON ({reason}): {_MEND}"


def _header(content: bytes) -> dict[str, Any] | None:
    try:
        header = from_json(content)
    except ValueError:
        return None
    return header if isinstance(header, dict) else None


def _other_version(version: int, tool_version: object) -> str:
    if version > SCHEMA_VERSION:
        writer = f"layerbench {tool_version}" if isinstance(tool_version, str) else "a newer layerbench"
        return (
            f"has schema version {version}, written by {writer}; this is layerbench {__version__}, which reads version"
            f" {SCHEMA_VERSION}: install the newer one"
        )
    return f"has schema version {version}, which this layerbench ({__version__}) no longer reads: measure again"


def _key_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path or "the whole file"


def _reason(error: Any) -> str:
    match error["type"]:
        case "missing":
            return "this key is missing"
        case "unexpected_keyword_argument":
            return "this key is not known"
    message = str(error["msg"]).removeprefix("Input ")
    found = error["input"]
    if isinstance(found, dict | list):
        return message
    shown = repr(found)
    return f"{message}, not {shown if len(shown) <= 40 else shown[:37] + '...'}"
