"""What a history keeps of a run beside its figures."""

from __future__ import annotations

from layerbench.analysis.trend.figures import builder_in_words, machine_in_words
from layerbench.analysis.trend.models import Entry
from layerbench.results.models import Result


def entry_of(result: Result, path: str, digest: str) -> Entry:
    """A run as an entry.

    Args:
        result: of the run.
        path: where its file is.
        digest: the file's sha256, in hexadecimal.
    """
    revision = result.revision
    return Entry(
        digest=digest,
        path=path,
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
