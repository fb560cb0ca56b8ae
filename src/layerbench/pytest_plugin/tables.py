"""The steps of a build as a table, for the report of a failed test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layerbench.pytest_plugin.reasons import Causes, Kind, first_that_ran, nothing_known, shorten, why_it_ran
from layerbench.results.models import Build, Image, Step
from layerbench.units import format_bytes, format_seconds

_STEP_LENGTH = 60
_HEADERS = ("line", "step", "time", "compressed")


def counts(build: Build) -> str:
    """How many of a build's steps were cached: `3 of 4 steps cached`."""
    states = [step.cached for step in build.steps if step.cached is not None]
    return f"{sum(states)} of {len(states)} steps cached"


def steps_table(build: Build, kind: Kind, causes: Causes = nothing_known) -> str:
    """Every step with `cached` or its seconds and the bytes of its layer, and why the first that ran did.

    Args:
        build: the record.
        kind: what the build started from.
        causes: what is known of single steps.
    """
    rows = [_HEADERS, *_rows(build)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADERS))]
    lines = [
        f"  {row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}".rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *_totals(build), *_reasons(build.steps, kind, causes)])


def largest_parts(image: Image, steps: Sequence[Step], most: int) -> list[str]:
    """The base and the layers above it with the most compressed bytes, a line each, the largest first."""
    base = [layer for layer in image.layers if layer.step is None]
    parts = [
        (layer.compressed_bytes, layer.uncompressed_bytes, shorten(steps[layer.step].instruction))
        for layer in image.layers
        if layer.step is not None
    ]
    if base:
        compressed, uncompressed = (
            sum(layer.compressed_bytes for layer in base),
            sum(layer.uncompressed_bytes for layer in base),
        )
        parts.append((compressed, uncompressed, "the base"))
    parts.sort(key=lambda part: part[0], reverse=True)
    return [
        f"  {format_bytes(compressed):>8} compressed, {format_bytes(uncompressed):>8} uncompressed: {name}"
        for compressed, uncompressed, name in parts[:most]
    ]


def slowest_steps(steps: Sequence[Step], most: int) -> list[str]:
    """The steps that ran longest, a line each."""
    ran = sorted((step for step in steps if step.cached is False), key=lambda step: step.seconds or 0, reverse=True)
    return [f"  {_time(step):>8}: {shorten(step.instruction)}" for step in ran[:most]]


def _rows(build: Build) -> Iterator[tuple[str, str, str, str]]:
    layers = {layer.step: layer for layer in build.image.layers} if build.image else {}
    stage: str | None = None
    for at, step in enumerate(build.steps):
        if step.stage is not None and step.stage != stage:
            yield "", shorten(f"[{step.stage}]", _STEP_LENGTH), "", ""
        stage = step.stage
        size = format_bytes(layers[at].compressed_bytes) if at in layers else ""
        line = "" if step.line_start is None else str(step.line_start)
        yield line, shorten(step.instruction, _STEP_LENGTH), _time(step), size


def _time(step: Step) -> str:
    if step.error is not None:
        return "failed"
    if step.cached is not False:
        return "cached" if step.cached else "-"
    return "ran" if step.seconds is None else format_seconds(step.seconds)


def _totals(build: Build) -> Iterator[str]:
    if build.image is not None:
        image = build.image
        base = sum(layer.compressed_bytes for layer in image.layers if layer.step is None)
        yield (
            f"image: {format_bytes(image.compressed_bytes)} compressed, {format_bytes(base)} of it the base; "
            f"{format_bytes(image.uncompressed_bytes)} uncompressed; {len(image.layers)} layers"
        )


def _reasons(steps: Sequence[Step], kind: Kind, causes: Causes) -> Iterator[str]:
    """A line for each step that ran with none before it that did."""
    if kind == "cold":
        return
    for at, step in enumerate(steps):
        if step.cached is False and first_that_ran(steps, at) == at:
            yield f'"{shorten(step.instruction)}" ran, {why_it_ran(steps, at, kind, causes)}'
