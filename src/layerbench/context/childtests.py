"""Tests of the names in one folder, so that a hundred thousand paths are matched against fifty patterns in no time.

Most patterns say something of a name alone (`**/*.pyc`), or of names in one folder (`docs/*.md`). Of all patterns, what
they say of a folder's children is put together once: a set of names, ends, beginnings, and one regular expression for
the rest. Which tests two folders share, they share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from layerbench.context.gosyntax import Piece

FolderTest = Callable[[str], bool]
"""Whether a name in the folder is matched."""
_STAR = "[^/]*"


@dataclass(frozen=True, slots=True)
class NameCondition:
    """What a name must be; exactly one is set."""

    literal: str | None = None
    start: str | None = None
    end: str | None = None
    regexp: str | None = None


@dataclass(frozen=True, slots=True)
class PatternShape:
    """What a pattern says of the names in a folder."""

    name: NameCondition | None = None
    """Of a name; in any folder, unless `folder` or `folder_regexp` is set."""
    folder: str | None = None
    """The only folder that the name can be in."""
    folder_regexp: re.Pattern[str] | None = None
    folder_slashes: int = 0
    """How many slashes a path has that `folder_regexp` matches."""
    below: str | None = None
    """Everything below a folder whose path, with a slash at its end, starts so."""
    path_regexp: str | None = None
    """For whatever is none of these: of the whole path."""
    path_start: str = ""
    """What a path that `path_regexp` matches begins with; empty, or with a slash at its end."""


def shape_of(text: str, match_type: str, pieces: Sequence[Piece]) -> PatternShape:
    """The shape of a pattern.

    Args:
        text: of the pattern, cleaned.
        match_type: as Moby takes it.
        pieces: of its regular expression, the anchors of start and end included.
    """
    if match_type == "exact":
        folder, name = _split(text)
        return PatternShape(NameCondition(literal=name), folder=folder)
    if match_type == "prefix":
        folder, start = _split(text[:-2])
        return PatternShape(NameCondition(start=start) if start else None, folder=folder, below=text[:-2])
    if match_type == "suffix":
        return _suffix_shape(text[2:])
    return _regexp_shape(list(pieces[1:-1]))


def _split(path: str) -> tuple[str, str]:
    """Folder and name; `/`, which no folder is called, as the folder of `/name`, which no path is."""
    folder, slash, name = path.rpartition("/")
    return folder or slash, name


def _suffix_shape(end: str) -> PatternShape:
    if "/" not in end:
        return PatternShape(NameCondition(end=end))
    if end.rindex("/") == 0:
        return PatternShape(NameCondition(literal=end[1:]))
    before = r"(?:[\s\S]*/)?" if end.startswith("/") else r"[\s\S]*"
    return PatternShape(path_regexp=before + re.escape(end.removeprefix("/")))


def _regexp_shape(pieces: list[Piece]) -> PatternShape:
    whole = "".join(piece.text for piece in pieces)
    is_anywhere = bool(pieces) and pieces[0].text == "(.*/)?"
    rest = pieces[1:] if is_anywhere else pieces
    if any(piece.is_opaque for piece in rest):
        return PatternShape(path_regexp=whole, path_start=_literal_start(pieces))
    slashes = [at for at, piece in enumerate(rest) if piece.literal == "/"]
    if not slashes:
        return PatternShape(_name_condition(rest), folder=None if is_anywhere else "")
    if is_anywhere:
        return PatternShape(path_regexp=whole)
    folder, name = rest[: slashes[-1]], _name_condition(rest[slashes[-1] + 1 :])
    if all(piece.literal for piece in folder):
        return PatternShape(name, folder=_joined(folder) or "/")
    regexp = re.compile("".join(piece.text for piece in folder), re.ASCII)
    return PatternShape(name, folder_regexp=regexp, folder_slashes=len(slashes) - 1)


def _literal_start(pieces: Sequence[Piece]) -> str:
    start = ""
    for piece in pieces:
        if piece.literal is None:
            break
        start += piece.literal
    return start[: start.rfind("/") + 1]


def _name_condition(pieces: Sequence[Piece]) -> NameCondition:
    if all(piece.literal for piece in pieces):
        return NameCondition(literal=_joined(pieces))
    if pieces[0].text == _STAR and all(piece.literal for piece in pieces[1:]):
        return NameCondition(end=_joined(pieces[1:]))
    if pieces[-1].text == _STAR and all(piece.literal for piece in pieces[:-1]):
        return NameCondition(start=_joined(pieces[:-1]))
    return NameCondition(regexp="".join(piece.text for piece in pieces))


def _joined(pieces: Sequence[Piece]) -> str:
    return "".join(piece.literal or "" for piece in pieces)


@dataclass(frozen=True, slots=True)
class ShapedPattern:
    """A pattern as far as the tests need it."""

    is_exception: bool
    shape: PatternShape
    matches: FolderTest
    """Whether it matches a whole path."""


@dataclass(slots=True)
class _Group:
    """Patterns that follow each other and are all exceptions, or all none: whether any matches is all that counts."""

    is_exception: bool
    bits: int = 0
    anywhere: tuple[NameCondition, ...] = ()
    in_folder: dict[str, list[NameCondition]] = field(default_factory=dict)
    in_folders: dict[int, list[tuple[re.Pattern[str], NameCondition]]] = field(default_factory=dict)
    """By the number of slashes in the folder's path."""
    below: tuple[str, ...] = ()
    by_path: list[tuple[str, str]] = field(default_factory=list)
    whole_paths: list[FolderTest] = field(default_factory=list)

    def add(self, position: int, pattern: ShapedPattern) -> None:
        """Sort one more pattern in."""
        shape = pattern.shape
        self.bits |= 1 << position
        self.whole_paths.append(pattern.matches)
        if shape.below is not None:
            self.below = (*self.below, shape.below)
        if shape.path_regexp is not None:
            self.by_path.append((shape.path_start, shape.path_regexp))
        elif shape.name is not None and shape.folder is not None:
            self.in_folder.setdefault(shape.folder, []).append(shape.name)
        elif shape.name is not None and shape.folder_regexp is not None:
            self.in_folders.setdefault(shape.folder_slashes, []).append((shape.folder_regexp, shape.name))
        elif shape.name is not None:
            self.anywhere = (*self.anywhere, shape.name)

    def in_this(self, path: str, path_with_slash: str) -> _Said:
        """What the patterns say of the names in one folder."""
        names = self.in_folder.get(path, ())
        if self.in_folders and (those := self.in_folders.get(path.count("/"))):
            names = [*names, *(name for folder, name in those if folder.fullmatch(path))]
        by_path = (
            [regexp for start, regexp in self.by_path if path_with_slash.startswith(start)] if self.by_path else ()
        )
        return (self.bits, tuple(names), tuple(by_path))


