"""One bench file out of those of two states: `NAME@base` and `NAME@head` for each variant that both have. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from layerbench.config.models import BenchFile, IndexSettings, Scenario, Variant
from layerbench.config.names import did_you_mean
from layerbench.errors import UsageError

SideName = Literal["base", "head"]
T = TypeVar("T")
SIDES: tuple[SideName, SideName] = ("base", "head")


def name_at(name: str, side: SideName) -> str:
    """The name of a variant in the joined bench file."""
    return f"{name}@{side}"


@dataclass(frozen=True, slots=True)
class Joined:
    """Two bench files as one."""

    bench: BenchFile
    """What is run; `for_round` has the order of one round."""
    sides: Mapping[SideName, BenchFile]
    """What of each side's bench file is in it."""
    variants: tuple[str, ...]
    """Names that both sides have, in the head's order."""
    own_scenarios: Mapping[str, str]
    """By a scenario's name in the joined bench file its own."""

    def for_round(self, number: int) -> BenchFile:
        """The bench file of one round, in which each pair's two builds are neighbours.

        Which of the two is built first changes from round to round, and so does the pair that the round begins with.
        `layerbench.plan` rotates the variants once more, which is taken back here: rotated as one list, the pairs would
        be torn apart, and the base be first in most rounds.
        """
        pairs = _rotated(self.variants, number - 1)
        order = SIDES if number % 2 else SIDES[::-1]
        by_name = {variant.name: variant for variant in self.bench.variants}
        wanted = [by_name[name_at(name, side)] for name in pairs for side in order]
        return replace(self.bench, variants=tuple(_rotated(wanted, 1 - number)), rounds=number)


def choose(
    base: BenchFile,
    head: BenchFile,
    variants: Sequence[str],
    scenarios: Sequence[str],
    note: Callable[[str], None],
) -> tuple[BenchFile, BenchFile]:
    """Cut both down to the variants and scenarios that are asked for and that both have; tell of the others.

    Args:
        base: one side.
        head: the other.
        variants: names; none for all.
        scenarios: names; none for all.
        note: told of what only one side has.

    Raises:
        UsageError: a name that neither has, or nothing is left.
    """
    kept_variants = _common("variant", [_names(bench.variants) for bench in (base, head)], variants, note)
    kept_scenarios = _common("scenario", [_names(bench.scenarios) for bench in (base, head)], scenarios, note)
    for what, kept in (("variant", kept_variants), ("scenario", kept_scenarios)):
        if not kept:
            raise UsageError(f"the two states have no {what} of the same name; there is nothing to compare")
    return _cut(base, kept_variants, kept_scenarios), _cut(head, kept_variants, kept_scenarios)


def join(base: BenchFile, head: BenchFile) -> Joined:
    """Join two bench files that have the same variants and scenarios.

    A scenario that does the same on both sides is one; one whose edits differ becomes one for each side.
    """
    sides: dict[SideName, BenchFile] = {"base": base, "head": head}
    names = _names(head.variants)
    variants = {
        side: {variant.name: replace(variant, name=name_at(variant.name, side)) for variant in bench.variants}
        for side, bench in sides.items()
    }
    scenarios, own = _join_scenarios(sides)
    bench = replace(
        head,
        variants=tuple(variants[side][name] for name in names for side in SIDES),
        scenarios=scenarios,
        bases={**base.bases, **head.bases},
        index=_join_index(base.index, head.index),
    )
    return Joined(bench, sides, names, own)


def _join_scenarios(sides: Mapping[SideName, BenchFile]) -> tuple[tuple[Scenario, ...], dict[str, str]]:
    joined: list[Scenario] = []
    own: dict[str, str] = {}
    base_scenarios = {scenario.name: scenario for scenario in sides["base"].scenarios}
    taken = set(base_scenarios)
    for head_scenario in sides["head"].scenarios:
        name = head_scenario.name
        pair: dict[SideName, Scenario] = {"base": base_scenarios[name], "head": head_scenario}
        where = {side: _at(scenario, sides[side], side) for side, scenario in pair.items()}
        if pair["base"].edits == head_scenario.edits:
            everywhere = all(scenario.variants is None for scenario in pair.values())
            joined.append(replace(head_scenario, variants=None if everywhere else where["base"] + where["head"]))
            own[name] = name
            continue
        for side, scenario in pair.items():
            apart = _unused(f"{name}@{side}", taken)
            joined.append(replace(scenario, name=apart, variants=where[side]))
            own[apart] = name
    return tuple(joined), own


def _at(scenario: Scenario, bench: BenchFile, side: SideName) -> tuple[str, ...]:
    """The joined names of the variants of one side that a scenario is for."""
    names = _names(bench.variants) if scenario.variants is None else scenario.variants
    return tuple(name_at(name, side) for name in names)


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "@"
    taken.add(name)
    return name


def _join_index(base: IndexSettings, head: IndexSettings) -> IndexSettings:
    """One index with what either side installs, served as the head says."""
    return replace(
        head,
        requirements=_union(head.requirements, base.requirements),
        packages=_union(head.packages, base.packages),
        sources=_union(head.sources, base.sources),
    )


def _cut(bench: BenchFile, variants: Sequence[str], scenarios: Sequence[str]) -> BenchFile:
    cut = []
    for scenario in bench.scenarios:
        if scenario.name in scenarios:
            only = None if scenario.variants is None else tuple(v for v in scenario.variants if v in variants)
            cut.append(replace(scenario, variants=only))
    return replace(bench, variants=tuple(v for v in bench.variants if v.name in variants), scenarios=tuple(cut))


def _common(
    what: str, names: Sequence[tuple[str, ...]], wanted: Sequence[str], note: Callable[[str], None]
) -> tuple[str, ...]:
    """The names that both sides have, of those that are asked for."""
    base, head = names
    known = _union(head, base)
    for name in wanted:
        if name not in known:
            raise UsageError(f'no {what} is named "{name}"; {did_you_mean(name, known)}')
    for name in known:
        if wanted and name not in wanted:
            continue
        if name not in base:
            note(f"the {what} {name} is new in the head: there is nothing to compare it with")
        elif name not in head:
            note(f"the {what} {name} is no more in the head: it is left out")
    return tuple(name for name in head if name in base and (not wanted or name in wanted))


def _names(things: Sequence[Variant] | Sequence[Scenario]) -> tuple[str, ...]:
    return tuple(thing.name for thing in things)


def _union(one: Sequence[T], other: Sequence[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _rotated(things: Sequence[T], by: int) -> tuple[T, ...]:
    by %= len(things) or 1
    return (*things[by:], *things[:by])
