"""BuildKit's content digests; the constants are facts of its cache/contenthash/checksum_test.go (0.25)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from layerbench.context.selection import Selector, selectors_of
from layerbench.errors import UsageError
from tests.context.content_digests import ContentDigests
from tests.context.trees import fingerprint_of, write_tree

DATA0 = "sha256:cd8e75bca50f2d695f220d0cb0997d8ead387e4f926e8669a92d7f104cc9885b"
DATA1 = "sha256:c2b5e234f5f38fc5864da7def04782f82501a40d46192e4207d5b3f0c3c4732b"
D0 = "sha256:d47454417d2c554067fbefe5f5719edc49f3cfe969c36b62e34a187a4da0cc9a"
D0_BY_FILE = "sha256:231c3293e329de47fec9e79056686477891fd1f244ed7b1c1fa668489a1f0d50"
D0_FILES = {"d0/abc": "data0", "d0/def": "-> abc", "d0/ghi": "-> nosuchfile"}
WILDCARD_FILES = {
    "bar": "data1", "foo": "data0", "fox": "data2", "x/d0/abc": "data0", "x/d0/def": "-> abc",
    "x/d0/ghi": "-> nosuchfile", "y1": "-> foo", "y2": "-> fox",
}  # fmt: skip
DEEP_FILES = {"prefix/a/b/c/foo/bar": "abc"}


def digest(folder: Path, files: dict[str, str | None], selector: Selector) -> str:
    write_tree(folder, files)
    return ContentDigests(folder, fingerprint_of(folder).entries).selector_digest(selector)


@pytest.mark.parametrize(
    ("files", "selector", "expected"),
    [
        ({"foo": "data0"}, Selector("/foo"), DATA0),
        ({"bar": "data1"}, Selector("/bar"), DATA1),
        (D0_FILES, Selector("/d0/abc"), DATA0),
        (D0_FILES, Selector("/d0/def"), DATA0),
        (D0_FILES, Selector("/d0"), D0),
        ({"a": "-> d0", **D0_FILES}, Selector("/a/abc"), DATA0),
        ({"a": "-> d0", **D0_FILES}, Selector("/a"), D0),
        (WILDCARD_FILES, Selector("/f*o"), f"sha256:{hashlib.sha256(f'foo{DATA0}'.encode()).hexdigest()}"),
        (WILDCARD_FILES, Selector("/f*"), "sha256:7f51c821895cfc116d3f64231dfb438e87a237ecbbe027cd96b7ee5e763cc569"),
        (WILDCARD_FILES, Selector("/x/d?"), D0_BY_FILE),
        (WILDCARD_FILES, Selector("/x/d?/def"), DATA0),
        (WILDCARD_FILES, Selector("/y*"), "sha256:8afc09c7018d65d5eb318a9ef55cb704dec1f06d288181d913fc27a571aa042d"),
        ({"foo/ghi": "-> target"}, Selector("/foo"),
         "sha256:9b761577efcb1239cf4be971914c5d7404914dd32ff436401af1764dc5446b83"),
        ({"foo/ghi": "-> target"}, Selector("/fo?"),
         "sha256:e14a98332f46b81993ff4a3b7898bb00fc3d245d84e4c42e57c9ee6b129c7c41"),
        ({"foo/ghi": "-> target"}, Selector("/foo", excludes=("*.git",)),
         "sha256:e14a98332f46b81993ff4a3b7898bb00fc3d245d84e4c42e57c9ee6b129c7c41"),
        (DEEP_FILES, Selector("/prefix/a", ("**/foo/**", "**/report")),
         "sha256:853b46abef38d02c9e29fdd1557c6002903b262541e60064bc84518d4d3a6f11"),
        (DEEP_FILES, Selector("/prefix/a", ("**/foo", "**/report")),
         "sha256:853b46abef38d02c9e29fdd1557c6002903b262541e60064bc84518d4d3a6f11"),
        (DEEP_FILES, Selector("/prefix/a", ("**/no/**",)), f"sha256:{hashlib.sha256().hexdigest()}"),
    ],
)  # fmt: skip
def test_digests_are_buildkits(tmp_path: Path, files: dict[str, str | None], selector: Selector, expected: str) -> None:
    assert digest(tmp_path, files, selector) == expected


def content_digest(folder: Path, sources: Sequence[str]) -> str:
    return ContentDigests(folder, fingerprint_of(folder).entries).content_digest(selectors_of(sources))


def test_sources_are_put_together_in_buildkits_order(tmp_path: Path) -> None:
    write_tree(tmp_path, {"foo": "data0", "bar": "data1", **D0_FILES})
    joined = hashlib.sha256("\0".join([DATA1, D0, DATA0]).encode()).hexdigest()
    assert content_digest(tmp_path, ["foo", "d0/abc", "d0", "bar", "bar"]) == f"sha256:{joined}"
    key = hashlib.sha256(f"sha256:{joined}@-1".encode()).hexdigest()
    found = ContentDigests(tmp_path, fingerprint_of(tmp_path).entries).key(selectors_of(["foo", "d0", "bar"]))
    assert found == f"sha256:{key}"


def test_newer_versions_compare_paths_where_older_ones_compare_names(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a1/x": "data0", "a2/y": "data1"})
    selector = Selector("/a*")
    digests = {}
    for list_format in ("names", "paths"):
        before = ContentDigests(tmp_path, fingerprint_of(tmp_path).entries, list_format).selector_digest(selector)
        (tmp_path / "a2").rename(tmp_path / "a3")
        (tmp_path / "a3/y").rename(tmp_path / "a1/y")
        (tmp_path / "a1/y").rename(tmp_path / "a3/y")
        (tmp_path / "a3").rename(tmp_path / "a2")
        digests[list_format] = before
    assert digests["names"] != digests["paths"]


@pytest.mark.parametrize("source", ["none", "broken", "broke?"])
def test_what_is_not_there_has_no_digest(tmp_path: Path, source: str) -> None:
    write_tree(tmp_path, {"broken": "-> none"})
    with pytest.raises(UsageError, match="is not in the context"):
        content_digest(tmp_path, [source])


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    write_tree(tmp_path, {"foo": "data0"})
    entries = fingerprint_of(tmp_path).entries
    (tmp_path / "foo").unlink()
    with pytest.raises(UsageError, match="take the fingerprint again"):
        ContentDigests(tmp_path, entries).selector_digest(Selector("/foo"))
