"""From result files to entries of a history, and back to the causes of what moved."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerbench.analysis.trend.models import Entry, LevelChange, Line
    from layerbench.results.models import Result

_MOST = 12
"""Changes whose cause is looked up, the newest of each line first: each reads two result files."""


def entry_of(result: Result, path: Path) -> Entry:
    """What a history keeps of a run beside its figures."""
    from layerbench.analysis.trend.figures import builder_in_words, machine_in_words
    from layerbench.analysis.trend.models import Entry

    revision = result.revision
    return Entry(
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
        path=str(path.resolve()),
        bench=result.bench.name,
        bench_digest=result.bench.digest,
        started_at=result.started_at,
        complete=result.complete,
        commit=revision.commit if revision else None,
        branch=revision.branch if revision else None,
        is_dirty=revision.is_dirty if revision else None,
        committed_at=revision.committed_at if revision else None,
        machine=machine_in_words(result.machine),
        builder=builder_in_words(result.builder),
        tool_version=result.tool_version,
    )


def with_causes(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines with the causes of their newest changes, where both result files are where they were."""
    known: dict[tuple[str, str, str], str | None] = {}
    left = _MOST
    told: list[Line] = []
    for line in lines:
        changes = list(line.changes)
        for number in range(len(changes) - 1, -1, -1):
            before, after = line.points[changes[number].position - 1].entry, line.points[changes[number].position].entry
            key = (before.digest, after.digest, f"{line.key.variant}/{line.key.scenario}/{line.key.metric}")
            if key not in known:
                if left == 0:
                    break
                left -= 1
                known[key] = _cause(line, changes[number], before, after)
            changes[number] = dataclasses.replace(changes[number], cause=known[key])
        told.append(dataclasses.replace(line, changes=tuple(changes)))
    return tuple(told)


def _cause(line: Line, change: LevelChange, before: Entry, after: Entry) -> str | None:
    from layerbench.analysis.comparison.compare import compare_results
    from layerbench.analysis.comparison.models import Side
    from layerbench.analysis.trend.causes import cause_of
    from layerbench.errors import LayerbenchError
    from layerbench.results.file import read_result
    from layerbench.runner.build_images import image_opener

    try:
        sides = []
        for entry in (before, after):
            path = Path(entry.path)
            if hashlib.sha256(path.read_bytes()).hexdigest() != entry.digest:
                return None
            sides.append(Side(entry.label, read_result(path), line.key.variant, image_opener(path)))
        return cause_of(compare_results(*sides), line.key, change)
    except (LayerbenchError, OSError):
        return None  # a result file that is gone or not readable any more has nothing to tell
