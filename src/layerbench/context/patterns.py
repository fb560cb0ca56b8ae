"""Moby's pattern matcher: the patterns of `.dockerignore`, and of `COPY --exclude` and `--parents`.

What counts are the results of `MatchesUsingParentResults`, by which BuildKit walks: a folder's result for each pattern
holds for all below it, and a pattern that could not change a folder's result is not tried on it. Facts from
github.com/moby/patternmatcher.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from layerbench.context.childtests import ChildTests, FolderTest, PatternShape, ShapedPattern, shape_of
from layerbench.context.gosyntax import BadPatternError, Piece, clean_path, compile_match, translate_regexp

GO_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What Go trims as white space."""
MatchType = Literal["exact", "prefix", "suffix", "regexp"]
_ESCAPED = frozenset(".+()|{}$")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern, ready to be matched."""

    text: str
    """Cleaned, without the `!`."""
    is_exception: bool
    match_type: MatchType
    regexp: str | None
    """Of type `regexp`: its text in Go's syntax."""
    matches: Callable[[str], bool]
    """Whether it matches this very path, whatever its folders."""
    shape: PatternShape


def parse_pattern(text: str) -> Pattern | None:
    """Make a pattern of its text; None for white space.

    Raises:
        BadPatternError: where BuildKit refuses it, at once or when it first uses it.
    """
    text = text.strip(GO_SPACES)
    if not text:
        return None
    text = clean_path(text)
    is_exception = text.startswith("!")
    if text == "!":
        raise BadPatternError(text)
    text = text[is_exception:]
    compile_match(text)  # only to see whether it is well-formed, as Moby does
    match_type, go_text = _compile(text)
    pieces = translate_regexp(go_text) if match_type == "regexp" else []
    return Pattern(
        text,
        is_exception,
        match_type,
        go_text if match_type == "regexp" else None,
        _test(text, match_type, pieces),
        shape_of(text, match_type, pieces),
    )


def parse_patterns(texts: Sequence[str]) -> list[Pattern]:
    """The patterns of a list, empty ones left out."""
    return [pattern for pattern in map(parse_pattern, texts) if pattern is not None]


def _compile(text: str) -> tuple[MatchType, str]:
    """How Moby's matcher takes a pattern, and the regular expression that it makes of it, in Go's syntax."""
    parts, match_type = ["^"], "exact"
    at, is_first = 0, True
    while at < len(text):
        character = text[at]
        at += 1
        if text.startswith("**", at - 1):
            at += 1
            at += text.startswith("/", at)
            if at < len(text):
                parts.append("(.*/)?")
                match_type = "regexp"
            elif match_type == "exact":
                match_type = "prefix"
            else:
                parts.append(".*")
                match_type = "regexp"
            if is_first:
                match_type = "suffix"
        elif character in "*?":
            parts.append("[^/]*" if character == "*" else "[^/]")
            match_type = "regexp"
        elif character == "\\":
            parts.append(f"\\{text[at : at + 1]}")
            at += 1
            match_type = "regexp"
        else:
            parts.append(f"\\{character}" if character in _ESCAPED else character)
            if character in "[]":
                match_type = "regexp"
        is_first = False
    return match_type, "".join([*parts, "$"])  # type: ignore[return-value]


def _test(text: str, match_type: MatchType, pieces: list[Piece]) -> Callable[[str], bool]:
    if match_type == "exact":
        return text.__eq__
    if match_type == "prefix":
        start = text[:-2]
        return lambda path: path.startswith(start)
    if match_type == "suffix":
        end = text[2:]
        whole = end[1:] if end.startswith("/") else None
        return lambda path: path.endswith(end) or path == whole
    found = re.compile("".join(piece.text for piece in pieces), re.ASCII).match
    return lambda path: found(path) is not None


def _with_folders(path: str) -> Iterator[str]:
    """A path after all the folders that it is in, the top left out."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)
    yield path


@dataclass(frozen=True, slots=True)
class FolderMatch:
    """What the patterns say of a folder, and of what is in it."""

    hits: int
    """A bit for each pattern that was found to match the folder or one that it is in."""
    all_hits: int
    """The same with the patterns that were not tried, because they could not change the result."""
    is_matched: bool
    """The folder's own result."""
    matches_child: FolderTest
    """The result of a name in it."""
    touches_child: FolderTest
    """Whether any pattern matches a name in it, whatever comes of that."""


class PatternList:
    """Patterns in their order; the last that matches decides."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self.has_exceptions = any(pattern.is_exception for pattern in patterns)
        self._tests = ChildTests(
            [ShapedPattern(pattern.is_exception, pattern.shape, pattern.matches) for pattern in patterns]
        )
        self._folders = {"": self._folder_match("", 0, 0, is_matched=False)}

    def matches(self, path: str) -> bool:
        """Whether a path is matched by the patterns.

        Args:
            path: clean and relative.
        """
        folder, _, name = path.rpartition("/")
        return self.folder(folder).matches_child(name)

    def folder(self, path: str) -> FolderMatch:
        """What holds for a folder; the empty path is the top."""
        found = self._folders.get(path)
        if found is not None:
            return found
        above = self._folders.get(path.rpartition("/")[0])
        if above is not None:  # as it is for whoever walks
            found = self._folders[path] = self._look(path, above)
            return found
        found = self._folders[""]
        for part in _with_folders(path):
            known = self._folders.get(part)
            found = self._folders[part] = known if known is not None else self._look(part, found)
        return found

    def deciding(self, path: str) -> int | None:
        """Position of the pattern that made the result what it is; None where none did."""
        hits, is_matched, decided = 0, False, None
        for part in _with_folders(path):
            is_matched, decided = False, None
            for position, pattern in enumerate(self.patterns):
                is_hit = bool(hits >> position & 1)
                if not is_hit and pattern.is_exception is is_matched:
                    is_hit = pattern.matches(part)
                if is_hit:
                    hits |= 1 << position
                    decided = decided if is_matched is not pattern.is_exception else position
                    is_matched = not pattern.is_exception
        return decided

    def refuses(self, path: str) -> FolderTest:
        """The result of a name in a folder by `MatchesOrParentMatches`, which BuildKit asks before it reads a file."""
        return self._tests.of_folder(path, self.folder(path).all_hits)

    def _look(self, path: str, parent: FolderMatch) -> FolderMatch:
        if not parent.touches_child(path.rpartition("/")[2]):
            return self._folder_match(path, parent.hits, parent.all_hits, is_matched=parent.is_matched)
        hits = all_hits = 0
        is_matched = False
        for position, pattern in enumerate(self.patterns):
            bit = 1 << position
            can_change = pattern.is_exception is is_matched
            is_hit = bool(parent.hits & bit) or (can_change and pattern.matches(path))
            if is_hit:
                hits |= bit
                is_matched = not pattern.is_exception
            if is_hit or parent.all_hits & bit or (not can_change and pattern.matches(path)):
                all_hits |= bit
        return self._folder_match(path, hits, all_hits, is_matched=is_matched)

    def _folder_match(self, path: str, hits: int, all_hits: int, *, is_matched: bool) -> FolderMatch:
        matches_child = self._tests.of_folder(path, hits)
        # Without exceptions and hits, both tests are the same.
        is_same = not self.has_exceptions and not hits
        touches_child = matches_child if is_same else self._tests.any_in_folder(path)
        return FolderMatch(hits, all_hits, is_matched, matches_child, touches_child)
