from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.image.packages.text import entry_path, fields, path_in, printable, without_folders

PATHS = st.text("a./", max_size=20)


@given(PATHS)
def test_paths_are_normal_and_below_the_root(text: str) -> None:
    assert f"/{entry_path(text)}" == posixpath.normpath(f"/{text.lstrip('/')}")


@given(PATHS, PATHS)
def test_paths_in_a_folder(folder: str, text: str) -> None:
    folder = entry_path(folder)
    expected = posixpath.normpath(f"/{text.lstrip('/')}" if text.startswith("/") else f"/{folder}/{text}")
    assert f"/{path_in(folder, text)}" == expected.replace("//", "/")


@given(st.lists(st.text("ab/", min_size=1, max_size=6).map(entry_path).filter(bool), unique=True))
def test_folders_are_left_out(paths: list[str]) -> None:
    assert list(without_folders(paths)) == [
        path for path in paths if not any(other.startswith(f"{path}/") for other in paths)
    ]


@pytest.mark.parametrize(
    ("text", "shown"), [("1.0~größe", "1.0~größe"), ("a\x1b[2J\n", "a�[2J�"), ("\udce9\u202e", "��"), ("", "")]
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_fields() -> None:
    lines = ["Name:  a ", "VERSION:1", "Name: b", " name: c", "Other: d", "no field", "Summary: x"]
    assert fields(lines, {"name", "version", "missing"}) == {"name": "a", "version": "1"}
