"""Moby's matcher; the rows are facts of github.com/moby/patternmatcher's own tests, or were seen on a real engine."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from layerbench.context.gosyntax import BadPatternError
from layerbench.context.patterns import PatternList, parse_pattern, parse_patterns


def matches(patterns: Sequence[str], path: str) -> bool:
    return PatternList(parse_patterns(patterns)).matches(path)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("**", "file", True), ("**", "file/", True), ("**/", "file", True), ("**/", "file/", True), ("**", "/", True),
        ("**/", "/", True), ("**", "dir/file", True), ("**/", "dir/file", True), ("**", "dir/file/", True),
        ("**/", "dir/file/", True), ("**/**", "dir/file", True), ("**/**", "dir/file/", True),
        ("dir/**", "dir/file", True), ("dir/**", "dir/file/", True), ("dir/**", "dir/dir2/file", True),
        ("dir/**", "dir/dir2/file/", True), ("**/dir", "dir", True), ("**/dir", "dir/file", True),
        ("**/dir2/*", "dir/dir2/file", True), ("**/dir2/*", "dir/dir2/file/", True),
        ("**/dir2/**", "dir/dir2/dir3/file", True), ("**/dir2/**", "dir/dir2/dir3/file/", True),
        ("**file", "file", True), ("**file", "dir/file", True), ("**/file", "dir/file", True),
        ("**file", "dir/dir/file", True), ("**/file", "dir/dir/file", True), ("**/file*", "dir/dir/file", True),
        ("**/file*", "dir/dir/file.txt", True), ("**/file*txt", "dir/dir/file.txt", True),
        ("**/file*.txt", "dir/dir/file.txt", True), ("**/file*.txt*", "dir/dir/file.txt", True),
        ("**/**/*.txt", "dir/dir/file.txt", True), ("**/**/*.txt2", "dir/dir/file.txt", False),
        ("**/*.txt", "file.txt", True), ("**/**/*.txt", "file.txt", True), ("a**/*.txt", "a/file.txt", True),
        ("a**/*.txt", "a/dir/file.txt", True), ("a**/*.txt", "a/dir/dir/file.txt", True),
        ("a/*.txt", "a/dir/file.txt", False), ("a/*.txt", "a/file.txt", True), ("a/*.txt**", "a/file.txt", True),
        ("a[b-d]e", "ae", False), ("a[b-d]e", "ace", True), ("a[b-d]e", "aae", False), ("a[^b-d]e", "aze", True),
        (".*", ".foo", True), (".*", "foo", False), ("abc.def", "abcdef", False), ("abc.def", "abc.def", True),
        ("abc.def", "abcZdef", False), ("abc?def", "abcZdef", True), ("abc?def", "abcdef", False),
        (r"a\\", "a\\", True), ("**/foo/bar", "foo/bar", True), ("**/foo/bar", "dir/foo/bar", True),
        ("**/foo/bar", "dir/dir2/foo/bar", True), ("abc/**", "abc", False), ("abc/**", "abc/def", True),
        ("abc/**", "abc/def/ghi", True), ("**/.foo", ".foo", True), ("**/.foo", "bar.foo", False),
        ("a(b)c/def", "a(b)c/def", True), ("a(b)c/def", "a(b)c/xyz", False), ("a.|)$(}+{bc", "a.|)$(}+{bc", True),
        ("dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
         "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", True),
        ("dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", True), (r"a\*b", "a*b", True),
        ("*", "fileutils.go", True), ("*.go", "fileutils.go", True), ("a*", "ab/c", True), ("ab[c]", "abc", True),
        (r"[\]a]", "]", True), (r"[x\-]", "-", True), ("a[^a][^a][^a]b", "a☺b", False), ("[a-ζ]*", "α", True),
        # What Moby makes of brackets and backslashes is a regular expression.
        ("[*]x", "*x", False), ("[*]x", "[]x", True), ("[?]", "^]", True), (r"\d*", "7a", True), (r"\d*", "d", False),
        ("a^b", "a^b", True), ("a^b*", "a^b", False), ("^a*", "ab", True), ("***", "a/b", True),
        ("a[^x]b", "a/b", True), ("**foo/bar", "xfoo/bar", True), ("dir**", "directory/x", True),
        ("/dir/**", "dir/x", False),
        ("/abc", "abc", False), ("/a*", "ab", False), ("/d**", "da", False), (" dir ", "dir", True),
        ("**/a/b", "x/a/b/c", True),
    ],
)  # fmt: skip
def test_a_pattern_matches_as_mobys(pattern: str, path: str, expected: bool) -> None:
    assert matches([pattern], path) is expected


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        (["**", "!util/docker/web"], "util/docker/web/foo", False),
        (["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo", True),
        (["**", "!dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"],
         "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", False),
        (["**", "!dist/*.whl"], "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", False),
        (["!fileutils.go", "*.go"], "fileutils.go", True), (["*.go", "!fileutils.go"], "fileutils.go", False),
        (["docs", "!docs/README.md"], "docs/README.md", False), (["docs/", "!docs/README.md"], "docs/README.md", False),
        (["docs/*", "!docs/README.md"], "docs/README.md", False), ([], "any/path/there", False),
        (["docs", "  !docs/README.md"], "docs/README.md", False),
        (["docs", "!docs/README.md  "], "docs/README.md", False),
        # The third line cannot change what holds for `d`, so it is not tried there, and does not hold below.
        (["d", "!d/x", "d"], "d/x", False), (["d", "!d/x", "d"], "d/x/f", False), (["d", "!d/x", "d"], "d/y", True),
        (["d", "!d/x", "d/x"], "d/x/f", True), (["!d", "d/x"], "d/x/f", True), (["a", "!a", "a"], "a/b", True),
    ],
)  # fmt: skip
def test_the_last_that_matches_decides(patterns: list[str], path: str, expected: bool) -> None:
    assert matches(patterns, path) is expected


@pytest.mark.parametrize(
    ("pattern", "match_type", "regexp"),
    [
        ("*", "regexp", "^[^/]*$"), ("file*", "regexp", "^file[^/]*$"), ("*file", "regexp", "^[^/]*file$"),
        ("a*/b", "regexp", "^a[^/]*/b$"), ("**", "suffix", None), ("**/**", "regexp", "^(.*/)?.*$"),
        ("dir/**", "prefix", None), ("**/dir", "suffix", None), ("**/dir2/*", "regexp", "^(.*/)?dir2/[^/]*$"),
        ("**/dir2/**", "regexp", "^(.*/)?dir2/.*$"), ("**file", "suffix", None),
        ("**/file*txt", "regexp", "^(.*/)?file[^/]*txt$"), ("**/**/*.txt", "regexp", r"^(.*/)?(.*/)?[^/]*\.txt$"),
        ("a[b-d]e", "regexp", "^a[b-d]e$"), (".*", "regexp", r"^\.[^/]*$"), ("abc.def", "exact", None),
        ("abc?def", "regexp", "^abc[^/]def$"), ("**/foo/bar", "suffix", None), ("a(b)c/def", "exact", None),
        ("a.|)$(}+{bc", "exact", None),
    ],
)  # fmt: skip
def test_a_pattern_is_compiled_as_mobys(pattern: str, match_type: str, regexp: str | None) -> None:
    found = parse_pattern(pattern)
    assert found is not None
    assert (found.match_type, found.regexp) == (match_type, regexp)


@pytest.mark.parametrize("pattern", ["[", "!", "!/", "\\", "[Local-Only]/", "[z-a]", r"\y*", "!["])
def test_what_fails_a_build_is_refused(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        parse_pattern(pattern)


def test_space_is_no_pattern() -> None:
    assert parse_patterns([" ", "", "\u3000", "a"])[0].text == "a"
    assert [pattern.text for pattern in parse_patterns(["\x1fa"])] == ["\x1fa"]  # which Python would strip


def test_the_deciding_pattern_is_named() -> None:
    patterns = PatternList(parse_patterns(["docs", "*.md", "!docs/a", "docs/a/x"]))
    assert [patterns.deciding(path) for path in ("docs/b", "r.md", "docs/a/y", "docs/a/x", "src")] == [0, 1, 2, 3, None]
    assert PatternList(parse_patterns(["x", "*.md", "docs"])).deciding("docs/a.md") == 2


def reference(patterns: Sequence[str], path: str) -> bool:
    """The algorithm of `MatchesUsingParentResults`, as it is described, with none of the short cuts."""
    parsed = parse_patterns(patterns)
    hits = [False] * len(parsed)
    is_matched = False
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        part, is_matched = "/".join(parts[:count]), False
        for position, pattern in enumerate(parsed):
            if not hits[position]:
                if pattern.is_exception is not is_matched:
                    continue
                hits[position] = pattern.matches(part)
            if hits[position]:
                is_matched = not pattern.is_exception
    return is_matched


names = st.sampled_from(["a", "b", "ab", "a.b", "b.a", "*", "a\nb", ".a", "ba"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
words = st.sampled_from(
    ["a", "b", "*", "**", "?", "[ab]", "[^a]", ".", "/", "/", "a/b", "**/", "/**", r"\a", r"\*", "^"]
)
texts = st.tuples(st.sampled_from(["", "", "!"]), st.lists(words, min_size=1, max_size=5).map("".join)).map("".join)


@settings(max_examples=300, deadline=None)
@given(patterns=st.lists(texts, max_size=5), path=paths)
@example(patterns=["a/**/b", "!a/b/*"], path="a/b/b/a")
@example(patterns=["**/*.b", "!**/a"], path="a\nb/a.b")
@example(patterns=["?/[ab]*", "!a/b"], path="a/b/a")
def test_short_cuts_change_no_result(patterns: list[str], path: str) -> None:
    kept = []
    for pattern in patterns:
        try:
            parse_pattern(pattern)
        except BadPatternError:
            continue
        kept.append(pattern)
    assert matches(kept, path) is reference(kept, path)
    decided = PatternList(parse_patterns(kept)).deciding(path)
    if decided is not None:
        assert parse_patterns(kept)[decided].is_exception is not matches(kept, path)
    else:
        assert not matches(kept, path)
