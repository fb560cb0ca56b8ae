"""Critical paths as JSON: `critical_paths[]` of `layerbench report --critical-path --format json`.

One object a variant and scenario; times are seconds, positions are those in the build's `steps[]`:

- `variant`, `scenario`, `round`, `outcome`, `reason` (why this round)
- `elapsed_seconds`, `busy_seconds`, `parallelism`; null where the record has no times
- `segments[]`, from the client's start to its end without holes: `kind` (`step`, `transfer`, `export`, `gap`), `gap`
  (`client-start`, `before-steps`, `between`, `after`; null for what is no gap), `start_seconds`, `end_seconds` (from
  the build's start, so below 0 while the client starts), `seconds`, and the step (null for what is none)
- `slack[]`: `slack_seconds`, `seconds` and the step, for all steps that were at work
- `overlaps[]`: `first`, `second` (stages), `overlap_seconds`, `possible_seconds`
- `what_ifs[]`: `seconds` of the build without the step, `saved_seconds`, and the step; the most saved first
- `findings[]`: sentences

A step is `position`, `platform`, `stage`, `instruction`, `line_start`, `line_end`, `cached`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from layerbench.analysis.critical_path.choose import ChosenBuild, chosen_builds
from layerbench.analysis.critical_path.findings import path_findings
from layerbench.analysis.critical_path.models import CriticalPath, Segment
from layerbench.analysis.critical_path.path import critical_path
from layerbench.analysis.critical_path.what_if import best_what_ifs
from layerbench.results.models import Build, Result


def critical_paths(result: Result) -> list[dict[str, Any]]:
    """The critical path of one build for each variant and scenario."""
    return [_build(chosen) for chosen in chosen_builds(result)]


def _build(chosen: ChosenBuild) -> dict[str, Any]:
    build = chosen.build
    path = critical_path(build)
    about = {
        "variant": build.variant,
        "scenario": build.scenario,
        "round": build.round,
        "outcome": build.outcome,
        "reason": chosen.reason,
    }
    return {**about, **(_unknown() if path is None else _path(build, path))}


def _unknown() -> dict[str, Any]:
    lists = ("segments", "slack", "overlaps", "what_ifs", "findings")
    return {"elapsed_seconds": None, "busy_seconds": None, "parallelism": None, **{name: [] for name in lists}}


def _path(build: Build, path: CriticalPath) -> dict[str, Any]:
    what_ifs = best_what_ifs(build) if build.outcome == "built" else ()
    return {
        "elapsed_seconds": path.elapsed_seconds,
        "busy_seconds": path.busy_seconds,
        "parallelism": path.parallelism,
        "segments": [_segment(build, segment) for segment in path.segments],
        "slack": [
            {"slack_seconds": slack, "seconds": build.steps[at].seconds, "step": _step(build, at)}
            for at, slack in path.slack_seconds.items()
        ],
        "overlaps": [asdict(overlap) for overlap in path.overlaps],
        "what_ifs": [
            {"seconds": one.seconds, "saved_seconds": one.saved_seconds, "step": _step(build, one.positions[0])}
            for one in what_ifs
        ],
        "findings": path_findings(build, path),
    }


def _segment(build: Build, segment: Segment) -> dict[str, Any]:
    return {
        "kind": segment.kind,
        "gap": segment.gap,
        "start_seconds": segment.start_seconds,
        "end_seconds": segment.end_seconds,
        "seconds": segment.seconds,
        "step": None if segment.step is None else _step(build, segment.step),
    }


def _step(build: Build, position: int) -> dict[str, Any]:
    step = build.steps[position]
    return {
        "position": position,
        "platform": step.platform,
        "stage": step.stage,
        "instruction": step.instruction,
        "line_start": step.line_start,
        "line_end": step.line_end,
        "cached": step.cached,
    }
