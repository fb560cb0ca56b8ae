"""The critical path of a build as it was observed.

What bounds the build is found backwards: the end waited for the activity that ended last, that one for the last of
those that it needs, and so on to the start; what lies between the end of the one and the start of the next is a gap.
Slack is the total float of the critical path method (Kelley and Walker, "Critical-Path Planning and Scheduling",
1959), with the gaps kept. It says nothing of processors: steps that share them slow each other down, and when one
takes less, what runs beside it may take less too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from layerbench.analysis.critical_path.models import CriticalPath, GapKind, Segment
from layerbench.analysis.critical_path.network import Network, network
from layerbench.analysis.critical_path.overlap import stage_overlaps
from layerbench.results.models import Build


def critical_path(build: Build) -> CriticalPath | None:
    """The path that bounds a build, with slack and parallelism; of a failed build, the path to its failed step.

    None where the record does not say when anything was at work.
    """
    found = network(build)
    if found is None:
        return None
    return CriticalPath(
        segments=tuple(_segments(found)),
        slack_seconds=_step_slack(found),
        busy_seconds=sum(activity.seconds for activity in found.activities),
        elapsed_seconds=found.elapsed_seconds,
        overlaps=stage_overlaps(build.steps),
    )


def _segments(found: Network) -> Iterator[Segment]:
    yield from reversed(tuple(_backwards(found)))


def _backwards(found: Network) -> Iterator[Segment]:
    """The segments from the last to the first; each begins where the one before it ends, whatever the clocks said."""
    reached = found.end.end
    at = found.last_predecessor(found.end)
    gap: GapKind = "after"
    while at is not None:
        activity = found.activities[at]
        before = found.last_predecessor(activity)
        end = min(activity.end, reached)
        if end < reached:
            yield Segment("gap", None, end, reached, gap)
        waited_until = found.begin if before is None else found.activities[before].end
        start = min(max(activity.start, waited_until), end)
        assert activity.kind != "end"  # noqa: S101 - nothing comes behind it
        yield Segment(activity.kind, activity.step, start, end)
        reached, at, gap = start, before, "between"
    yield from _first_gaps(found.begin, reached)


def _first_gaps(begin: float, reached: float) -> Iterator[Segment]:
    if reached > 0:
        yield Segment("gap", None, 0.0, reached, "before-steps")
    if begin < min(reached, 0.0):
        yield Segment("gap", None, begin, min(reached, 0.0), "client-start")


def _step_slack(found: Network) -> dict[int, float]:
    slack: defaultdict[int, float] = defaultdict(lambda: float("inf"))
    by_step: dict[int, float] = {}
    slack[len(found.activities) - 1] = 0.0
    for at in range(len(found.activities) - 1, -1, -1):
        activity = found.activities[at]
        # What nothing waits for, as what ran beside a failed step: until the end.
        own = slack[at] if at in slack else max(0.0, found.end.end - activity.end)
        ready = found.ready(activity)
        for above in activity.after:
            slack[above] = min(slack[above], own + ready - found.activities[above].end)
        if activity.step is not None:
            by_step[activity.step] = min(own, by_step.get(activity.step, own))
    return dict(sorted(by_step.items()))
