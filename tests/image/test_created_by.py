from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.image.created_by import layer_instructions, readable_instruction
from layerbench.image.models import HistoryEntry

HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("created_by", "instruction"),
    [
        ("RUN /bin/sh -c pip install x # buildkit", "RUN pip install x"),
        ("RUN |2 A=x B=/bin/y z /bin/sh -c make   all # buildkit", "RUN make all"),
        ("RUN |1 DEBIAN_FRONTEND=noninteractive /bin/bash -o pipefail -c a |\tb # buildkit", "RUN a | b"),
        ("RUN |1 A=x pip install # buildkit", "RUN |1 A=x pip install # buildkit".removesuffix(" # buildkit")),
        ("|1 VERSION=1 /bin/sh -c curl $VERSION", "RUN curl $VERSION"),
        ("/bin/sh -c apt-get update &&     apt-get install -y curl", "RUN apt-get update && apt-get install -y curl"),
        ("/bin/sh -c #(nop) COPY file:" + HASH + " in / ", "COPY file:… in /"),
        ('/bin/sh -c #(nop)  CMD ["python3"]', 'CMD ["python3"]'),
        ("/bin/sh -c #(nop) ADD multi:" + HASH + " in /srv/ ", "ADD multi:… in /srv/"),
        ("COPY requirements.txt . # buildkit", "COPY requirements.txt ."),
        ("RUN /usr/bin/python -m venv /venv # buildkit", "RUN /usr/bin/python -m venv /venv"),
        ("RUN /bin/sh -c cat <<EOF > /x\nhello\nEOF\n # buildkit", "RUN cat <<EOF > /x hello EOF"),
        ("RUN /bin/bash -exc true", "RUN true"),
        ("WORKDIR /app", "WORKDIR /app"),
        ("# debian.sh --arch 'amd64' out/ 'trixie'", "# debian.sh --arch 'amd64' out/ 'trixie'"),
        ("bazel build ...", "bazel build ..."),
    ],
)
def test_history_reads_as_a_dockerfile(created_by: str, instruction: str) -> None:
    assert readable_instruction(HistoryEntry(created_by, False)) == instruction


def test_an_imported_layer_has_its_comment() -> None:
    assert readable_instruction(HistoryEntry("", False, "Imported from\n -")) == "Imported from -"
    assert readable_instruction(HistoryEntry("", False)) == ""


def entries(*texts: str) -> list[HistoryEntry]:
    return [HistoryEntry(text.removeprefix("-"), text.startswith("-")) for text in texts]


def test_entries_without_a_layer_are_passed_over() -> None:
    history = entries("ADD a", "-ENV x", "RUN b", "-CMD c")
    assert layer_instructions(history, 2) == ("ADD a", "RUN b")


def test_layers_without_an_entry_are_the_first_ones() -> None:
    made_up = HistoryEntry("", False, "buildkit.exporter.image.v0")
    assert layer_instructions([*entries("RUN a", "RUN b"), made_up, made_up], 4) == ("", "", "RUN a", "RUN b")
    assert layer_instructions(entries("RUN a"), 3) == ("", "", "RUN a")
    assert layer_instructions(entries("RUN a", "RUN b", "RUN c"), 2) == ("RUN b", "RUN c")
    assert layer_instructions([], 2) == ("", "")
    assert layer_instructions(entries("RUN a"), 0) == ()


@pytest.mark.parametrize(
    "text", ["|1 " + "/" * 2_000_000, "|1 " + "/a -" * 500_000, "/" + "x" * 3_000_000, "/a" + " -a" * 1_000_000]
)
def test_a_hostile_history_takes_no_time(text: str) -> None:
    started = time.process_time()
    readable_instruction(HistoryEntry(text, False))
    assert time.process_time() - started < 5


@given(st.text(), st.integers(0, 5))
def test_any_text_is_one_line(text: str, count: int) -> None:
    found = layer_instructions([HistoryEntry(text, False)], count)
    assert len(found) == count
    assert all(len(line.splitlines()) <= 1 for line in found)
