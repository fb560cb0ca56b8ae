r"""Impacts as JSON, for programs.

One object, keys in this order; what is not known is null:

- `format_version` (1), `context`, `costs_from` (the result file that the seconds come from)
- `variants[]`, with `--git` the cheapest first:
  - `variant`
  - `commits`, null without `--git`: `commits` (that were looked at), `touching` (that run a step), `seconds`,
    `redeploy_bytes` (means of the rebuilds), `worst_files[]` of `path` and `commits`
  - `files[]`, a set of files whose edit has the same effect, the most expensive first: `groups[]` of `path` (a folder
    ends in `/`) and `file_count`, `file_count`, `steps[]` that run again (`stage`, `index`, `line`, `instruction`,
    `seconds`), `total_seconds`, `redeploy_bytes`
  - `ignorable[]`: `line`, `ignore_file`, `what`, `file_count`, `file_bytes`, `example`, `steps[]`, `warnings[]`
  - `notes[]`
- `notes[]`: sentences

Paths are those from the main context, without a `/` in front; `../` is in front of files of a named context that lie
outside of it. In `worst_files[]`, one with `/` at its end is a submodule. A byte that is no UTF-8 is a lone surrogate,
`\udc80` to `\udcff`.
"""

from __future__ import annotations

import json
from typing import Any

from layerbench.analysis.impact.models import CommitCosts, Effect, Ignorable, Impact
from layerbench.report.explain.json_steps import step_keys

FORMAT_VERSION = 1


def render(impact: Impact) -> str:
    """The impact as JSON in ASCII, with a line break at its end."""
    figures = {
        "format_version": FORMAT_VERSION,
        "context": impact.context,
        "costs_from": impact.costs_from,
        "variants": [
            {
                "variant": one.variant,
                "commits": _commits(one.commits),
                "files": [_effect(effect) for effect in one.effects],
                "ignorable": [_ignorable(ignorable) for ignorable in one.ignorable],
                "notes": one.notes,
            }
            for one in impact.variants
        ],
        "notes": impact.notes,
    }
    return json.dumps(figures, indent=2) + "\n"


def _commits(costs: CommitCosts | None) -> dict[str, Any] | None:
    if costs is None:
        return None
    return {
        "commits": costs.commits,
        "touching": costs.touching,
        "seconds": costs.seconds,
        "redeploy_bytes": costs.redeploy_bytes,
        "worst_files": [{"path": path, "commits": count} for path, count in costs.worst_files],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "groups": [{"path": group.path, "file_count": group.file_count} for group in effect.groups],
        "file_count": effect.file_count,
        "steps": [
            {**step_keys(step), "seconds": seconds}
            for step, seconds in zip(effect.steps, effect.step_seconds, strict=True)
        ],
        "total_seconds": effect.total_seconds,
        "redeploy_bytes": effect.redeploy_bytes,
    }


def _ignorable(ignorable: Ignorable) -> dict[str, Any]:
    return {
        "line": ignorable.line,
        "ignore_file": ignorable.ignore_file,
        "what": ignorable.what,
        "file_count": ignorable.file_count,
        "file_bytes": ignorable.file_bytes,
        "example": ignorable.example,
        "steps": [step_keys(step) for step in ignorable.steps],
        "warnings": ignorable.warnings,
    }
