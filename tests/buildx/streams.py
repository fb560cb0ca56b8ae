"""Recorded streams, decoded."""

from __future__ import annotations

from dataclasses import dataclass

from layerbench.buildx.progress import ProgressDecoder
from layerbench.buildx.steps import StepTrace, trace_steps
from layerbench.buildx.trace import Trace
from layerbench.errors import UsageError
from layerbench.instructions import Dockerfile, parse_dockerfile
from tests.buildx.cases import CASES


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a recording says."""

    trace: Trace
    text: tuple[str, ...]
    dockerfile: Dockerfile | None
    steps: tuple[StepTrace, ...]


def recording(engine: str, name: str) -> bytes:
    """The bytes of a recorded stream."""
    return CASES[name].stream_path(engine).read_bytes()


def decode(content: bytes, chunk_bytes: int = 1 << 16) -> tuple[list[dict[str, object]], tuple[str, ...]]:
    """The objects and the text of a stream that comes in chunks."""
    decoder = ProgressDecoder()
    objects: list[dict[str, object]] = []
    for start in range(0, len(content), chunk_bytes):
        objects += decoder.feed(content[start : start + chunk_bytes])
    objects += decoder.close()
    return objects, tuple(decoder.text)


def decoded(engine: str, name: str) -> Decoded:
    """A recording with its steps."""
    objects, text = decode(recording(engine, name))
    trace = Trace()
    for found in objects:
        trace.add(found)
    try:
        dockerfile = parse_dockerfile(CASES[name].dockerfile_path.read_text())
    except UsageError:
        dockerfile = None
    return Decoded(trace, text, dockerfile, trace_steps(trace, dockerfile))


def step(found: Decoded, instruction: str, stage: str | None = None) -> StepTrace:
    """The only step whose instruction begins so."""
    matching = [step for step in found.steps if step.instruction.startswith(instruction) and step.stage == stage]
    assert len(matching) == 1, [step.instruction for step in found.steps]
    return matching[0]


def as_text(steps: tuple[StepTrace, ...]) -> str:
    """Steps in lines to be compared: place | instruction | lines | ran, hit, source or - | inputs."""
    states = {True: "hit", False: "ran", None: "-"}
    rows = []
    for found in steps:
        names = " ".join(part for part in (found.platform, found.stage) if part)
        place = f"{names} {found.index}/{found.count}".strip()
        lines = f"{found.line_start}-{found.line_end}" if found.line_start else "no line"
        state = "source" if found.instruction.startswith("FROM ") else states[found.cached]
        inputs = ",".join(map(str, found.inputs)) or "-"
        rows.append(f"{place} | {found.instruction} | {lines} | {state} | {inputs}\n")
    return "".join(rows)