_Said = tuple[int, tuple[NameCondition, ...], tuple[str, ...]]
"""Of a group in a folder: which group, conditions beside those that hold anywhere, regular expressions of paths."""
_Step = tuple[bool, list[_Said] | None]
"""Whether it is one of exceptions, and what is said; None for whatever the name is."""


class ChildTests:
    """Makes the test of each folder from a list of patterns."""

    def __init__(self, patterns: Sequence[ShapedPattern]) -> None:
        self._groups: list[_Group] = []
        for position, pattern in enumerate(patterns):
            if not self._groups or self._groups[-1].is_exception is not pattern.is_exception:
                self._groups.append(_Group(pattern.is_exception))
            self._groups[-1].add(position, pattern)
        self._anywhere = {group.bits: group.anywhere for group in self._groups}
        self._made: dict[tuple[_Said, ...], tuple[FolderTest, Callable[[str], object] | None]] = {}

    def of_folder(self, path: str, hits: int) -> FolderTest:
        """The test of the names in a folder.

        Args:
            path: of the folder, empty for the top.
            hits: a bit for each pattern that matches the folder or one above; those match all in it.
        """
        if "\n" in path:
            return self._of_odd_folder(path, hits)
        path_with_slash = f"{path}/" if path else ""
        steps: list[_Step] = []
        for group in self._groups:
            if hits & group.bits or path_with_slash.startswith(group.below):
                # Whatever was before, this decides; an exception can only take back.
                steps = [] if group.is_exception else [(False, None)]
                continue
            said = group.in_this(path, path_with_slash)
            if not (group.anywhere or said[1] or said[2]) or not (steps or not group.is_exception):
                continue
            if not steps or steps[-1][0] is not group.is_exception:
                steps.append((group.is_exception, [said]))
            elif (together := steps[-1][1]) is not None:
                together.append(said)
        return _in_turn([(is_exception, self._test(said, path_with_slash)) for is_exception, said in steps])

    def any_in_folder(self, path: str) -> FolderTest:
        """Whether any pattern at all, exception or none, matches a name in a folder."""
        path_with_slash = f"{path}/" if path else ""
        if "\n" in path or any(path_with_slash.startswith(group.below) for group in self._groups):
            return _always
        return self._test([group.in_this(path, path_with_slash) for group in self._groups], path_with_slash)

    def _of_odd_folder(self, path: str, hits: int) -> FolderTest:
        """Of a folder with a newline, which the `.` of Go's regular expressions does not match; it may be slow."""

        def any_of(group: _Group) -> FolderTest:
            return lambda name: any(matches(f"{path}/{name}") for matches in group.whole_paths)

        return _in_turn(
            [(group.is_exception, _always if hits & group.bits else any_of(group)) for group in self._groups]
        )

    def _test(self, said: list[_Said] | None, path_with_slash: str) -> FolderTest:
        if said is None:
            return _always
        key = tuple(said)
        made = self._made.get(key)
        if made is None:
            names = [name for bits, names, _ in said for name in (*self._anywhere[bits], *names)]
            regexps = [regexp for _, _, by_path in said for regexp in by_path]
            made = self._made[key] = _name_test(names), _any_of(regexps) if regexps else None
        test, found = made
        return test if found is None else _with_path_test(test, path_with_slash, found)


