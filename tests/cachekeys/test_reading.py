from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from layerbench.cachekeys.codec import encode_inputs, encode_keys
from layerbench.cachekeys.reading import InputsReader
from layerbench.context.models import Entry
from layerbench.errors import UsageError
from layerbench.results.models import Build, Result
from layerbench.results.side_file import SideFile, side_file_of
from tests.cachekeys.test_codec import KEYS_OF_ONE, edited, large
from tests.results import factory

WHOLE = large()
EDITED = edited(WHOLE, {"lib/00001.py": Entry("file", 0o600, 1, "cd" * 32)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web.json"


@pytest.fixture
def side_file(path: Path) -> SideFile:
    return SideFile(side_file_of(path))


def result_with(side_file: SideFile, **fields: str) -> tuple[Result, Build]:
    whole = dataclasses.replace(factory.result(), side_file=side_file.path.name)
    return whole, dataclasses.replace(whole.builds[0], **fields)


def test_what_was_kept_is_read(path: Path, side_file: SideFile) -> None:
    whole = side_file.add_document("inputs", encode_inputs(WHOLE))
    changed = side_file.add_document("inputs", encode_inputs(EDITED, (whole, WHOLE)))
    keys = side_file.add_document("keys", encode_keys(KEYS_OF_ONE))
    result, build = result_with(side_file, inputs=changed, cache_keys=keys)
    assert InputsReader(path, result).inputs(build) == EDITED
    assert InputsReader(path, result).keys(build) == KEYS_OF_ONE
    reader = InputsReader(path, result)
    assert reader.inputs(build) is reader.inputs(build)
    assert reader.inputs(dataclasses.replace(build, inputs=whole)) == WHOLE
    assert reader.keys(build) is reader.keys(build)


def test_what_was_not_kept_is_none(path: Path) -> None:
    result = factory.result()
    reader = InputsReader(path, result)
    assert reader.inputs(result.builds[0]) is None
    assert reader.keys(result.builds[0]) is None


def test_what_is_lost_or_damaged_is_named(path: Path, side_file: SideFile) -> None:
    inputs = side_file.add_document("inputs", b"layerbench inputs 2\nx")
    keys = side_file.add_document("keys", b"")
    result, build = result_with(side_file, inputs=inputs, cache_keys=keys)
    with pytest.raises(UsageError, match=rf"web\.layers\.zip is damaged in its member inputs-{inputs[7:19]}"):
        InputsReader(path, result).inputs(build)
    with pytest.raises(UsageError, match=rf"web\.layers\.zip is damaged in its member keys-{keys[7:19]}"):
        InputsReader(path, result).keys(build)
    with pytest.raises(UsageError, match=r"web\.layers\.zip lacks the member inputs-"):
        InputsReader(path, result).inputs(dataclasses.replace(build, inputs="sha256:" + "0" * 64))
    with pytest.raises(UsageError, match=r"no digest of a side file's member"):
        InputsReader(path, result).inputs(dataclasses.replace(build, inputs="../x"))
    side_file.path.unlink()
    with pytest.raises(UsageError, match=r"web\.layers\.zip is not there: copy it to its result file"):
        InputsReader(path, result).inputs(build)


def test_a_member_builds_on_one_that_stands_whole(path: Path, side_file: SideFile) -> None:
    whole = side_file.add_document("inputs", encode_inputs(WHOLE))
    second = side_file.add_document("inputs", encode_inputs(EDITED, (whole, WHOLE)))
    third = side_file.add_document("inputs", encode_inputs(WHOLE, (second, EDITED)))
    result, build = result_with(side_file, inputs=third)
    with pytest.raises(UsageError, match="builds on another one"):
        InputsReader(path, result).inputs(build)
