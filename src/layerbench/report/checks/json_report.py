"""A check as JSON, for programs.

One object, keys in this order; figures are in the unit that stands beside them, unknown is null:

- `format_version` (1), `verdict` (`ok`, `warning`, `regression`, `refuted`, `error`), `verdict_line`
- `budgets[]`: `key`, `metric`, `unit`, `variant`, `scenario`, `step`, `level`, `outcome` (`ok`, `warning`,
  `regression`, `not-measured`), `value`, `baseline`, `limit`, `sentence`, `causes[]`, `place` (`path`, `line`),
  `lost_steps`, `lacks_baseline`
- `expectations[]`: `claim`, `condition`, `outcome` (`confirmed`, `refuted`, `not-measured`), `evidence`, `level`,
  `place`
- `waste[]`: `kind`, `variant`, `uncompressed_bytes`, `instruction`, `mend`, `optional`, `place`
- `failures[]`, `notes[]`: sentences
"""

from __future__ import annotations

import json
from dataclasses import asdict

from layerbench.analysis.checks.models import CheckReport

FORMAT_VERSION = 1


def render(report: CheckReport) -> str:
    """The report as JSON in ASCII, with a line break at its end."""
    document = {
        "format_version": FORMAT_VERSION,
        "verdict": report.verdict,
        "verdict_line": report.verdict_line,
        "budgets": [{"key": one.key, **asdict(one)} for one in report.budgets],
        "expectations": [asdict(one) for one in report.expectations],
        "waste": [asdict(one) for one in report.waste],
        "failures": report.failures,
        "notes": report.notes,
    }
    return json.dumps(document, indent=2) + "\n"
