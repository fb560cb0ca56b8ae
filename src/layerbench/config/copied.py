"""Which files of a context a Dockerfile copies: a rough answer, good enough to choose a file to edit.

The rules are simplified: of Moby's `.dockerignore` and of Go's `filepath.Match` only what is common is here,
and of the variables only those whose defaults stand in the Dockerfile.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
_WILDCARD = re.compile(r"\\(?P<escaped>.)|(?P<stars>\*+)/?|(?P<any>\?)|\[(?P<not>\^?)(?P<set>[^\]]+)\]")


@dataclass(frozen=True, slots=True)
class CopiedFiles:
    """What one Dockerfile takes from the context."""

    sources: tuple[_Source, ...]
    ignored: tuple[_IgnoreRule, ...]

    def how(self, path: str) -> Literal["named", "with its folder"] | None:
        """How a file, given by its path relative to the context, is copied; None if it is not."""
        if _is_ignored(path, self.ignored):
            return None
        ways = {source.how(path) for source in self.sources}
        return "named" if "named" in ways else "with its folder" if "with its folder" in ways else None


@dataclass(frozen=True, slots=True)
class _Source:
    """One source of a COPY, ADD or bind mount."""

    pattern: re.Pattern[str] | None
    """None for the whole context."""
    excluded: tuple[re.Pattern[str], ...]

    def how(self, path: str) -> Literal["named", "with its folder"] | None:
        if any(_covers(pattern, path) for pattern in self.excluded):
            return None
        if self.pattern is not None and self.pattern.fullmatch(path):
            return "named"
        return "with its folder" if self.pattern is None or _covers(self.pattern, path) else None


@dataclass(frozen=True, slots=True)
class _IgnoreRule:
    pattern: re.Pattern[str]
    is_exception: bool


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
                patterns = tuple(_compile(_clean(expand(text, values))) for text in excluded)
                for text in _source_texts(instruction):
                    path = _clean(expand(text, values))
                    yield _Source(_compile(path, any_depth=False) if path else None, patterns)
            except UsageError:
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


def _ignore_rules(dockerfile: Path, context: Path) -> tuple[_IgnoreRule, ...]:
    """The rules of the Dockerfile's own `.dockerignore`, which stands in for the context's where there is one."""
    for file in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if file.is_file():
            lines = file.read_bytes().decode("utf-8-sig", errors="replace").splitlines()
            texts = (line.strip() for line in lines if not line.startswith("#"))
            rules = ((text.removeprefix("!").strip(), text.startswith("!")) for text in texts)
            return tuple(_IgnoreRule(_compile(_clean(text)), negated) for text, negated in rules if _clean(text))
    return ()


def _is_ignored(path: str, rules: tuple[_IgnoreRule, ...]) -> bool:
    """Whether `.dockerignore` leaves a file out: the last rule that covers it decides. Approximate."""
    for rule in reversed(rules):
        if _covers(rule.pattern, path):
            return not rule.is_exception
    return False


def _covers(pattern: re.Pattern[str], path: str) -> bool:
    """Whether a pattern matches a file or one of the folders that it is in."""
    parts = path.split("/")
    return any(pattern.fullmatch("/".join(parts[:count])) for count in range(1, len(parts) + 1))


def _compile(pattern: str, *, any_depth: bool = True) -> re.Pattern[str]:
    """A wildcard pattern as a regular expression; `**` crosses folders if `any_depth` is set."""
    parts: list[str] = []
    end = 0
    for match in _WILDCARD.finditer(pattern):
        parts.append(re.escape(pattern[end : match.start()]))
        parts.append(_translate(match, any_depth))
        end = match.end()
    text = "".join([*parts, re.escape(pattern[end:])])
    try:
        return re.compile(text, re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))


def _translate(match: re.Match[str], any_depth: bool) -> str:
    if match["escaped"]:
        return re.escape(match["escaped"])
    if match["set"]:
        return f"[{match['not']}{match['set']}]"
    if match["any"]:
        return "[^/]"
    slash = match[0].endswith("/")
    if any_depth and len(match["stars"]) > 1:
        return "(?:.*/)?" if slash else ".*"
    return "[^/]*/" if slash else "[^/]*"
