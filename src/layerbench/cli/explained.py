"""Why the steps of a result file's builds ran, out of the file and what lies beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.cachekeys.reading import InputsReader

if TYPE_CHECKING:
    from layerbench.analysis.explain.models import Explanation
    from layerbench.results.models import Result


def explained_result(
    result: Result, path: Path, *, variant: str | None = None, scenario: str | None = None
) -> Explanation:
    """Explain the builds of a result.

    Args:
        result: what is in the file.
        path: of the file.
        variant: only its builds; None for those of all.
        scenario: likewise.

    Raises:
        UsageError: the side file is not there, lacks something, or is damaged.
    """
    from layerbench.analysis.explain.build import explain_result

    reader = InputsReader(path, result)
    return explain_result(result, reader.inputs, reader.keys, variant, scenario)
