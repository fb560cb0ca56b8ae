r"""A comparison as JSON, for programs.

One object, keys in this order; a difference is what head has more, unknown is null:

- `format_version` (1)
- `base`, `head`: `name` (as it was called), `variant` (null for all), `bench`, `digest` (of the bench file),
  `started_at`, `complete`
- `pairs[]`, one for each scenario that two variants have:
  - `variant_base`, `variant_head`, `scenario`, `kind`
  - `time`, null where no round has both: `ratio` (the median of head/base), `interval_low`, `interval_high`, `rounds`,
    `verdict` (`faster`, `slower`, `no-difference`, `undecided`), `base_seconds`, `head_seconds` (medians),
    `difference_seconds`, `p_value`, `noise_floor`, `rounds_needed`, `first_round_is_slow`, `outliers[]` (`side`,
    `round`, `seconds`)
  - `steps_lost[]` (cached in all rounds of base, not so in head), `steps_won[]`: `instruction`, `stage`, `line_base`,
    `line_head`, `seconds`, `rounds_ran`, `rounds`, `cause` (why it ran, back to the first cause; null where what was
    recorded of the build does not tell)
  - `steps_slower[]`, `steps_faster[]` (of the steps that ran on both sides in all rounds): `stage`, `instruction`,
    `line_base`, `line_head`, `ratio`, `interval_low`, `interval_high`, `seconds_base`, `seconds_head` (medians),
    `difference_seconds`, `p_value`, `noise_floor`; `steps_compared` says how many were long enough to be compared
  - `compressed_bytes_base`, `compressed_bytes_head`, `compressed_bytes_delta` (null where the two do not mean the
    same), `uncompressed_bytes_base`, `uncompressed_bytes_head`, `uncompressed_bytes_delta`
  - `redeploy_bytes_base`, `redeploy_bytes_head`: of edits only, medians
  - `attributed`: whether the files of both images were at hand; without them the next four are empty
  - `packages[]`, `layers[]` (those that differ), `unowned[]` (a partition by folder of what belongs to no package),
    `files[]` (the largest differences): as in `layerbench diff --json`; `files_count` says how many files differ
  - `notes[]`
- `findings[]`, `notes[]`: sentences

Paths have no `/` in front; a byte that is no UTF-8 is a lone surrogate, `\udc80` to `\udcff`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from layerbench.analysis.comparison.findings import findings
from layerbench.analysis.comparison.models import Comparison, ScenarioPair, Side, SideFigures, StepTime
from layerbench.report.anatomy.json_rows import objects

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageDiff

FORMAT_VERSION = 1
_MOST_FILES = 20


def render(comparison: Comparison) -> str:
    """The comparison as JSON in ASCII, with a line break at its end."""
    figures = {
        "format_version": FORMAT_VERSION,
        "base": _side(comparison.base),
        "head": _side(comparison.head),
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "findings": findings(comparison),
        "notes": comparison.notes,
    }
    return json.dumps(figures, indent=2) + "\n"


def _side(side: Side) -> dict[str, Any]:
    result = side.result
    return {
        "name": side.name,
        "variant": side.variant,
        "bench": result.bench.name,
        "digest": result.bench.digest,
        "started_at": result.started_at,
        "complete": result.complete,
    }


def _pair(pair: ScenarioPair) -> dict[str, Any]:
    base, head = pair.base, pair.head
    return {
        "variant_base": pair.variant_base,
        "variant_head": pair.variant_head,
        "scenario": pair.scenario,
        "kind": pair.kind,
        "time": _time(pair),
        "steps_lost": [asdict(step) for step in pair.steps_lost],
        "steps_won": [asdict(step) for step in pair.steps_won],
        "steps_slower": [_step_time(step) for step in pair.steps_slower],
        "steps_faster": [_step_time(step) for step in pair.steps_faster],
        "steps_compared": len(pair.step_times),
        "compressed_bytes_base": base.compressed_bytes,
        "compressed_bytes_head": head.compressed_bytes,
        "compressed_bytes_delta": pair.compressed_bytes_delta,
        "uncompressed_bytes_base": base.uncompressed_bytes,
        "uncompressed_bytes_head": head.uncompressed_bytes,
        "uncompressed_bytes_delta": pair.uncompressed_bytes_delta,
        "redeploy_bytes_base": base.redeploy_bytes.median if base.redeploy_bytes else None,
        "redeploy_bytes_head": head.redeploy_bytes.median if head.redeploy_bytes else None,
        **_attribution(pair.diff),
        "notes": pair.notes,
    }


def _time(pair: ScenarioPair) -> dict[str, Any] | None:
    time = pair.time
    if time is None:
        return None
    return {
        "ratio": time.ratio,
        "interval_low": time.interval_low,
        "interval_high": time.interval_high,
        "rounds": time.rounds,
        "verdict": time.verdict,
        "base_seconds": _median(pair.base),
        "head_seconds": _median(pair.head),
        "difference_seconds": time.difference_seconds,
        "p_value": time.p_value,
        "noise_floor": time.noise_floor,
        "rounds_needed": time.rounds_needed,
        "first_round_is_slow": time.first_round_is_slow,
        "outliers": [{"side": one.side, "round": one.round, "seconds": one.seconds} for one in time.outliers],
    }


def _step_time(step: StepTime) -> dict[str, Any]:
    return {
        "stage": step.stage,
        "instruction": step.instruction,
        "line_base": step.line_base,
        "line_head": step.line_head,
        "ratio": step.time.ratio,
        "interval_low": step.time.interval_low,
        "interval_high": step.time.interval_high,
        "seconds_base": step.seconds_base,
        "seconds_head": step.seconds_head,
        "difference_seconds": step.time.difference_seconds,
        "p_value": step.time.p_value,
        "noise_floor": step.time.noise_floor,
    }


def _median(side: SideFigures) -> float | None:
    return side.wall_seconds.median if side.wall_seconds else None


def _attribution(diff: ImageDiff | None) -> dict[str, Any]:
    if diff is None:
        return {"attributed": False, "packages": [], "layers": [], "unowned": [], "files": [], "files_count": None}
    return {
        "attributed": True,
        "packages": list(objects(diff.packages)),
        "layers": list(objects([layer for layer in diff.layers if not layer.is_same])),
        "unowned": list(objects(diff.unowned)),
        "files": list(objects(diff.files[:_MOST_FILES])),
        "files_count": len(diff.files),
    }
