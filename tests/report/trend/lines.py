"""Lines as they are shown, made by hand."""

from __future__ import annotations

from layerbench.analysis.trend.models import Entry, Line, LineKey, Point
from tests.history.factory import commit_id


def line(
    *days: int,
    bench: str = "web",
    definition: str = "d1",
    conditions: str = "x86_64, 2 CPUs, 8 GB; docker driver, containerd store",
    **fields: object,
) -> Line:
    """A line of times with a point on each of some days of March."""
    key = LineKey(bench, "multi", "cold", "seconds", definition, conditions)
    return Line(key, tuple(point(day, **fields) for day in days), ())


def point(day: int, **fields: object) -> Point:
    moment = f"2026-03-{day:02}T09:00:00+00:00"
    words: dict[str, object] = {
        "commit": commit_id(day),
        "branch": "main",
        "is_dirty": False,
        "committed_at": moment,
        "started_at": moment,
    }
    entry = Entry(
        digest=f"{day:064}",
        path=f"/results/{day}.json",
        bench="web",
        bench_digest="sha256:1",
        complete=True,
        machine="x86_64, 2 CPUs, 8 GB",
        builder="docker driver, containerd store",
        tool_version="0.1.0",
        **(words | fields),  # type: ignore[arg-type]
    )
    return Point(entry, 3.0, 2.9, 3.1, 5)
