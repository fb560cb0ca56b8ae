"""What sources select; rows are facts of BuildKit's cache/contenthash; real builds are in tests/e2e."""

from __future__ import annotations

import pytest

from layerbench.context.models import Entry, Fingerprint
from layerbench.context.selection import missing_sources, select
from layerbench.errors import UsageError
from tests.context.trees import fingerprint

FILES = {
    "a.py": "1", "b.py": "2", "b.txt": "3", ".env": "4", "*x": "5", "src/m.py": "6", "src/n.md": "7",
    "src/deep/o.py": "8", "src/deep/p.md": "9", "lib/src/q.py": "10", "empty": None, "to-file": "-> a.py",
    "to-folder": "-> src",
    "src/inner": "-> m.py", "lib/up": "-> ../src", "broken": "-> none", "abs": "-> /src/deep",
}  # fmt: skip
SRC = ["src", "src/deep", "src/deep/o.py", "src/deep/p.md", "src/inner", "src/m.py", "src/n.md"]


@pytest.fixture(scope="module")
def context() -> Fingerprint:
    return fingerprint(FILES)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["a.py"], ["a.py"]),
        (["/a.py"], ["a.py"]),
        (["./x/../a.py"], ["a.py"]),
        (["../a.py"], ["a.py"]),
        (["src"], SRC),
        (["src/"], SRC),
        (["src/."], SRC),
        (["src/deep", "src/deep/o.py"], ["src/deep", "src/deep/o.py", "src/deep/p.md"]),
        (["empty"], ["empty"]),
        (["none"], []),
        (["*.py"], ["a.py", "b.py"]),
        (["?.txt"], ["b.txt"]),
        (["[ab].py"], ["a.py", "b.py"]),
        (["[^a].py"], ["b.py"]),
        ([r"\*x"], []),
        (["[*]x"], ["*x"]),
        ([r"\*?"], ["*x"]),
        (["*/*.py"], ["src/m.py"]),
        (["**/*.py"], ["src/m.py"]),
        (["s*c"], SRC),
        (["s?c/deep"], ["src/deep", "src/deep/o.py", "src/deep/p.md"]),
        (["src/*.md", "a.py"], ["a.py", "src/n.md"]),
        ([".*"], [".env"]),
        (["no*"], []),
    ],
)
def test_sources_select_files_and_folders(context: Fingerprint, sources: list[str], expected: list[str]) -> None:
    found = select(context, sources)
    assert sorted(found) == sorted(expected)
    assert all(found[path] == context.entries[path] for path in found)


def test_the_context_itself_is_everything(context: Fingerprint) -> None:
    for source in (".", "./", "/", "..", "src/.."):
        assert select(context, [source]) == context.entries


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("to-file", {"to-file": "a.py"}),
        ("to-folder", {path.replace("src", "to-folder", 1): path for path in SRC}),
        ("to-folder/m.py", {"to-folder/m.py": "src/m.py"}),
        ("to-folder/inner", {"to-folder/inner": "src/m.py"}),
        ("to-folder/*.md", {"to-folder/n.md": "src/n.md"}),
        ("to-*le", {"to-file": "a.py"}),
        ("lib/up/n.md", {"lib/up/n.md": "src/n.md"}),
        ("abs/o.py", {"abs/o.py": "src/deep/o.py"}),
        ("lib", {"lib": "lib", "lib/src": "lib/src", "lib/src/q.py": "lib/src/q.py", "lib/up": "lib/up"}),
        ("broken", {}),
    ],
)
def test_links_are_followed_where_the_source_names_them(
    context: Fingerprint, source: str, expected: dict[str, str]
) -> None:
    assert select(context, [source]) == {path: context.entries[found] for path, found in expected.items()}


def test_a_link_to_other_content_under_the_same_name_is_another_selection() -> None:
    old = fingerprint({"v": "-> one", "one": "x", "two": "x", "three": "y"})
    same, other = (Fingerprint({**old.entries, "v": Entry("link", 0o777, target=name)}) for name in ("two", "three"))
    assert select(old, ["v"]) == select(same, ["v"])
    assert select(old, ["v"]) != select(other, ["v"])


@pytest.mark.parametrize(
    ("source", "excludes", "expected"),
    [
        ("src", ["*.md"], ["src", "src/deep", "src/deep/o.py", "src/deep/p.md", "src/inner", "src/m.py"]),
        ("src", ["**/*.md"], ["src", "src/deep", "src/deep/o.py", "src/inner", "src/m.py"]),
        ("src", ["deep"], ["src", "src/inner", "src/m.py", "src/n.md"]),
        ("src", ["src/deep"], SRC),
        ("src", ["deep/*", "!deep/o.py"], [path for path in SRC if path != "src/deep/p.md"]),
        ("src", ["*"], []),
        ("s?c", ["deep"], ["src", "src/inner", "src/m.py", "src/n.md"]),
        ("*.py", ["b.py"], ["a.py", "b.py"]),
        ("a.py", ["*"], []),
    ],
)
def test_excluded_files_are_not_selected(
    context: Fingerprint, source: str, excludes: list[str], expected: list[str]
) -> None:
    assert sorted(select(context, [source], excludes)) == sorted(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("src/deep/o.py", ["src", "src/deep", "src/deep/o.py"]),
        ("./src/deep/o.py", ["src", "src/deep", "src/deep/o.py"]),
        ("src/./deep/o.py", ["src", "src/deep", "src/deep/o.py"]),
        ("src/deep", ["src", "src/deep", "src/deep/o.py", "src/deep/p.md"]),
        ("**/*.md", ["src", "src/deep", "src/deep/p.md", "src/n.md"]),
        ("s*/./deep/*.md", ["src", "src/deep", "src/deep/p.md"]),
        ("src/./**/*.md", ["src", "src/deep", "src/deep/p.md", "src/n.md"]),
        ("none/x", []),
    ],
)
def test_parents_keep_the_folders_on_the_way(context: Fingerprint, source: str, expected: list[str]) -> None:
    assert sorted(select(context, [source], parents=True)) == sorted(expected)


def test_sources_that_are_missing_are_named(context: Fingerprint) -> None:
    sources = ["a.py", "none", "src/none", "broken", "no*", "to-file", "src/inner/x", "broke?", "."]
    assert missing_sources(context, sources) == ("none", "src/none", "broken", "src/inner/x", "broke?")
    assert missing_sources(context, ["src/deep/o.py", "src/./none", "s*/none"], parents=True) == ("src/./none",)


def test_a_pattern_that_is_none_is_refused(context: Fingerprint) -> None:
    with pytest.raises(UsageError, match=r"'/\[' is refused by BuildKit in a COPY"):
        select(context, ["["])
    with pytest.raises(UsageError, match="syntax error in pattern"):
        select(context, ["src"], ["[z-a]"])
