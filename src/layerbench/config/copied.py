"""Which files of a context a Dockerfile copies: a rough answer, good enough to choose a file to edit.

Ignore files and patterns are read as BuildKit does; links are not followed, and of the variables only those are known
whose defaults stand in the Dockerfile.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from layerbench.context.gosyntax import BadPatternError, compile_match, has_wildcards
from layerbench.context.ignore import IgnoreRules, read_ignore
from layerbench.context.patterns import PatternList, parse_patterns
from layerbench.errors import UsageError
from layerbench.expansion import expand
from layerbench.instructions import Dockerfile, Instruction, arguments_of, mounts_of

_MOST_FILES = 20_000
_VENDOR_FOLDERS = frozenset(
    {
        "node_modules", "bower_components", "vendor", "third_party", "site-packages", "venv", "__pycache__",
        "build", "dist", "out", "obj", "target", "coverage",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CopiedFiles:
    """What one Dockerfile takes from the context."""

    sources: tuple[_Source, ...]
    ignored: IgnoreRules

    def how(self, path: str) -> Literal["named", "with its folder"] | None:
        """How a file, given by its path relative to the context, is copied; None if it is not."""
        if self.ignored.excludes(path):
            return None
        ways = {source.how(path) for source in self.sources}
        return "named" if "named" in ways else "with its folder" if "with its folder" in ways else None


@dataclass(frozen=True, slots=True)
class _Source:
    """One source of a COPY, ADD or bind mount."""

    pattern: re.Pattern[str] | None
    """None for the whole context."""
    excluded: PatternList

    def how(self, path: str) -> Literal["named", "with its folder"] | None:
        parts = path.split("/")
        for count in range(1 if self.pattern else 0, len(parts) + 1):
            if self.pattern is None or self.pattern.fullmatch("/".join(parts[:count])):
                inner = "/".join(parts[count:])
                if self.excluded.matches(inner):
                    return None
                return "with its folder" if inner else "named"
        return None


def copied_files(dockerfile: Dockerfile, path: Path, context: Path) -> CopiedFiles:
    """What a build of the last stage takes from the context.

    Args:
        dockerfile: as parsed.
        path: where it is, for the `.dockerignore` of its own.
        context: the folder.
    """
    return CopiedFiles(tuple(_sources(dockerfile)), _ignore_rules(path, context))


def context_files(context: Path) -> list[str]:
    """Paths of the regular files in a context, relative to it, those nearest to the top first.

    Hidden folders, installed packages, build results and symbolic links are left out, and so is what comes after
    the first 20,000 files.
    """
    files: list[str] = []
    folders = [""]
    for folder in folders:
        for entry in _entries(context / folder):
            path = f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if not _is_passed_over(entry):
                    folders.append(f"{path}/")
            elif entry.is_file(follow_symlinks=False) and path.isprintable():
                files.append(path)
                if len(files) == _MOST_FILES:
                    return files
    return files


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []  # what cannot be listed cannot be built from either; the build will say so


def _is_passed_over(entry: os.DirEntry[str]) -> bool:
    is_vendor = entry.name.startswith(".") or entry.name in _VENDOR_FOLDERS
    return is_vendor or (Path(entry.path) / "pyvenv.cfg").exists()


def _sources(dockerfile: Dockerfile) -> Iterator[_Source]:
    global_values = dockerfile.from_arguments({})
    for stage in dockerfile.needed_stages(None):
        values: dict[str, str] = {}
        for instruction in stage.instructions:
            try:
                _assign(instruction, values, global_values)
                excluded = [flag.partition("=")[2] for flag in instruction.flags if flag.startswith("--exclude=")]
                patterns = PatternList(parse_patterns([expand(text, values) for text in excluded]))
                for text in _source_texts(instruction):
                    path = _clean(expand(text, values))
                    yield _Source(_compile(path) if path else None, patterns)
            except (UsageError, BadPatternError):
                continue  # the build itself will refuse it


def _assign(instruction: Instruction, values: dict[str, str], global_values: Mapping[str, str]) -> None:
    if instruction.keyword == "ENV":
        pairs = zip(instruction.value[::2], instruction.value[1::2], strict=False)
        values.update([(name, expand(value, values)) for name, value in pairs])
    elif instruction.keyword == "ARG":
        for name, default in arguments_of(instruction):
            if default is not None:
                values[name] = expand(default, values)
            elif name in global_values:
                values[name] = global_values[name]


def _source_texts(instruction: Instruction) -> Iterator[str]:
    if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None:
        for text in instruction.value[:-1]:
            if not text.startswith("<<") and "://" not in text and not text.startswith("git@"):
                yield text
    for mount in mounts_of(instruction):
        if mount.get("type", "bind") == "bind" and not mount.get("from"):
            yield mount.get("source") or mount.get("src") or "."


def _clean(path: str) -> str:
    """A path as it is below the context: `./a/`, `/a` and `a` are one, `.` and `/` are empty."""
    return posixpath.normpath(f"/{path.lstrip('/')}").strip("/")


def _compile(path: str) -> re.Pattern[str]:
    return compile_match(path) if has_wildcards(path) else re.compile(re.escape(path))


def _ignore_rules(dockerfile: Path, context: Path) -> IgnoreRules:
    """The ignore file's rules; none where a build would refuse them, and say so itself."""
    try:
        return read_ignore(dockerfile, context)
    except UsageError:
        return IgnoreRules()
