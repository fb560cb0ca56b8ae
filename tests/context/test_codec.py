"""Fingerprints as bytes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.context import codec
from layerbench.context.models import Entry, Fingerprint, Problem
from layerbench.errors import UsageError
from tests.context.trees import fingerprint

FINGERPRINT = Fingerprint(
    {
        **fingerprint({"a/b": "1", "a/c/d": "2", "a.b": "3", "l": "-> /é\udcff", "n": None}).entries,
        "ü\udcfe": Entry("file", 0o4755, 1 << 40, None),
    },
    (Problem("ü\udcfe", "cannot be read (Permission denied)"),),
)

names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=6)
modes = st.integers(0, 0o7777)
entries = st.one_of(
    st.builds(
        Entry, st.just("file"), st.integers(0, 0o7777), st.integers(0, 1 << 50), st.sampled_from(["ab" * 32, None])
    ),
    st.builds(Entry, st.just("folder"), modes),
    st.builds(Entry, st.just("link"), st.just(0o777), target=names),
)
fingerprints = st.builds(
    Fingerprint,
    st.dictionaries(st.lists(names, min_size=1, max_size=3).map("/".join), entries, max_size=5),
    st.lists(st.builds(Problem, names, names), max_size=2).map(tuple),
)


@settings(max_examples=50, deadline=None)
@given(fingerprints, fingerprints)
def test_what_is_written_is_read_again(one: Fingerprint, other: Fingerprint) -> None:
    assert codec.decode(codec.encode(one)) == one
    assert codec.decode_delta(codec.encode_delta(one, other), other) == one


def test_bytes_do_not_hang_on_the_order() -> None:
    turned = dataclasses.replace(FINGERPRINT, entries=dict(reversed(FINGERPRINT.entries.items())))
    assert codec.encode(turned) == codec.encode(FINGERPRINT)
    assert codec.decode(codec.encode(FINGERPRINT)) == FINGERPRINT
    assert list(codec.decode(codec.encode(turned)).entries) == ["a", "a/b", "a/c", "a/c/d", "a.b", "l", "n", "ü\udcfe"]


def test_a_delta_is_small() -> None:
    base = fingerprint({f"d/{number}": str(number) for number in range(2000)})
    edited = Fingerprint({**base.entries, "d/7": Entry("file", 0o755, 1, "00" * 32)})
    content = codec.encode_delta(edited, base)
    assert len(content) < 300 < len(codec.encode(edited)) / 100
    assert codec.decode_delta(content, base) == edited
    with pytest.raises(UsageError, match="the difference to another one"):
        codec.decode_delta(content, edited)


def test_damage_is_refused() -> None:
    content = codec.encode(FINGERPRINT)
    for at in range(len(content)):
        with pytest.raises(UsageError):
            codec.decode(content[:at])
        with pytest.raises(UsageError):
            codec.decode(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
    with pytest.raises(UsageError):
        codec.decode(content + b"\0")
    with pytest.raises(UsageError):
        codec.decode_delta(content, FINGERPRINT)


@pytest.mark.parametrize("position", range(12))
def test_wrong_columns_are_refused(position: int) -> None:
    inner = codec.unpack(codec._MAGIC, codec.encode(FINGERPRINT))
    wrong = inner[:position] + bytes([inner[position] ^ 1]) + inner[position + 1 :]
    with pytest.raises(UsageError):
        codec.decode(codec.pack(codec._MAGIC, wrong))
