"""Why a step ran: the first one that did, through stages and branches."""

from __future__ import annotations

from layerbench.pytest_plugin.reasons import first_that_ran, shorten, told_cached, told_ran
from layerbench.results.models import Step


def step(instruction: str, cached: bool | None, *inputs: int, line: int = 1) -> Step:
    return Step(None, 1, 1, instruction, line, line, cached, 1.0, 0.0, inputs)


# A builder whose COPY is cached and whose bind mount changed, and a final stage that copies from it.
STEPS = (
    step("FROM base", None),
    step("COPY a .", True, 0, line=2),
    step("RUN --mount=type=bind,source=r,target=r make", False, 1, line=3),
    step("COPY --from=builder /x /x", False, 0, 2, line=5),
    step("COPY . .", False, 3, line=6),
    step("RUN apart", True, 0, line=7),
)


def test_the_first_step_that_ran_is_the_reason() -> None:
    assert [first_that_ran(STEPS, at) for at in (2, 3, 4)] == [2, 2, 2]
    assert told_cached(STEPS, 4, "edit") == (
        'not cached: it ran for 1.00 s, for "RUN --mount=type=bind,source=r,target=r make" (line 3) before it ran: '
        "what it mounts changed"
    )
    assert told_ran(STEPS, 2, "edit") == "it ran for 1.00 s, and no step before it did: what it mounts changed"


def test_a_step_whose_stage_was_left_alone_is_cached() -> None:
    assert told_cached(STEPS, 5, "edit") == "cached"
    assert told_ran(STEPS, 5, "edit") == "not run: it was cached"


def test_cold_builds_have_the_same_reason_everywhere() -> None:
    assert told_cached(STEPS, 4, "cold") == "not cached: it ran for 1.00 s, for nothing was cached"


def test_a_command_that_nothing_before_it_changed() -> None:
    alone = (step("FROM base", None), step("RUN date", False, 0))
    assert "its own text or an argument changed, or its cache was lost" in told_cached(alone, 1, "warm")


def test_what_is_told_is_on_one_line_of_printable_characters() -> None:
    assert shorten("RUN a \x1b[31m\n  b") == "RUN a [31m b"
    assert len(shorten("x" * 100)) == 48
