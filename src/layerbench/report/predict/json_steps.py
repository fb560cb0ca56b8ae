r"""Predictions as JSON, for programs.

One object, keys in this order; what is not known is null:

- `format_version` (1)
- `steps[]`, every step of every variant: `variant`, `stage` (null where the Dockerfile has one only), `index`, `line`,
  `instruction`, `outcome` (`ran`, `hit`), `certainty` (`derived`, or `unknown` where it hangs on what a RUN writes;
  `ran` is the safe answer then), `seconds` (0 for a hit), `cause` (null for a hit, else as in `layerbench explain
  --json`)
- `total_seconds`, `redeploy_bytes`: of the whole build where there is one variant, else null
- `variants[]`: `variant`, `total_seconds`, `redeploy_bytes`, `notes[]`
- `costs_from`: the result file that the times come from
- `notes[]`: sentences
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from layerbench.analysis.predict.models import Prediction
from layerbench.report.explain.json_steps import cause_keys, step_keys

FORMAT_VERSION = 1


def render(predictions: Sequence[Prediction], *, costs_from: str | None = None, notes: Sequence[str] = ()) -> str:
    """The predictions as JSON in ASCII, with a line break at its end."""
    only = predictions[0] if len(predictions) == 1 else None
    figures = {
        "format_version": FORMAT_VERSION,
        "steps": [
            {
                "variant": prediction.variant,
                **step_keys(step.step),
                "outcome": step.outcome,
                "certainty": step.certainty,
                "seconds": step.seconds,
                "cause": cause_keys(step.cause),
            }
            for prediction in predictions
            for step in prediction.steps
        ],
        "total_seconds": only.total_seconds if only else None,
        "redeploy_bytes": only.redeploy_bytes if only else None,
        "variants": [
            {
                "variant": one.variant,
                "total_seconds": one.total_seconds,
                "redeploy_bytes": one.redeploy_bytes,
                "notes": one.notes,
            }
            for one in predictions
        ],
        "costs_from": costs_from,
        "notes": list(notes),
    }
    return json.dumps(figures, indent=2) + "\n"
