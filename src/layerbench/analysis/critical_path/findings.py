"""What a critical path says, as sentences that a person can quote."""

from __future__ import annotations

from layerbench.analysis.critical_path.models import CriticalPath, StageOverlap
from layerbench.analysis.critical_path.what_if import best_what_ifs
from layerbench.analysis.wording import step_label
from layerbench.results.models import Build, Step
from layerbench.units import format_seconds

MOST_WHAT_IFS = 3
_MOST_OVERLAPS = 3
_LEAST_SHARE = 0.01
_LEAST_SECONDS = 0.05


def path_findings(build: Build, path: CriticalPath) -> tuple[str, ...]:
    """How parallel the build was, how far its stages overlap, and what it would take without a step."""
    said = [
        f"{format_seconds(path.busy_seconds)} of work by steps, transfer and export in a build of "
        f"{format_seconds(path.elapsed_seconds)}: {path.parallelism:.2f} at a time"
    ]
    least = max(_LEAST_SECONDS, _LEAST_SHARE * path.elapsed_seconds)
    telling = [overlap for overlap in path.overlaps if overlap.possible_seconds >= least]
    said += map(_overlap, telling[:_MOST_OVERLAPS])
    return (*said, *what_if_sentences(build))


def what_if_sentences(build: Build) -> tuple[str, ...]:
    """What the build would take without the steps that save the most; nothing for a build that failed."""
    if build.outcome != "built":
        return ()
    least = max(_LEAST_SECONDS, _LEAST_SHARE * (build.wall_seconds or 0.0))
    return tuple(
        f"without {_name(build, what_if.positions[0])} the {build.scenario} build takes "
        f"{format_seconds(what_if.seconds)} instead of {format_seconds(what_if.seconds + what_if.saved_seconds)} "
        "(an estimate)"
        for what_if in best_what_ifs(build, MOST_WHAT_IFS)
        if what_if.saved_seconds >= least
    )


def what_if_label(step: Step) -> str:
    """An instruction as short as it can still be recognised, with its keyword."""
    label = step_label(step.instruction)
    keyword = step.instruction.split(maxsplit=1)[0] if step.instruction.strip() else ""
    return label if label.startswith(keyword) else f"{keyword} {label}"


def _name(build: Build, position: int) -> str:
    """A step in a sentence, with its line where another one of the build is called the same."""
    step = build.steps[position]
    label = what_if_label(step)
    is_alone = sum(what_if_label(other) == label for other in build.steps) == 1
    return f"`{label}`" if is_alone or step.line_start is None else f"`{label}` (line {step.line_start})"


def _overlap(overlap: StageOverlap) -> str:
    return (
        f"the stages {overlap.first} and {overlap.second} overlap by {format_seconds(overlap.overlap_seconds)} of "
        f"{format_seconds(overlap.possible_seconds)} possible"
    )
