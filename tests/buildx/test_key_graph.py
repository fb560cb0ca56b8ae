from __future__ import annotations

import copy
import hashlib

import pytest

from layerbench.buildx.key_graph import UnknownGraphError, read_records, walk
from layerbench.buildx.steps import trace_steps
from layerbench.cachekeys.models import BuildKeys, InputKey
from tests.buildx.key_graphs import names, recording


def keys_of(name: str) -> BuildKeys:
    keys, is_whole = recording(name).keys()
    assert is_whole
    return keys


def differing(one: str, other: str) -> list[int]:
    first, second = keys_of(one), keys_of(other)
    assert first.steps.keys() == second.steps.keys()
    return [at for at in first.steps if first.steps[at] != second.steps[at]]


@pytest.mark.parametrize("name", names())
def test_every_step_of_a_recorded_build_has_a_key(name: str) -> None:
    build = recording(name)
    keys = keys_of(name)
    for at, step in enumerate(build.steps()):
        if step.instruction.startswith("FROM ") and at not in keys.steps:
            continue
        assert len(keys.steps[at]) == len(step.vertices), step.instruction
        for key in keys.steps[at]:
            assert all(one.parent or one.contents for one in key.inputs), step.instruction


def test_the_key_of_a_copied_file_is_that_of_its_content() -> None:
    # Content digest of one file with that name, mode and content, as docs/method.md has it.
    header = b"name" + b"mode420uid0gid0size2typeflag0linknameunamegnamedevmajor0devminor0"
    expected = {
        hash_of(f"{hash_of(hash_of(header.replace(b'name', b'name' + name) + b'x' + chr(10).encode()))}@-1")
        for name in (b"", b"req.txt")
    }
    [key] = keys_of("two-stages").steps[2]
    [content] = key.inputs[1].contents
    assert content in expected


def hash_of(content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_changed_content_shows_where_it_is_selected_and_below_by_the_parent() -> None:
    changed = differing("two-stages", "two-stages-content")
    assert changed == [6, 7, 8, 9]
    before, after = keys_of("two-stages"), keys_of("two-stages-content")
    [old], [new] = before.steps[6], after.steps[6]
    assert old.operation == new.operation
    assert old.inputs[0] == new.inputs[0]
    assert old.inputs[1].contents != new.inputs[1].contents
    [old], [new] = before.steps[7], after.steps[7]
    assert (old.operation, old.inputs[1]) == (new.operation, new.inputs[1])
    assert old.inputs[0].parent != new.inputs[0].parent
    # `COPY --link`: the copy is the same, what links it is not.
    assert before.steps[8][0] == after.steps[8][0]
    assert before.steps[8][1].inputs[1] == after.steps[8][1].inputs[1]
    assert before.steps[8][1] != after.steps[8][1]


def test_the_same_output_of_a_stage_keeps_the_keys_of_what_takes_it() -> None:
    """BuildKit knows two states of the stage for that output, and the stage's own graph tells which is meant."""
    build = recording("two-stages-same-output")
    assert [place[0][0] for place in build.walk().ambiguous] == ["builder", "builder"]
    assert build.cached[2:6] == [False, False, True, True]
    before, after = keys_of("two-stages"), keys_of("two-stages-same-output")
    assert differing("two-stages", "two-stages-same-output") == [2, 3, 5]
    [old], [new] = before.steps[5], after.steps[5]
    assert old.inputs[1].contents == new.inputs[1].contents
    assert old.inputs[1].parent != new.inputs[1].parent
    assert before.steps[6] == after.steps[6]


def test_what_is_built_again_has_its_keys_again() -> None:
    assert differing("two-stages", "two-stages-again") == []


def test_without_the_graph_of_the_stage_its_steps_are_unknown() -> None:
    build = recording("two-stages-same-output")
    build.walks[1]["records"] = []
    keys, is_whole = build.keys()
    assert not is_whole
    assert [at for at in range(10) if at not in keys.steps] == [2, 3]
    [key] = keys.steps[5]
    assert key.inputs[1] == InputKey(None, keys_of("two-stages").steps[5][0].inputs[1].contents)


def test_stages_of_stages_are_told_apart() -> None:
    first, b, both = keys_of("levels"), keys_of("levels-b"), keys_of("levels-ab")
    assert [at for at in first.steps if first.steps[at] != b.steps[at]] == [4, 5, 6]
    assert [at for at in first.steps if first.steps[at] != both.steps[at]] == [1, 2, 3, 4, 5, 6]
    assert first.steps[4][0].inputs[1].contents == first.steps[3][0].inputs[1].contents, "equal content, equal key"


def test_another_operation_is_an_instruction_an_argument_or_an_option() -> None:
    assert differing("two-stages", "two-stages-arg") == [7, 8, 9]
    before, after = keys_of("two-stages"), keys_of("two-stages-arg")
    [old], [new] = before.steps[7], after.steps[7]
    assert old.operation != new.operation
    assert old.inputs == new.inputs


def test_a_bind_mount_is_known_by_what_is_mounted() -> None:
    assert differing("two-stages", "two-stages-bind") == [7, 8, 9]
    [old], [new] = (keys_of(name).steps[7] for name in ("two-stages", "two-stages-bind"))
    assert old.operation == new.operation
    assert old.inputs[0] == new.inputs[0]
    assert old.inputs[1].contents != new.inputs[1].contents


def test_another_base_is_another_source() -> None:
    before, after = keys_of("two-stages"), keys_of("two-stages-base")
    assert before.steps[0] != after.steps[0]
    # The base was built on for the first time: BuildKit knows it by its layers too, and only its manifest counts.
    assert after.steps[1][0].inputs == (InputKey(None, (after.steps[0][0].operation,)),)
    assert before.steps[1][0].operation == after.steps[1][0].operation
    assert before.steps[2][0].inputs[1] == after.steps[2][0].inputs[1]


def test_an_address_has_a_key_of_its_own_and_one_of_its_content() -> None:
    before, after = keys_of("odd"), keys_of("odd-url")
    source, copy_ = after.steps[7]
    assert source.inputs == ()
    assert source != before.steps[7][0]
    assert copy_.inputs[1].contents != before.steps[7][1].inputs[1].contents
    assert differing("odd", "odd-url") == [7, 8, 9, 10, 11, 12]


def test_equal_instructions_of_two_stages_are_one_step() -> None:
    steps = keys_of("odd").steps
    assert steps[3][0].inputs[0].parent == steps[5][0].inputs[0].parent, "both are on `WORKDIR /app`"
    assert steps[0][0].inputs == (), "WORKDIR on scratch"
    assert steps[1][1].inputs[0].parent is not None


def test_a_graph_that_does_not_fit_is_refused() -> None:
    build = recording("single")
    trace, steps = build.trace(), build.steps()
    records = build.walks[0]["records"]
    for damaged in (
        5,
        [5],
        [{}],
        [{"digest": 5}],
        [{"digest": "x", "inputs": [[{"link": 7}]]}],
        [{"digest": "x", "inputs": 3}],
    ):
        with pytest.raises(UnknownGraphError):
            read_records(damaged)
    assert walk(read_records([]), trace, steps).found == {}
    looping = copy.deepcopy(records)
    looping[0]["inputs"] = [[{"link": 0}], [{"link": 0}]]
    assert len(walk(read_records(looping), trace, steps).found) < 3
    trace.add({"vertexes": [{"digest": "sha256:x", "name": "[9/9] RUN x", "inputs": ["sha256:y"]}]})
    with pytest.raises(UnknownGraphError, match="2 results"):
        walk(read_records(records), trace, trace_steps(trace, build.dockerfile))
