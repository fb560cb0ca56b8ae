"""Explanations of whole results: each build against the one that it is to be held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from layerbench.analysis.explain.explainer import KnownBuild, explain_build
from layerbench.analysis.explain.models import ExplainedStep, Explanation
from layerbench.analysis.explain.own_cache import with_own_causes
from layerbench.cachekeys.models import BuildInputs, BuildKeys
from layerbench.cachekeys.planning import plan_steps
from layerbench.cachekeys.steps import BuildPlan
from layerbench.errors import UsageError
from layerbench.results.models import Build, Result

__all__ = ["KnownBuild", "explain_build", "explain_pair", "explain_result", "explain_results", "reference_build"]

InputsOf = Callable[[Build], BuildInputs | None]
KeysOf = Callable[[Build], BuildKeys | None]


def explain_result(
    result: Result, inputs_of: InputsOf, keys_of: KeysOf, variant: str | None = None, scenario: str | None = None
) -> Explanation:
    """Explain the builds of a result, each against the build that filled its cache.

    Args:
        result: to explain.
        inputs_of: what a build was made from, where it was kept.
        keys_of: BuildKit's keys of a build, where they were kept.
        variant: only this one.
        scenario: only this one.
    """
    kinds = scenario_kinds(result)
    shelf = _Shelf(inputs_of, keys_of)
    steps: list[ExplainedStep] = []
    notes: list[str] = []
    for build in _chosen(result.builds, variant, scenario):
        if build.outcome != "built":
            notes.append(_not_built(build))
            continue
        filler = reference_build(result, build)
        reference = shelf.known(filler) if filler is not None else None
        known = shelf.known(build)
        is_cold = kinds.get(build.scenario) == "cold"
        if not is_cold:
            notes += _gaps(known, reference)
        steps += explain_build(known, reference, is_cold=is_cold)
    return Explanation(tuple(steps), tuple(dict.fromkeys(notes)))


def explain_pair(base: KnownBuild, head: KnownBuild, *, is_cold: bool = False) -> Explanation:
    """Explain each step of `head` against `base`: two builds of one result, of two results, or of two git states.

    Args:
        base: what it is held against.
        head: to explain.
        is_cold: whether `head` began with an empty cache: what is the same as in `base` is then `cache-missing`.
    """
    if head.build.outcome != "built":
        return Explanation((), (_not_built(head.build),))
    return Explanation(explain_build(head, base, is_cold=is_cold), tuple(_gaps(head, base)))


def explain_results(
    base: Result,
    head: Result,
    base_known: tuple[InputsOf, KeysOf],
    head_known: tuple[InputsOf, KeysOf],
    variant: str | None = None,
    scenario: str | None = None,
) -> Explanation:
    """Explain the builds of `head` against those of the same variant and scenario of `base`.

    Args:
        base: the earlier result.
        head: to explain.
        base_known: what the builds of `base` were made from, and their keys.
        head_known: the same of `head`.
        variant: only this one.
        scenario: only this one.
    """
    kinds = scenario_kinds(head)
    before, after = _Shelf(*base_known), _Shelf(*head_known)
    steps: list[ExplainedStep] = []
    notes: list[str] = []
    for build in _chosen(head.builds, variant, scenario):
        same = _same_build(base, build)
        if same is None:
            notes.append(f"{_name(build)} is not in the base, so it is not explained.")
            continue
        is_cold = kinds.get(build.scenario) == "cold"
        known = after.known(build)
        found = explain_pair(before.known(same), known, is_cold=is_cold)
        notes += found.notes
        filler = reference_build(head, build)
        own = after.known(filler) if filler is not None else None
        steps += found.steps if is_cold else with_own_causes(found.steps, known, own)
    return Explanation(tuple(steps), tuple(dict.fromkeys(notes)))


def reference_build(result: Result, build: Build) -> Build | None:
    """The build whose steps a build could hit: for an edit the warm one, for the warm one the cold one, else None."""
    kinds = scenario_kinds(result)
    wanted = {"edit": ("warm", "cold"), "warm": ("cold",)}.get(kinds.get(build.scenario, "edit"), ())
    candidates = [
        other
        for other in result.builds
        if other.variant == build.variant and other.outcome == "built" and kinds.get(other.scenario) in wanted
    ]
    return min(
        candidates,
        key=lambda other: (other.round != build.round, wanted.index(kinds[other.scenario]), other.round),
        default=None,
    )


class _Shelf:
    """What builds were made from, and their plans: rounds often share them."""

    def __init__(self, inputs_of: InputsOf, keys_of: KeysOf) -> None:
        self._inputs_of, self._keys_of = inputs_of, keys_of
        self._plans: dict[str, tuple[BuildInputs, BuildPlan | None]] = {}

    def known(self, build: Build) -> KnownBuild:
        """A build with all that is known of it."""
        found = self._plans.get(build.inputs) if build.inputs is not None else None
        if found is None:
            inputs = self._inputs_of(build)
            if inputs is None:
                return KnownBuild(build, None, self._keys_of(build))
            found = inputs, _plan(inputs)
            if build.inputs is not None:
                self._plans[build.inputs] = found
        return KnownBuild(build, found[0], self._keys_of(build), found[1])


def _plan(inputs: BuildInputs) -> BuildPlan | None:
    try:
        return plan_steps(inputs)
    except UsageError:
        return None


def scenario_kinds(result: Result) -> dict[str, str]:
    """`cold`, `warm` or `edit` by scenario."""
    return {scenario.name: scenario.kind for scenario in result.bench.scenarios}


def _chosen(builds: Iterable[Build], variant: str | None, scenario: str | None) -> list[Build]:
    return [
        build
        for build in builds
        if (variant is None or build.variant == variant) and (scenario is None or build.scenario == scenario)
    ]


def _same_build(result: Result, build: Build) -> Build | None:
    same = [
        other
        for other in result.builds
        if (other.variant, other.scenario) == (build.variant, build.scenario) and other.outcome == "built"
    ]
    return min(same, key=lambda other: (other.round != build.round, other.round), default=None)


def _gaps(known: KnownBuild, reference: KnownBuild | None) -> list[str]:
    """What is missing for a full explanation."""
    if reference is None:
        return [f"{_name(known.build)}: no build of the result filled its cache, so causes are taken from its record."]
    without = [side.build for side in (known, reference) if side.inputs is None]
    return [
        f"{_name(build)}: what it was made from was not recorded, so causes are taken from the records."
        for build in without[:1]
    ]


def _not_built(build: Build) -> str:
    return f"{_name(build)} {build.outcome}, and has no cache hits to explain."


def _name(build: Build) -> str:
    return f"{build.variant}, {build.scenario}, round {build.round}"
