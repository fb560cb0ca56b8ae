"""`.dockerignore`: which file holds for a build, what its lines say, and which paths they leave out of the context.

Facts from github.com/moby/patternmatcher/ignorefile, BuildKit's frontend/dockerui and github.com/tonistiigi/fsutil.
The Dockerfile and its ignore file are read by transfers of their own: they can be ignored, and are then in no COPY.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerbench.context.childtests import FolderTest, never
from layerbench.context.gosyntax import BadPatternError, clean_path
from layerbench.context.patterns import GO_SPACES, FolderMatch, Pattern, PatternList, parse_pattern
from layerbench.errors import UsageError

IGNORE_FILE = ".dockerignore"
_LONGEST_LINE_BYTES = 64 * 1024
"""Of Go's `bufio.Scanner`."""
_WILDCARD = re.compile(r"[*\[\]?^\\]")


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One line of an ignore file."""

    line: int
    """From 1."""
    text: str
    """As it stands there, without space around it."""
    is_exception: bool


@dataclass(frozen=True, slots=True)
class FolderRules:
    """What an ignore file says of one folder."""

    is_excluded: bool
    """The folder itself; it is sent all the same where something in it is."""
    is_pruned: bool
    """Nothing in it is looked at."""
    excludes_child: FolderTest
    """Whether the file or folder of a name in it is left out."""
    empties_child: FolderTest | None = None
    """Whether a file is sent, but without its content; None where none is, which is nearly always so."""


class IgnoreRules:
    """The rules of one ignore file; without rules nothing is left out."""

    def __init__(self, rules: Sequence[tuple[IgnoreRule, Pattern]] = (), file: Path | None = None) -> None:
        """Use `read_ignore` or `parse_ignore`."""
        self.rules = tuple(rule for rule, _ in rules)
        self.file = file
        """Where they stand; None where there is no such file."""
        self._patterns = PatternList([pattern for _, pattern in rules])
        self._exceptions = [_without_trailing_star(pattern.text) for _, pattern in rules if pattern.is_exception]
        self._exceptions_can_be_anywhere = any(map(_WILDCARD.search, self._exceptions))
        self._folders: dict[str, FolderRules] = {}

    @property
    def has_exceptions(self) -> bool:
        """Whether a line begins with `!`."""
        return self._patterns.has_exceptions

    def excludes(self, path: str) -> bool:
        """Whether a file or folder is left out of the context.

        A folder of which this is true is sent all the same where an exception holds for something in it.

        Args:
            path: relative to the context, clean, with `/`.
        """
        folder, _, name = path.rpartition("/")
        return self.folder(folder).excludes_child(name)

    def folder(self, path: str) -> FolderRules:
        """What holds for a folder and for the names in it; the empty path is the context itself."""
        found = self._folders.get(path)
        if found is None:
            found = self._folders[path] = self._look(path)
        return found

    def deciding(self, path: str) -> IgnoreRule | None:
        """The line that leaves a path out, or that keeps it; None where no line says anything of it."""
        end = 0
        while (end := path.find("/", end + 1)) > 0:
            if self.folder(path[:end]).is_pruned:
                path = path[:end]
                break
        decided = self._patterns.deciding(path)
        return None if decided is None else self.rules[decided]

    def arrives_empty(self, path: str) -> bool:
        """Whether a file is sent, but without its content.

        BuildKit walks by one reading of the rules (a rule that could not change a folder's result is not tried on it)
        and opens files by another (all rules are tried on all folders above). Where they differ, as for `d/x/f` and
        the lines `d`, `!d/x`, `d`, the file in the build is empty.
        """
        folder, _, name = path.rpartition("/")
        empties = self.folder(folder).empties_child
        return empties is not None and not self.excludes(path) and empties(name)

    def _look(self, path: str) -> FolderRules:
        if not self.rules:
            return _UNTOUCHED
        if not path:
            return FolderRules(False, False, self._patterns.folder("").matches_child)
        parent, _, _ = path.rpartition("/")
        if self.folder(parent).is_pruned:
            return _PRUNED
        match = self._patterns.folder(path)
        if self._is_pruned(path, match):
            return _PRUNED
        empties = None if match.hits == match.all_hits else self._patterns.refuses(path)
        return FolderRules(match.is_matched, False, match.matches_child, empties)

    def _is_pruned(self, path: str, match: FolderMatch) -> bool:
        """Whether the walk of an excluded folder is saved: no exception without wildcards lies in it."""
        if not match.is_matched or self._exceptions_can_be_anywhere:
            return False
        return not any(f"{exception}/".startswith(f"{path}/") for exception in self._exceptions)


def _everything(_name: str) -> bool:
    return True


_PRUNED = FolderRules(True, True, _everything)
_UNTOUCHED = FolderRules(False, False, never)


def _without_trailing_star(pattern: str) -> str:
    return pattern.removesuffix("/**").removesuffix("/*")


ContentOf = Callable[[Path, Path], bytes | None]
"""What BuildKit finds in a file of a folder that is sent: the file, the folder; None where it finds none."""


def ignore_content(file: Path, top: Path) -> bytes | None:
    """What BuildKit finds on the disk; a link is followed as long as it stays in the folder that is sent."""
    try:
        target = file.resolve(strict=True)
        if not target.is_relative_to(top.resolve()):
            return None
        return target.read_bytes()
    except (OSError, RuntimeError):  # a folder, a broken link, a loop: BuildKit goes on without
        return None


def read_ignore(dockerfile: Path, context: Path, content_of: ContentOf = ignore_content) -> IgnoreRules:
    """The rules that hold for a build.

    They are those of `<Dockerfile's name>.dockerignore` beside the Dockerfile, even if that is empty, and only
    without it those of the context's `.dockerignore`.

    Args:
        dockerfile: which need not be in the context.
        context: the folder.
        content_of: what is in a file, where that is not what the disk holds now.

    Raises:
        UsageError: a pattern with which the build would fail.
    """
    own = dockerfile.with_name(f"{dockerfile.name}{IGNORE_FILE}")
    for file, top in ((own, own.parent), (context / IGNORE_FILE, context)):
        content = content_of(file, top)
        if content is not None:
            return parse_ignore(content, file)
    return IgnoreRules()


def read_own_ignore(context: Path, content_of: ContentOf = ignore_content) -> IgnoreRules:
    """The rules of a named context: its own `.dockerignore` counts alone (frontend/dockerui/namedcontext.go).

    Raises:
        UsageError: a pattern in it is wrong.
    """
    file = context / IGNORE_FILE
    content = content_of(file, context)
    return IgnoreRules() if content is None else parse_ignore(content, file)


def parse_ignore(content: bytes, file: Path) -> IgnoreRules:
    """The rules of an ignore file's content.

    Args:
        content: of the file.
        file: for messages.

    Raises:
        UsageError: a pattern with which the build would fail.
    """
    rules = []
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, line in enumerate(lines, 1):
        if len(line) >= _LONGEST_LINE_BYTES:
            raise UsageError(
                f"{file}: line {number} is too long for BuildKit; it reads {_LONGEST_LINE_BYTES} bytes a line"
            )
        text = os.fsdecode(line)
        if text.startswith("#"):
            continue
        text = text.strip(GO_SPACES)
        if text:
            rules.append((number, text))
    return IgnoreRules([(_rule(number, text), _pattern(number, text, file)) for number, text in rules], file)


def _rule(number: int, text: str) -> IgnoreRule:
    return IgnoreRule(number, text, text.startswith("!"))


def _pattern(number: int, text: str, file: Path) -> Pattern:
    is_exception = text.startswith("!")
    path = text.removeprefix("!").strip(GO_SPACES) if is_exception else text
    if not path:
        raise UsageError(f'{file}: line {number} is a single "!", which BuildKit refuses; name what is to be kept')
    path = clean_path(path)
    path = path[1:] if len(path) > 1 and path.startswith("/") else path
    try:
        pattern = parse_pattern(f"!{path}" if is_exception else path)
    except BadPatternError:
        message = f"{file}: line {number}, {text!r}, is refused by BuildKit (syntax error in pattern); mend it"
        raise UsageError(message) from None
    assert pattern is not None  # noqa: S101 (it has more than spaces)
    return pattern
