"""From what the other rooms hand over to the result file's records."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from layerbench.buildx.process import FinishedBuild
from layerbench.buildx.steps import StepTrace, exit_code, is_cancellation, is_context_transfer, trace_steps
from layerbench.buildx.trace import Trace, Vertex, union_nanoseconds
from layerbench.config.models import BenchFile, Edit, Patch, Scenario, Variant
from layerbench.errors import BuildError
from layerbench.image import SavedImage, attribute_layers
from layerbench.instructions import Dockerfile
from layerbench.results.models import Bench, Image, Layer, ScenarioRecord, Step, StepError, VariantRecord

_EXPORT_NAMES = ("exporting to ", "importing to docker", "sending tarball", "pushing ")
_CONTEXT_NAMES = ("[internal] load build context", "[context ")
_EXPLAINING_LINES = 20


def step_records(
    finished: FinishedBuild, dockerfile: Dockerfile | None, scrub: Callable[[str], str] = str
) -> tuple[Step, ...]:
    """A build's steps; those of a failed build keep no hits, for skipped steps are announced as cached too."""
    steps = trace_steps(finished.trace, dockerfile)
    failed = finished.exit_code != 0
    return tuple(_step(step, failed, scrub) for step in steps)


def error_record(
    finished: FinishedBuild, steps: Sequence[Step], timeout_seconds: float | None, scrub: Callable[[str], str]
) -> StepError:
    """Why a build failed.

    Args:
        finished: the build.
        steps: its records, not scrubbed yet: the words of an error are what finds a step's log.
        timeout_seconds: what the variant allows.
        scrub: takes secrets' values out of a text.
    """
    words = [line for line in finished.text if line.startswith("ERROR:")] or list(finished.text[-1:])
    message = words[-1].removeprefix("ERROR:").strip() if words else f"docker exited with {finished.exit_code}"
    tail: Sequence[str] = finished.text[-_EXPLAINING_LINES:]
    code = None
    # Steps beside the one that failed are stopped, and say so as errors of their own.
    failed = next(
        (at for at, step in enumerate(steps) if step.error and is_cancellation(step.error) == finished.timed_out), None
    )
    if failed is not None:
        message = steps[failed].error or message
        tail = _log_tail(finished.trace, message)
        code = exit_code(message)
    if finished.timed_out:
        where = f" in {steps[failed].instruction}" if failed is not None else ""
        message, code = f"it was ended after {timeout_seconds:g} s{where} (`timeout`)", None
    return StepError(failed, code, scrub(message), tuple(map(scrub, tail)))


def export_seconds(trace: Trace) -> float | None:
    """Time in which the image was exported; None where nothing was."""
    intervals = [
        interval
        for vertex in trace.vertices.values()
        if vertex.name.startswith(_EXPORT_NAMES)
        for interval in vertex.intervals
    ]
    return union_nanoseconds(intervals) / 1e9 if intervals else None


def export_started_seconds(trace: Trace) -> float | None:
    """When the export began, from the build's start; None where nothing was exported."""
    span = _span_seconds(trace, (vertex for vertex in trace.vertices.values() if vertex.name.startswith(_EXPORT_NAMES)))
    return span[0] if span else None


def transfer_span_seconds(trace: Trace) -> tuple[float, float] | None:
    """Start of the contexts' transfer from the build's start, and its length; None where none is read."""
    span = _span_seconds(trace, filter(is_context_transfer, trace.vertices.values()))
    return (span[0], span[1] - span[0]) if span else None


def startup_seconds(finished: FinishedBuild) -> float | None:
    """From the process's start to the build's; None where the two clocks cannot both be right."""
    begin = finished.trace.started_nanoseconds()
    if begin is None or finished.started_nanoseconds is None:
        return None
    ends = [end for vertex in finished.trace.vertices.values() for _, end in vertex.intervals]
    seconds = (begin - finished.started_nanoseconds) / 1e9
    is_possible = seconds >= 0 and (max(ends) - finished.started_nanoseconds) / 1e9 <= finished.wall_seconds
    return seconds if is_possible else None


def context_bytes(trace: Trace) -> int | None:
    """Bytes of contexts that were sent to the builder; None where no step reads one."""
    names = {vertex.name for vertex in trace.vertices.values() if vertex.name.startswith(_CONTEXT_NAMES)}
    sent = [found for found in map(trace.transferred_bytes, names) if found is not None]
    return sum(sent) if sent else None


