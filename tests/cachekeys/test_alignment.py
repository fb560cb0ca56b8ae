"""Which step of a build is which of another, where stages come and go."""

from __future__ import annotations

import pytest

from layerbench.cachekeys.compare import compare_builds
from tests.cachekeys.projects import build, causes

BUILDER = "FROM base:1 AS builder\nCOPY a.txt /\nRUN make\n"
MULTI = BUILDER + "FROM base:1\nCOPY --from=builder /made /made\nCOPY src /srv\n"
SINGLE = "FROM base:1\nCOPY a.txt /\nRUN make\nCOPY src /srv\n"


def told(old: str, new: str) -> dict[str, str]:
    found = causes(compare_builds(build(old), build(new)))
    return {instruction: text for instruction, (_, _, text) in found.items()}


def test_the_only_stage_is_what_the_last_one_was() -> None:
    assert told(MULTI, SINGLE) == {
        "COPY src /srv": "it builds on RUN make, and built on COPY --from=builder /made /made before"
    }
    changed = compare_builds(build(MULTI), build(SINGLE, {"src/x.py": "other"}))
    assert causes(changed)["COPY src /srv"] == ("files", 4, "src/x.py changed (content)")


def test_an_old_stage_is_not_that_of_two_new_ones() -> None:
    found = told(SINGLE, BUILDER + "FROM other:1\nCOPY --from=builder /made /made\nCOPY src /srv\n")
    assert found["COPY src /srv"] == "COPY --from=builder /made /made above it ran"
    new = BUILDER.replace("make", "build") + "FROM base:1\nRUN other\nCOPY src /srv\n"
    assert told(SINGLE, new.replace("COPY src", "COPY --from=builder /x /x\nCOPY src"))["RUN build"] == (
        "the instruction is new"
    )


def test_a_number_is_no_name() -> None:
    """A stage without a name has that of its place, which was another one's before."""
    old = (
        "FROM base:1 AS a\nRUN a\nFROM base:1\nRUN b\nFROM base:1\nCOPY --from=a /x /\nCOPY --from=1 /y /\nRUN end 1\n"
    )
    new = "FROM base:1 AS a\nRUN a\nFROM base:1\nCOPY --from=a /x /\nRUN end 2\n"
    assert told(old, new)["RUN end 2"] == "the instruction changed: `1` is now `2`"


def test_what_is_still_there_became_nothing_else() -> None:
    """A step that hits for another stage is not taken for the earlier self of one that does not."""
    old = "FROM base:1 AS a\nRUN one\nFROM base:1 AS b\nRUN two\n"
    new = "FROM base:1 AS c\nRUN two\nFROM base:1 AS b\nRUN three\nCOPY --from=c /x /\n"
    assert told(old, new)["RUN three"] == "the instruction is new"


@pytest.mark.parametrize("name", ["stage", "Final"])
def test_a_renamed_last_stage_is_the_same(name: str) -> None:
    old = "FROM base:1 AS a\nRUN a\nFROM base:1 AS b\nCOPY --from=a /x /\nRUN one\n"
    new = old.replace("AS b", f"AS {name}").replace("one", "two")
    assert told(old, new) == {"RUN two": "the instruction changed: `one` is now `two`"}
