"""Puts the first cause beside each cached step that a comparison lost or won."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerbench.analysis.comparison.models import Comparison
    from layerbench.analysis.explain.lost import LostStep
    from layerbench.results.models import Result


def explained(comparison: Comparison, base_path: Path, head_path: Path) -> Comparison:
    """The comparison with causes, as far as the side files of the two result files tell them."""
    from layerbench.analysis.comparison.first_causes import with_first_causes

    if not any(pair.steps_lost or pair.steps_won for pair in comparison.pairs):
        return comparison
    return with_first_causes(
        comparison, _causes(base_path, comparison.base.result), _causes(head_path, comparison.head.result)
    )


def _causes(path: Path, result: Result) -> Mapping[LostStep, str]:
    from layerbench.analysis.explain.lost import first_causes
    from layerbench.cli.explained import explained_result
    from layerbench.errors import UsageError

    try:
        return first_causes(explained_result(result, path))
    except UsageError:
        return {}  # without its side file a result still compares; only the causes are not told