def _always(_name: str) -> bool:
    return True


def never(_name: str) -> bool:
    """The test of a folder that no pattern says anything of."""
    return False


def _any_of(regexps: Sequence[str]) -> Callable[[str], object]:
    return re.compile("|".join(f"(?:{regexp})" for regexp in regexps), re.ASCII).fullmatch


def _with_path_test(test: FolderTest, path_with_slash: str, found: Callable[[str], object]) -> FolderTest:
    if test is never:
        return lambda name: found(path_with_slash + name) is not None
    return lambda name: test(name) or found(path_with_slash + name) is not None


def _name_test(conditions: Sequence[NameCondition]) -> FolderTest:
    """One test for all conditions."""
    literals = frozenset(condition.literal for condition in conditions if condition.literal is not None)
    starts = tuple(condition.start for condition in conditions if condition.start is not None)
    ends = tuple(condition.end for condition in conditions if condition.end is not None)
    regexps = [condition.regexp for condition in conditions if condition.regexp is not None]
    if "" in starts or "" in ends:
        return _always
    if regexps:
        found = _any_of(regexps)
        return lambda name: (
            name in literals or name.endswith(ends) or name.startswith(starts) or found(name) is not None
        )
    if starts or ends:
        return lambda name: name in literals or name.endswith(ends) or name.startswith(starts)
    return literals.__contains__ if literals else never


def _in_turn(steps: Sequence[tuple[bool, FolderTest]]) -> FolderTest:
    if not steps:
        return never
    if len(steps) == 1 and not steps[0][0]:
        return steps[0][1]

    def test(name: str) -> bool:
        is_matched = False
        for is_exception, matches in steps:
            if is_matched is is_exception and matches(name):
                is_matched = not is_matched
        return is_matched

    return test
