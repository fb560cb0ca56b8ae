from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.analysis.impact.groups import grouped
from layerbench.analysis.impact.models import FileGroup

NAMES = st.sampled_from(["a", "b", "c.py"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def test_folders_of_one_class_are_put_together() -> None:
    files = {"app.py": 1, "src/a.py": 1, "src/deep/b.py": 1, "docs/x.md": 2, "mixed/a": 1, "mixed/b": 2}
    assert grouped(files) == {
        1: (FileGroup("src/", 2), FileGroup("app.py", 1), FileGroup("mixed/a", 1)),
        2: (FileGroup("docs/", 1), FileGroup("mixed/b", 1)),
    }


def test_the_whole_context_is_one_folder() -> None:
    assert grouped({"a": 1, "b/c": 1}) == {1: (FileGroup("./", 2),)}
    assert grouped({}) == {}


def test_a_folder_above_the_context_is_never_put_together() -> None:
    files = {"a": 1, "b/c": 1, "../cfg/x": 2, "../cfg/sub/y": 2, "../z": 2, "../../up/one": 2, "../../up/two": 1}
    assert grouped(files) == {
        1: (FileGroup("./", 2), FileGroup("../../up/two", 1)),
        2: (FileGroup("../cfg/", 2), FileGroup("../../up/one", 1), FileGroup("../z", 1)),
    }
    assert grouped({"../x": 1, "a": 1}) == {1: (FileGroup("../x", 1), FileGroup("./", 1))}


@settings(max_examples=60)
@given(st.dictionaries(PATHS, st.integers(0, 2), max_size=12))
def test_every_file_is_in_just_one_group_of_its_class(files: dict[str, int]) -> None:
    files = {path: kind for path, kind in files.items() if not any(one.startswith(f"{path}/") for one in files)}
    seen: list[str] = []
    for kind, groups in grouped(files).items():
        for group in groups:
            folder = group.path.removeprefix("./")
            held = [one for one in files if one == group.path or (group.path.endswith("/") and one.startswith(folder))]
            assert len(held) == group.file_count
            assert {files[one] for one in held} == {kind}
            seen += held
    assert sorted(seen) == sorted(files)
