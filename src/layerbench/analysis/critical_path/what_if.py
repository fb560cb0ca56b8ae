"""What a build would take without some of its steps.

The observed build is scheduled again: every activity starts as long after the last of those that it waits for as it
did, and takes as long as it did; a step that is gone takes nothing, and what waits for it waits for its inputs. Its
part of the export goes with it, by the uncompressed bytes of its layer.

That is an estimate: without the step, what runs beside it may get more of the processors, `COPY --from` may find less
to copy, and other steps may fail.
"""

from __future__ import annotations

from collections.abc import Collection

from layerbench.analysis.critical_path.models import WhatIf
from layerbench.analysis.critical_path.network import Activity, Network, network
from layerbench.results.models import Build

_FIXED_EXPORT_BYTES = 1_000_000
"""What an export does beside its layers (manifest, config, name) takes about as long as a layer of so many bytes."""


def what_if_without(build: Build, positions: Collection[int]) -> float | None:
    """Seconds that the build would take without the steps at these positions; None where times are not known."""
    found = network(build)
    return None if found is None else _elapsed_without(build, found, positions)


def best_what_ifs(build: Build, count: int | None = None) -> tuple[WhatIf, ...]:
    """The build without each single step that ran and on which it depends, those that save the most first.

    Args:
        build: a build that was built.
        count: how many at most; None for all.
    """
    found = network(build)
    if found is None:
        return ()
    elapsed = found.elapsed_seconds
    candidates = sorted({activity.step for activity in found.activities if activity.step is not None})
    what_ifs = []
    for position in candidates:
        if build.steps[position].cached is False:
            seconds = _elapsed_without(build, found, (position,))
            what_ifs.append(WhatIf((position,), seconds, elapsed - seconds))
    what_ifs = [what_if for what_if in what_ifs if what_if.saved_seconds > 0]
    return tuple(sorted(what_ifs, key=lambda what_if: what_if.seconds)[:count])


def _elapsed_without(build: Build, found: Network, positions: Collection[int]) -> float:
    gone = set(positions)
    readers = [at for at, step in enumerate(build.steps) if step.reads_context]
    is_transfer_gone = bool(readers) and gone.issuperset(readers)
    export_share = _export_share_left(build, gone)
    ends: list[float] = []
    for activity in found.activities:
        ready = max((ends[at] for at in activity.after), default=0.0)
        gap = activity.start - found.ready(activity)
        seconds = activity.seconds
        if activity.step in gone:
            gap, seconds = (0.0 if activity.owns_gap else gap), 0.0
        elif activity.kind == "transfer" and is_transfer_gone:
            seconds = 0.0
        elif activity.kind == "export":
            seconds *= export_share
        ends.append(_not_later(activity, ready + gap + seconds))
    return min(found.elapsed_seconds, max(0.0, ends[-1] - found.begin))


def _not_later(activity: Activity, end: float) -> float:
    """Within what was observed: sums of floats differ by their order, and clocks may have said what cannot be."""
    return min(activity.end, max(0.0, end))


def _export_share_left(build: Build, gone: Collection[int]) -> float:
    """The share of the export's time that is left; layers that were there before took no part in it."""
    layers = build.image.layers if build.image else ()
    new = [
        layer
        for layer in layers
        if layer.step is not None and 0 <= layer.step < len(build.steps) and build.steps[layer.step].cached is False
    ]
    whole = _FIXED_EXPORT_BYTES + sum(layer.uncompressed_bytes for layer in new)
    return 1 - sum(layer.uncompressed_bytes for layer in new if layer.step in gone) / whole
