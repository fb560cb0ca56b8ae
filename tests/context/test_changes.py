"""What is not the same in two fingerprints."""

from __future__ import annotations

import dataclasses

import pytest

from layerbench.context.changes import changes
from layerbench.context.models import Entry, FileChange, Fingerprint
from tests.context.trees import fingerprint

FILES = {"a": "one", "d/b": "two", "d/c": "three", "l": "-> a", "e": ""}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({"a": "ONE"}, [FileChange("a", "content")]),
        ({"l": "-> d"}, [FileChange("l", "target")]),
        ({"l": "one"}, [FileChange("l", "type")]),
        ({"n": "new"}, [FileChange("n", "added")]),
        ({"d/n/m": "new"}, [FileChange("d/n", "added"), FileChange("d/n/m", "added")]),
        ({"e": "x"}, [FileChange("e", "content")]),
        ({"copy": "one"}, [FileChange("copy", "added")]),
        ({"empty": ""}, [FileChange("empty", "added")]),
    ],
)
def test_changes_are_found(files: dict[str, str | None], expected: list[FileChange]) -> None:
    assert changes(fingerprint(FILES), fingerprint({**FILES, **files})) == tuple(expected)


def test_a_removed_folder_takes_all_in_it() -> None:
    left = {path: content for path, content in FILES.items() if not path.startswith("d")}
    expected = [FileChange(path, "removed") for path in ("d", "d/b", "d/c")]
    assert changes(fingerprint(FILES), fingerprint(left)) == tuple(expected)


def test_a_renamed_file_knows_its_old_name() -> None:
    old = fingerprint({"x/__init__.py": "same", "y/other": "same", "gone": ""})
    new = fingerprint({"z/__init__.py": "same", "z/more": "same", "z/third": "same", "come": ""})
    renames = {change.path: change.old_path for change in changes(old, new) if change.change == "added"}
    assert renames == {
        "come": None,
        "z": None,
        "z/__init__.py": "x/__init__.py",
        "z/more": "y/other",
        "z/third": None,
    }
    removed = {change.path for change in changes(old, new) if change.change == "removed"}
    assert removed == {"gone", "x", "x/__init__.py", "y", "y/other"}


def test_content_and_mode_are_two_changes() -> None:
    old = fingerprint(FILES)
    entry = dataclasses.replace(old.entries["a"], mode=0o755, digest="0" * 64)
    new = Fingerprint({**old.entries, "a": entry, "d": Entry("folder", 0o700)})
    assert changes(old, new) == (FileChange("a", "content"), FileChange("a", "mode"), FileChange("d", "mode"))
