r"""Explanations as JSON, for programs.

One object, keys in this order; what is not known is null:

- `format_version` (1)
- `steps[]`, every step of every build that was explained, rounds that say the same once:
  - `variant`, `scenario`, `rounds[]`
  - `stage` (null where the Dockerfile has one only), `index`, `line`, `instruction`
  - `outcome`: `ran`, `hit`
  - `certainty`: `proven` (BuildKit's own keys say so), `derived` (from Dockerfile, files and options), `unknown`
  - `cause`, null for a hit: `kind` (`files`, `instruction`, `base`, `remote-source`, `option`, `parent`,
    `stage-output`, `cache-missing`, `unknown`), `first` (the step where it began: `stage`, `index`, `line`,
    `instruction`), `text`, `old`, `new`, `files[]` of `path`, `change` (`content`, `mode`, `type`, `target`, `added`,
    `removed`), `old_path` (of what was renamed)
  - `first_cause`: the cause of that first step where it is another one, with the same keys; else null
  - `reason`: why a hit could be one although something above it changed; else null
- `unknown_count`: steps that ran for a cause that is not known
- `notes[]`: sentences

Paths have no `/` in front; a byte that is no UTF-8 is a lone surrogate, `\udc80` to `\udcff`.
"""

from __future__ import annotations

import json
from typing import Any

from layerbench.analysis.explain.models import Cause, Explanation, StepName
from layerbench.report.explain.words import groups

FORMAT_VERSION = 1


def render(explanation: Explanation) -> str:
    """The explanation as JSON in ASCII, with a line break at its end."""
    found = groups(explanation)
    figures = {
        "format_version": FORMAT_VERSION,
        "steps": [
            {
                "variant": step.variant,
                "scenario": step.scenario,
                "rounds": group.rounds,
                **step_keys(step.step),
                "outcome": step.outcome,
                "certainty": step.certainty,
                "cause": cause_keys(step.cause),
                "first_cause": cause_keys(step.first_cause),
                "reason": step.reason,
            }
            for group in found
            for step in group.steps
        ],
        "unknown_count": sum(
            step.cause is not None and step.cause.kind == "unknown" for group in found for step in group.steps
        ),
        "notes": explanation.notes,
    }
    return json.dumps(figures, indent=2) + "\n"


def step_keys(step: StepName) -> dict[str, Any]:
    """A step's place."""
    return {"stage": step.stage, "index": step.index, "line": step.line, "instruction": step.instruction}


def cause_keys(cause: Cause | None) -> dict[str, Any] | None:
    """A cause, with the files that it names."""
    if cause is None:
        return None
    return {
        "kind": cause.kind,
        "first": step_keys(cause.first) if cause.first else None,
        "text": cause.text,
        "old": cause.old,
        "new": cause.new,
        "files": [{"path": one.path, "change": one.change, "old_path": one.old_path} for one in cause.files],
    }
