"""Reads the result files that a history's entries were made of."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerbench.analysis.comparison.models import Comparison, Side
    from layerbench.analysis.trend.models import Entry


@functools.cache
def compared(before: Entry, after: Entry, variant: str) -> Comparison | None:
    """Two runs held against each other; None where a result file is gone or another one by now."""
    from layerbench.analysis.comparison.compare import compare_results

    first, second = _side(before, variant), _side(after, variant)
    return compare_results(first, second) if first and second else None


def _side(entry: Entry, variant: str) -> Side | None:
    from layerbench.analysis.comparison.models import Side
    from layerbench.errors import LayerbenchError
    from layerbench.results.file import read_result
    from layerbench.runner.build_images import image_opener

    path = Path(entry.path)
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != entry.digest:
            return None
        return Side(entry.label, read_result(path), variant, image_opener(path))
    except (LayerbenchError, OSError):
        return None
