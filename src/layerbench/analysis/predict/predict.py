"""What a build that is yet to come will take."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from layerbench.analysis.predict.models import ForeseenStep, MeasuredCosts, PredictedStep, Prediction, SameBuilds
from layerbench.analysis.wording import join_words
from layerbench.context.names import shown

NOT_MEASURED = "no build of this variant was measured: seconds and bytes are not known; `layerbench run` measures it"
_SHOWN_STEPS = 3


def predict(variant: str, foreseen: Sequence[ForeseenStep], costs: MeasuredCosts | None) -> Prediction:
    """Seconds and bytes of a build whose steps are known to run or to hit.

    Where a build in which just these steps ran was measured, its times are the prediction. Else the times of single
    steps are put together along the longest path: stages that do not wait for each other run at the same time.

    Args:
        variant: its name.
        foreseen: its steps; `position` is the place in this list.
        costs: what was measured of them; None for nothing.
    """
    ran = frozenset(one.step.position for one in foreseen if one.outcome == "ran")
    same = costs.same_builds.get(ran) if costs else None
    seconds = _step_seconds(ran, costs, same)
    unknown = sorted(ran - seconds.keys())
    fails = [one for one in foreseen if one.missing or one.refusals]
    return Prediction(
        variant=variant,
        steps=tuple(
            PredictedStep(
                one.step,
                one.outcome,
                one.certainty,
                seconds.get(one.step.position) if one.outcome == "ran" else 0.0,
                one.cause,
            )
            for one in foreseen
        ),
        total_seconds=None if fails else _total_seconds(foreseen, ran, seconds, costs, same),
        redeploy_bytes=None if fails else _redeploy_bytes(ran, costs, same),
        notes=(*map(_failure, fails), *_notes(foreseen, unknown, costs)),
    )


def _failure(one: ForeseenStep) -> str:
    where = "" if one.step.line is None else f" at line {one.step.line}"
    is_or_are = "is" if len(one.missing) == 1 else "are"
    missing = [f"{join_words([*map(shown, one.missing)])} {is_or_are} not in the context"] if one.missing else []
    return f"the build will fail{where}: {'; '.join((*missing, *one.refusals))}"


def _step_seconds(ran: Collection[int], costs: MeasuredCosts | None, same: SameBuilds | None) -> dict[int, float]:
    known: Mapping[int, float] = same.step_seconds if same else costs.step_seconds if costs else {}
    return {position: known[position] for position in ran if position in known}


def _total_seconds(
    foreseen: Sequence[ForeseenStep],
    ran: frozenset[int],
    seconds: Mapping[int, float],
    costs: MeasuredCosts | None,
    same: SameBuilds | None,
) -> float | None:
    if same is not None:
        return same.wall_seconds
    if costs is None or ran - seconds.keys():
        return None
    new_layers = [position for position in ran if position in costs.layer_bytes]
    export = sum(costs.export_seconds_by_step.get(position, 0.0) for position in new_layers)
    return (
        costs.other_seconds
        + _longest_path(foreseen, seconds, costs)
        + (costs.new_layer_seconds if new_layers else 0.0)
        + export
    )


def _longest_path(foreseen: Sequence[ForeseenStep], seconds: Mapping[int, float], costs: MeasuredCosts) -> float:
    """From the first step's start to the last one's end, with as many processors as it takes."""
    ends: dict[int, float] = {}
    for one in foreseen:
        at = one.step.position
        ready = max((ends.get(before, 0.0) for before in costs.inputs.get(at, ())), default=0.0)
        # A step waits for what it copies to be hashed only where that was made just before.
        wait = costs.wait_seconds.get(at, 0.0) if at in seconds and ready > 0 else 0.0
        ends[at] = ready + wait + seconds.get(at, 0.0)
    return max(ends.values(), default=0.0)


def _redeploy_bytes(ran: Collection[int], costs: MeasuredCosts | None, same: SameBuilds | None) -> int | None:
    if costs is None:
        return None
    if same is not None and same.redeploy_bytes is not None:
        return same.redeploy_bytes
    if not costs.layer_bytes:
        return 0 if not ran else None
    return sum(costs.layer_bytes.get(position, 0) for position in ran)


def _notes(foreseen: Sequence[ForeseenStep], unknown: Sequence[int], costs: MeasuredCosts | None) -> tuple[str, ...]:
    if costs is None:
        return (NOT_MEASURED,)
    if not unknown:
        return ()
    by_position = {one.step.position: one.step.instruction for one in foreseen}
    named = [f'"{by_position[at]}"' for at in unknown[:_SHOWN_STEPS]]
    if len(unknown) > _SHOWN_STEPS:
        named.append(f"{len(unknown) - _SHOWN_STEPS} more")
    was = "was" if len(unknown) == 1 else "were"
    return (f"{join_words(named)} {was} never measured, so the whole build's seconds are not known",)
