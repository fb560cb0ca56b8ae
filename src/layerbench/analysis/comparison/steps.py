"""Cached steps that one side has and the other has not, matched across Dockerfiles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

from layerbench.analysis.comparison.models import StepChange
from layerbench.analysis.steps import StepCell, StepKey, is_valid, keyed_steps, scenario_cells
from layerbench.analysis.wording import step_label
from layerbench.results.models import Build

_Match = Callable[[StepKey], Hashable]


def step_changes(base: Sequence[Build], head: Sequence[Build]) -> tuple[tuple[StepChange, ...], tuple[StepChange, ...]]:
    """The steps that head lost from the cache, and those that it won.

    A step is lost where it was cached in all builds of base that count, and in some build of head it ran. A step
    that one side does not have at all is neither: there is nothing to be cached.

    Args:
        base: Builds of one variant in one scenario.
        head: Builds of one variant in the same scenario.
    """
    base_cells, head_cells = scenario_cells(base), scenario_cells(head)
    base_lines, head_lines = _lines(base), _lines(head)
    lost, won = [], []
    for base_key, head_key in match_steps(base_cells, head_cells):
        before, after = base_cells[base_key], head_cells[head_key]
        lines = base_lines.get(base_key), head_lines.get(head_key)
        if before.state == "cached" and after.state in _RAN:
            lost.append(_change(head_key, after, *lines))
        elif before.state in _RAN and after.state == "cached":
            won.append(_change(base_key, before, *lines))
    return tuple(lost), tuple(won)


_RAN = ("ran", "varies")


def match_steps(
    base: Mapping[StepKey, StepCell], head: Mapping[StepKey, StepCell]
) -> Iterator[tuple[StepKey, StepKey]]:
    """Steps of two Dockerfiles that do the same, in the order of head's; sources (FROM) are left out.

    What has the same text in the same stage matches first, then the same text in any stage, then what people would
    call the same (`layerbench.analysis.wording.step_label`): an install with another option is still that install.
    """
    left = [key for key, cell in base.items() if cell.state != "source"]
    right = [key for key, cell in head.items() if cell.state != "source"]
    found: dict[StepKey, StepKey] = {}
    for match in _MATCHES:
        waiting: defaultdict[Hashable, list[StepKey]] = defaultdict(list)
        for key in left:
            waiting[match(key)].append(key)
        for key in right:
            if key not in found and (some := waiting.get(match(key))):
                found[key] = some.pop(0)
        taken = set(found.values())
        left = [key for key in left if key not in taken]
    return ((found[key], key) for key in right if key in found)


_MATCHES: tuple[_Match, ...] = (
    lambda key: key,
    lambda key: (key.platform, " ".join(key.instruction.split())),
    lambda key: (key.platform, step_label(key.instruction)),
)


def _lines(builds: Sequence[Build]) -> dict[StepKey, int | None]:
    return {key: step.line_start for build in builds if is_valid(build) for key, step in keyed_steps(build)}


def _change(key: StepKey, ran: StepCell, line_base: int | None, line_head: int | None) -> StepChange:
    return StepChange(
        instruction=key.instruction,
        stage=key.stage,
        line_base=line_base,
        line_head=line_head,
        seconds=ran.seconds.median if ran.seconds else None,
        rounds_ran=ran.rounds - ran.cached_rounds,
        rounds=ran.rounds,
    )
