"""A badge of an image's compressed bytes, as shields.io's endpoint reads it (https://shields.io/badges/endpoint-badge)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from layerbench.analysis.figures import VariantFigures, scenario_tables
from layerbench.errors import UsageError
from layerbench.report.printable import printable
from layerbench.results.models import Result
from layerbench.units import format_bytes

if TYPE_CHECKING:
    from layerbench.report.interface import Options

LABEL = "image size"


def render(result: Result, options: Options) -> str:
    """The badge of the one variant of the result; see `layerbench.report.interface.Reporter`.

    Raises:
        UsageError: it has several.
    """
    tables = scenario_tables(result)
    names = list(dict.fromkeys(row.variant for table in tables for row in table.rows))
    if len(names) > 1:
        listed = ", ".join(f'"{name}"' for name in names[:5]) + (", ..." if len(names) > 5 else "")
        raise UsageError(f"a badge is of one variant: give --variant, one of {listed}")
    rows = [row for table in tables for row in table.rows]
    message, color = _message(rows)
    return json.dumps({"schemaVersion": 1, "label": LABEL, "message": printable(message), "color": color}) + "\n"


def _message(rows: list[VariantFigures]) -> tuple[str, str]:
    """What the badge says: of the first scenario that made an image, the median."""
    for row in rows:
        if row.compressed_bytes is not None:
            if row.works is False:
                return "broken", "red"
            return format_bytes(row.compressed_bytes.median), "blue"
    return ("build failed", "red") if any(row.counts.failed for row in rows) else ("unknown", "lightgrey")