def image_record(saved: SavedImage, dockerfile: Dockerfile, variant: Variant, steps: Sequence[Step]) -> Image:
    """An image's bytes and layers, each layer with the step that made it."""
    made_by = _layer_steps(saved, dockerfile, variant, steps)
    layers = tuple(
        Layer(layer.digest, layer.diff_id, layer.compressed_bytes, layer.uncompressed_bytes, step)
        for layer, step in zip(saved.layers, made_by, strict=True)
    )
    return Image(
        manifest_digest=saved.manifest_digest,
        config_digest=saved.config_digest,
        compressed_bytes=sum(layer.compressed_bytes for layer in layers),
        uncompressed_bytes=sum(layer.uncompressed_bytes for layer in layers),
        compressed_bytes_source=saved.compressed_bytes_source,
        layers=layers,
    )


def bench_record(bench: BenchFile) -> Bench:
    """The bench file as it was resolved, with paths relative to its folder, and a digest of what it measures."""
    variants = tuple(_variant(variant, bench.folder) for variant in bench.variants)
    scenarios = tuple(_scenario(scenario) for scenario in bench.scenarios)
    resolved = json.dumps(
        [[dataclasses.asdict(record) for record in records] for records in (variants, scenarios)],
        sort_keys=True,
    )
    return Bench(
        name=bench.name,
        digest="sha256:" + hashlib.sha256(resolved.encode(errors="surrogateescape")).hexdigest(),
        rounds=bench.rounds,
        variants=variants,
        scenarios=scenarios,
    )


def _span_seconds(trace: Trace, vertices: Iterable[Vertex]) -> tuple[float, float] | None:
    begin = trace.started_nanoseconds()
    intervals = [interval for vertex in vertices for interval in vertex.intervals]
    if begin is None or not intervals:
        return None
    return (min(intervals)[0] - begin) / 1e9, (max(end for _, end in intervals) - begin) / 1e9


def _step(step: StepTrace, failed: bool, scrub: Callable[[str], str]) -> Step:
    return Step(
        stage=step.stage,
        index=step.index,
        count=step.count,
        instruction=step.instruction,
        line_start=step.line_start,
        line_end=step.line_end,
        cached=None if failed and step.cached else step.cached,
        seconds=step.seconds,
        started_seconds=step.started_seconds,
        inputs=step.inputs,
        error=scrub(step.error) if step.error else None,
        platform=step.platform,
        intervals_seconds=step.intervals_seconds,
        reads_context=step.reads_context,
    )


def _log_tail(trace: Trace, error: str) -> tuple[str, ...]:
    vertex = next((vertex for vertex in trace.vertices.values() if vertex.error == error), None)
    return trace.log_tail(vertex.digest)[-_EXPLAINING_LINES:] if vertex else ()


def _layer_steps(
    saved: SavedImage, dockerfile: Dockerfile, variant: Variant, steps: Sequence[Step]
) -> tuple[int | None, ...]:
    stages = dockerfile.chain(variant.target, variant.build_args)
    chain = [instruction for stage in stages for instruction in stage.instructions]
    by_line = {step.line_start: at for at, step in enumerate(steps) if step.line_start is not None}
    by_text = {step.instruction: at for at, step in enumerate(steps)}
    found: list[int | None] = []
    try:
        positions = attribute_layers(saved.history, len(saved.layers), chain)
    except BuildError:  # another frontend than Dockerfile's, which writes a history of its own
        return (None,) * len(saved.layers)
    for position in positions:
        if position is None:
            found.append(None)
            continue
        # Two equal instructions on equal parents are one vertex, which BuildKit prints for one of the stages only.
        instruction = chain[position]
        found.append(by_line.get(instruction.line_start, by_text.get(instruction.text)))
    return tuple(found)


def _variant(variant: Variant, folder: Path) -> VariantRecord:
    return VariantRecord(
        name=variant.name,
        dockerfile=_relative(variant.dockerfile, folder),
        context=_relative(variant.context, folder),
        target=variant.target,
        build_args=dict(variant.build_args),
        build_contexts={
            name: _relative(Path(value), folder) if Path(value).is_absolute() else value
            for name, value in variant.build_contexts.items()
        },
        secrets=tuple(secret.id for secret in variant.secrets),
        ssh=tuple(spec.partition("=")[0] for spec in variant.ssh),
        platform=variant.platform,
        network=variant.network,
        timeout_seconds=variant.timeout_seconds,
        extra_args=variant.extra_args,
    )


def _scenario(scenario: Scenario) -> ScenarioRecord:
    edits = tuple(map(_edit, scenario.edits))
    return ScenarioRecord(scenario.name, scenario.kind, scenario.description, edits, scenario.variants)


def _edit(edit: Edit) -> dict[str, Any]:
    fields: dict[str, Any] = dataclasses.asdict(edit)
    if isinstance(edit, Patch):
        fields = {"diff": edit.diff}
    return {"operation": type(edit).__name__.lower(), **fields}


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder)
