"""Two results, or two variants of one, held against each other in every scenario that both have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from layerbench.analysis.causes import explain, find_causes
from layerbench.analysis.comparison.comparable import (
    are_interleaved,
    base_image_differences,
    bench_differences,
    is_same_scenario,
    platforms_of,
    why_not_comparable,
    why_times_do_not_compare,
)
from layerbench.analysis.comparison.models import Comparison, ScenarioPair, Side, SideFigures, StepTime
from layerbench.analysis.comparison.pairing import pair_variants
from layerbench.analysis.comparison.redeploy import redeploy_of
from layerbench.analysis.comparison.step_times import compare_build_times
from layerbench.analysis.comparison.steps import step_changes
from layerbench.analysis.comparison.words import side_notes, titles
from layerbench.analysis.figures import VariantFigures, scenario_tables
from layerbench.analysis.paired import PairedTimes
from layerbench.analysis.steps import is_valid
from layerbench.analysis.wording import join_words
from layerbench.errors import LayerbenchError
from layerbench.results.models import Build, Image, Result, ScenarioRecord

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageContents, ImageDiff

_CLAIMED = ("faster", "slower")
_SOURCES = {"manifest": "what a pull transfers", "gzip": "what gzip makes of the layers"}


def compare_results(base: Side, head: Side, *, looks: int = 1) -> Comparison:
    """Hold head against base: every scenario of every variant that both have.

    Where nothing compares there are no pairs, and the notes say why.

    Args:
        base: what is compared with.
        head: what is judged.
        looks: how often the run that made both asked whether one is slower; see `looks_of`.

    Raises:
        UsageError: a side does not have its variant, or the two have no variant in common.
    """
    reasons = why_not_comparable(base.result, head.result)
    if reasons:
        return Comparison(base, head, (), tuple(f"Nothing is compared: {reason}." for reason in reasons))
    variants, one_sided = pair_variants(base, head)
    comparing = _Comparing(base, head, looks)
    pairs = [pair for first, second in variants for pair in comparing.pairs(first, second)]
    notes = (
        *_notes_of_runs(base.result, head.result, has_times=any(pair.time for pair in pairs)),
        *one_sided,
        *comparing.notes,
    )
    return Comparison(base, head, tuple(pairs), tuple(dict.fromkeys(notes)))


def _notes_of_runs(base: Result, head: Result, *, has_times: bool) -> Iterator[str]:
    """What the figures rest on, of the runs as wholes."""
    for name, result in (("Base", base), ("Head", head)):
        if not result.complete:
            yield f"{name} is a run that was cut short or is still under way: some of its builds are missing."
        if base is head:
            break
    yield from bench_differences(base, head)
    yield from base_image_differences(base, head)
    reasons = why_times_do_not_compare(base, head)
    yield from reasons
    if has_times and not reasons and not are_interleaved(base, head):
        yield (
            "Base and head were measured by two runs, one after the other: what changed on the machine in between shows"
            " as a difference in time too."
        )


@dataclass(frozen=True, slots=True)
class _Measured:
    """One variant in one scenario on one side."""

    side: Side
    builds: tuple[Build, ...]
    row: VariantFigures | None
    figures: SideFigures
    build: Build | None
    """The build whose image stands for all."""


class _Comparing:
    """What is looked up again and again while pairs are made."""

    def __init__(self, base: Side, head: Side, looks: int) -> None:
        self._base, self._head, self._looks = base, head, looks
        self._rows = {
            id(side): {
                (table.scenario, row.variant): row for table in scenario_tables(side.result) for row in table.rows
            }
            for side in (base, head)
        }
        self._times_compare = not why_times_do_not_compare(base.result, head.result)
        self._diffs: dict[tuple[str, str], ImageDiff | None] = {}
        self.notes: list[str] = []

    def pairs(self, variant_base: str, variant_head: str) -> Iterator[ScenarioPair]:
        """The scenarios that both variants have; a note for each that only one of them has."""
        first, second = (
            platforms_of(side.result, variant)
            for side, variant in ((self._base, variant_base), (self._head, variant_head))
        )
        if first and second and not first & second:
            self.notes.append(
                f"{titles(variant_base, variant_head)} is not compared: base is for {join_words(sorted(first))} and"
                f" head for {join_words(sorted(second))}."
            )
            return
        before, after = _scenarios(self._base.result, variant_base), _scenarios(self._head.result, variant_head)
        self._note_one_sided(before, after, variant_base, "base")
        self._note_one_sided(after, before, variant_head, "head")
        for name, scenario in before.items():
            if name in after and is_same_scenario(scenario, after[name]):
                yield self._pair(variant_base, variant_head, scenario)

    def _note_one_sided(self, here: Iterable[str], there: Iterable[str], variant: str, where: str) -> None:
        self.notes.extend(
            f'The scenario "{name}" of {variant} is only in {where} and is not compared.'
            for name in here
            if name not in set(there)
        )

    def _pair(self, variant_base: str, variant_head: str, scenario: ScenarioRecord) -> ScenarioPair:
        base = self._measured(self._base, variant_base, scenario.name)
        head = self._measured(self._head, variant_head, scenario.name)
        time, step_times = self._times(base, head)
        lost, won = step_changes(base.builds, head.builds)
        notes = [*side_notes("base", base.row), *side_notes("head", head.row)]
        compressed = _delta(base.figures.compressed_bytes, head.figures.compressed_bytes)
        sources = base.figures.compressed_bytes_source, head.figures.compressed_bytes_source
        if compressed is not None and sources[0] != sources[1]:
            compressed = None
            told = [_SOURCES[source] for source in sources if source is not None]
            notes.append(f"compressed bytes do not compare: base has {told[0]}, head has {told[1]}")
        return ScenarioPair(
            variant_base=variant_base,
            variant_head=variant_head,
            scenario=scenario.name,
            kind=scenario.kind,
            description=scenario.description,
            base=base.figures,
            head=head.figures,
            time=time,
            time_causes=_causes(time, base, head, scenario, *titles_of(variant_base, variant_head)),
            steps_lost=lost,
            steps_won=won,
            compressed_bytes_delta=compressed,
            uncompressed_bytes_delta=_delta(base.figures.uncompressed_bytes, head.figures.uncompressed_bytes),
            diff=self._diff(base, head),
            notes=tuple(notes),
            step_times=step_times,
        )

    def _measured(self, side: Side, variant: str, scenario: str) -> _Measured:
        builds = tuple(one for one in side.result.builds if (one.variant, one.scenario) == (variant, scenario))
        row = self._rows[id(side)].get((scenario, variant))
        build = median_build(builds)
        image = build.image if build else None
        figures = SideFigures(
            wall_seconds=row.wall_seconds if row else None,
            compressed_bytes=image.compressed_bytes if image else None,
            uncompressed_bytes=image.uncompressed_bytes if image else None,
            compressed_bytes_source=image.compressed_bytes_source if image else None,
            redeploy_bytes=redeploy_of(side.result, variant, scenario),
        )
        return _Measured(side, builds, row, figures, build)

    def _times(self, base: _Measured, head: _Measured) -> tuple[PairedTimes | None, tuple[StepTime, ...]]:
        """Of the whole builds, and of the steps."""
        found = compare_build_times(base.builds, head.builds, looks=self._looks)
        if found is None:
            return None, ()
        if self._times_compare:
            return found.total, found.steps
        return replace(found.total, verdict="undecided", p_value=None, rounds_needed=None), ()

    def _diff(self, base: _Measured, head: _Measured) -> ImageDiff | None:
        if base.build is None or head.build is None or base.build.image is None or head.build.image is None:
            return None
        key = base.build.image.config_digest, head.build.image.config_digest
        if key not in self._diffs:
            first, second = self._open(base.side, base.build, "base"), self._open(head.side, head.build, "head")
            self._diffs[key] = _compare_images(first[0], second[0]) if first[0] and second[0] else None
            if not _have_same_layers(base.build.image, head.build.image):
                self.notes.extend(note for _, note in (first, second) if note)
        return self._diffs[key]

    def _open(self, side: Side, build: Build, where: str) -> tuple[ImageContents | None, str]:
        """What is in an image, or a note that says why that is not known."""
        reason = f"the files of {where}'s layers were not kept"
        try:
            contents = side.contents(build)
        except LayerbenchError as error:
            contents, reason = None, str(error)
        return contents, "" if contents else f"Bytes are not told by package and file: {reason}."


def has_failures(comparison: Comparison) -> bool:
    """Whether a build of what is compared failed, on either side."""
    compared = {(id(comparison.base), pair.variant_base, pair.scenario) for pair in comparison.pairs}
    compared |= {(id(comparison.head), pair.variant_head, pair.scenario) for pair in comparison.pairs}
    return any(
        build.outcome == "failed" and (id(side), build.variant, build.scenario) in compared
        for side in (comparison.base, comparison.head)
        for build in side.result.builds
    )


def median_build(builds: Iterable[Build]) -> Build | None:
    """The build whose image stands for several: the median one by its bytes, the lower of the middle two.

    None where no build that counts has an image.
    """
    built = [(build.image, build) for build in builds if is_valid(build) and build.image is not None]
    built.sort(key=lambda one: (one[0].compressed_bytes, one[0].uncompressed_bytes, one[1].round))
    return built[(len(built) - 1) // 2][1] if built else None


def titles_of(variant_base: str, variant_head: str) -> tuple[str, str]:
    """How a sentence calls the two sides: by their variants, or as base and head where those have one name."""
    return ("base", "head") if variant_base == variant_head else (variant_base, variant_head)


def _have_same_layers(base: Image, head: Image) -> bool:
    return [layer.diff_id for layer in base.layers] == [layer.diff_id for layer in head.layers]


def _compare_images(base: ImageContents, head: ImageContents) -> ImageDiff:
    from layerbench.analysis.anatomy.compare import compare_images

    return compare_images(base, head)


def _scenarios(result: Result, variant: str) -> dict[str, ScenarioRecord]:
    """The scenarios that a variant was planned or built in."""
    found = {one.name: one for one in result.bench.scenarios}
    built = [build.scenario for build in result.builds if build.variant == variant]
    for name in built:
        found.setdefault(name, ScenarioRecord(name, "edit"))
    return {
        name: one for name, one in found.items() if one.variants is None or variant in one.variants or name in built
    }


def _delta(base: int | None, head: int | None) -> int | None:
    return None if base is None or head is None else head - base


def _causes(
    time: PairedTimes | None, base: _Measured, head: _Measured, scenario: ScenarioRecord, base_name: str, head_name: str
) -> str:
    if time is None or time.verdict not in _CLAIMED:
        return ""
    is_slower = time.verdict == "slower"
    slow, fast = (head, base) if is_slower else (base, head)
    names = (head_name, base_name) if is_slower else (base_name, head_name)
    causes = find_causes(slow.builds, fast.builds, abs(time.difference_seconds))
    return explain(causes, *names, again=scenario.kind != "cold", past=False)
