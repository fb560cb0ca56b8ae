from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.cachekeys.codec import (
    base_member,
    decode_inputs,
    decode_keys,
    encode_inputs,
    encode_keys,
)
from layerbench.cachekeys.models import BuildInputs, BuildKeys, InputKey, Invocation, StepKey
from layerbench.context.models import Entry, Fingerprint, Problem
from layerbench.context.packing import pack, unpack
from tests.cachekeys.strategies import ENTRIES, INPUTS, KEYS, NAMES

BASE = "sha256:" + "ab" * 32
MAGIC = b"layerbench inputs 1\n"


def large(count: int = 300) -> BuildInputs:
    """A build from that many files."""
    entries = {
        f"lib/{number:05}.py": Entry("file", 0o644, number, hashlib.sha256(b"%d" % number).hexdigest())
        for number in range(count)
    }
    return BuildInputs(
        "FROM scratch\nCOPY . .\n", Invocation(), {"": Fingerprint({"lib": Entry("folder", 0o755), **entries})}
    )


def edited(inputs: BuildInputs, changes: dict[str, Entry | None]) -> BuildInputs:
    entries: dict[str, Any] = {**inputs.contexts[""].entries, **changes}
    kept = {path: entry for path, entry in entries.items() if entry is not None}
    return dataclasses.replace(inputs, contexts={**inputs.contexts, "": Fingerprint(kept)})


@settings(max_examples=60, deadline=None)
@given(INPUTS)
def test_inputs_are_read_as_they_were_written(inputs: BuildInputs) -> None:
    content = encode_inputs(inputs)
    assert content == encode_inputs(inputs)
    assert base_member(content) is None
    found = decode_inputs(content)
    assert found == inputs
    for name, fingerprint in inputs.contexts.items():
        assert list(found.contexts[name].entries) == list(fingerprint.entries)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES | st.sampled_from(["lib/00007.py", "lib/00008.py"]), st.none() | ENTRIES, max_size=5))
def test_what_differs_from_another_member_is_read_with_it(changes: dict[str, Entry | None]) -> None:
    base = large()
    inputs = edited(base, changes)
    content = encode_inputs(inputs, (BASE, base))
    assert base_member(content) == BASE
    assert decode_inputs(content, base) == inputs
    assert len(content) < len(encode_inputs(inputs)) / 4
    with pytest.raises(ValueError, match="needs another member"):
        decode_inputs(content)


def test_folders_stay_before_what_is_in_them() -> None:
    base = large()
    inputs = edited(base, {"lib.txt": Entry("folder", 0o755), "lib/00000a": Entry("folder", 0o755)})
    found = list(decode_inputs(encode_inputs(inputs, (BASE, base)), base).contexts[""].entries)
    assert found[:3] == ["lib", "lib/00000.py", "lib/00000a"]
    assert found[-1] == "lib.txt"


def test_a_small_or_a_very_different_context_stands_whole() -> None:
    small = large(20)
    assert base_member(encode_inputs(edited(small, {"lib": None}), (BASE, small))) is None
    base, other = large(300), edited(large(300), {f"lib/{number:05}.py": None for number in range(200)})
    content = encode_inputs(other, (BASE, base))
    assert base_member(content) is None
    assert decode_inputs(content) == other
    new_name = dataclasses.replace(base, contexts={**base.contexts, "assets": base.contexts[""]})
    content = encode_inputs(new_name, (BASE, base))
    assert base_member(content) == BASE
    assert decode_inputs(content, base) == new_name


def test_a_hundred_thousand_files_cost_little_more_than_their_digests_and_an_edit_little() -> None:
    base = large(100_000)
    assert len(encode_inputs(base)) < 100_000 * 32 * 1.35
    assert len(encode_inputs(edited(base, {"lib/00007.py": None}), (BASE, base))) < 1000


@settings(max_examples=60, deadline=None)
@given(KEYS)
def test_keys_are_read_as_they_were_written(keys: BuildKeys) -> None:
    assert decode_keys(encode_keys(keys)) == keys


INPUTS_OF_ONE = BuildInputs(
    "FROM scratch\n",
    Invocation(),
    {
        "": Fingerprint(
            {"a": Entry("file", 0o644, 1, "ab" * 32), "l": Entry("link", 0o777, target="a")}, (Problem("a", "x"),)
        )
    },
)
KEYS_OF_ONE = BuildKeys({1: (StepKey("sha256:a", (InputKey("sha256:b"), InputKey(None, ("sha256:c",)))),)})


def test_damage_anywhere_is_found() -> None:
    for content, decode, whole in (
        (encode_inputs(INPUTS_OF_ONE), decode_inputs, INPUTS_OF_ONE),
        (encode_keys(KEYS_OF_ONE), decode_keys, KEYS_OF_ONE),
    ):
        for at in range(len(content)):
            with pytest.raises(ValueError):
                decode(content[:at])
            try:  # one bit of zstd's header means nothing
                assert decode(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]) == whole
            except ValueError:
                continue
        with pytest.raises(ValueError):
            decode(content + b"x")
    with pytest.raises(ValueError):
        decode_inputs(encode_keys(KEYS_OF_ONE))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["dockerfile"], 5),
        (["more"], 5),
        (["invocation", "target"], 5),
        (["invocation", "secrets"], "token"),
        (["invocation", "build_args"], ["A"]),
        (["bases"], {"a": 5}),
        (["base_member"], BASE),
        (["contexts"], []),
        (["contexts", "", "problems"], [["a"]]),
        (["contexts", "", "files", "paths"], ["a", "a"]),
        (["contexts", "", "files", "paths"], ["a"]),
        (["contexts", "", "files", "kinds"], "fx"),
        (["contexts", "", "files", "kinds"], "ff"),
        (["contexts", "", "files", "modes"], [0o644, 0o10000]),
        (["contexts", "", "files", "modes"], [0o644, -1]),
        (["contexts", "", "files", "sizes"], [True]),
        (["contexts", "", "files", "sizes"], []),
        (["contexts", "", "files", "digests"], "x" * 64),
        (["contexts", "", "files", "targets"], [None]),
        (["contexts", ""], {"changed": {}, "removed": [], "problems": []}),
    ],
)
def test_what_is_not_of_this_version_is_refused(path: list[str], value: object) -> None:
    document = json.loads(unpack(MAGIC, encode_inputs(INPUTS_OF_ONE)))
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(ValueError):
        decode_inputs(pack(MAGIC, json.dumps(document).encode()))


@pytest.mark.parametrize("document", [5, {}, {"steps": 5}, {"steps": [[-1, []]]}, {"steps": [[1, [["a"]]]]}])
def test_keys_of_another_shape_are_refused(document: object) -> None:
    with pytest.raises(ValueError):
        decode_keys(pack(b"layerbench cache keys 1\n", json.dumps(document).encode()))
