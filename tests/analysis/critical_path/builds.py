"""Builds with planned times, and any builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from layerbench.results.models import Build, Image, Layer, Step


def step(
    start: float | None,
    seconds: float | None,
    inputs: Sequence[int] = (),
    *,
    stage: str | None = None,
    instruction: str = "RUN work",
    cached: bool | None = False,
    **fields: Any,
) -> Step:
    return Step(stage, 1, 1, instruction, 1, 1, cached, seconds, start, tuple(inputs), **fields)


def build(*steps: Step, wall: float | None = None, export: float | None = None, **fields: Any) -> Build:
    return Build("v", "cold", 1, fields.pop("outcome", "built"), wall, export, None, steps, **fields)


def image(*layers: tuple[int, int | None]) -> Image:
    """An image whose layers have so many bytes and were made by the step at that position."""
    return Image(None, "sha256:c", 0, 0, "manifest", tuple(Layer(None, "sha256:d", 0, size, at) for size, at in layers))


TIMES = st.integers(0, 400).map(lambda hundredths: hundredths / 100)


@st.composite
def scheduled(draw: st.DrawFn, most: int = 8) -> Build:
    """A build as BuildKit would carry it out: each step starts some time after the last of its inputs has ended."""
    ends: list[float] = []
    steps: list[Step] = []
    for at in range(draw(st.integers(1, most))):
        inputs = draw(st.sets(st.integers(0, at - 1), max_size=3)) if at else set()
        start = max((ends[above] for above in inputs), default=0.0) + draw(TIMES)
        seconds = draw(TIMES)
        stage = draw(st.sampled_from(["a", "b"]))
        steps.append(step(start, seconds, sorted(inputs), stage=stage, cached=draw(st.sampled_from([False, True]))))
        ends.append(start + seconds)
    export = draw(st.none() | TIMES)
    began = max(ends) + draw(TIMES)
    last = max(ends) if export is None else began + export
    startup, tail = draw(TIMES), draw(TIMES)
    return build(
        *steps,
        wall=startup + last + tail,
        export=export,
        export_started_seconds=None if export is None else began,
        startup_seconds=startup,
    )


ODD_TIMES = st.none() | st.floats(-5, 5) | st.sampled_from([0.0, 1.0])


def odd() -> st.SearchStrategy[Build]:
    """A build of any shape: clocks that went back, inputs that point nowhere or round in a circle, unknown times."""
    interval = st.tuples(st.floats(-1, 5), st.floats(-1, 5))
    odd_step = st.builds(
        step,
        ODD_TIMES,
        ODD_TIMES,
        st.lists(st.integers(-2, 6), max_size=4),
        stage=st.sampled_from([None, "a", "b"]),
        cached=st.sampled_from([None, True, False]),
        intervals_seconds=st.just(()) | st.lists(interval, min_size=2, max_size=3).map(tuple),
        reads_context=st.booleans(),
    )
    times = dict.fromkeys(
        ("startup_seconds", "transfer_started_seconds", "transfer_seconds", "export_started_seconds"), ODD_TIMES
    )
    return st.builds(
        lambda steps, wall, export, fields: build(*steps, wall=wall, export=export, **fields),
        st.lists(odd_step, max_size=6),
        ODD_TIMES,
        ODD_TIMES,
        st.fixed_dictionaries(times),
    )
