"""One run from its first build to its last: carries out a plan, keeps the result file up to date, and cleans up."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from layerbench.buildx.process import FinishedBuild
from layerbench.config.models import COLD, BenchFile, Run, Variant
from layerbench.errors import EngineError, LayerbenchError
from layerbench.instructions import Dockerfile
from layerbench.plan import Plan, PlannedBuild, PreparedBase, Round, make_plan
from layerbench.results.models import Build, Result, StepError
from layerbench.runner.anatomies import Anatomies
from layerbench.runner.cache_mounts import empty_cache_mounts
from layerbench.runner.connect import Connection
from layerbench.runner.explanations import ExplanationRecorder
from layerbench.runner.health import check_engine
from layerbench.runner.images import ImageReader
from layerbench.runner.interruption import shielded
from layerbench.runner.leftovers import TEMPORARY_REPOSITORY, keep_image, remove_images, remove_stale
from layerbench.runner.observer import Observer
from layerbench.runner.orphans import end_orphans
from layerbench.runner.packages import served_index
from layerbench.runner.records import (
    context_bytes,
    error_record,
    export_seconds,
    export_started_seconds,
    image_record,
    startup_seconds,
    step_records,
    transfer_span_seconds,
)
from layerbench.runner.scrubbing import Scrubber
from layerbench.runner.smoke import smoke_test
from layerbench.runner.sources import FrontendChoice, SourceFinder, Sources, all_bases, find_sources
from layerbench.runner.start import in_planned_order, now
from layerbench.runner.temporary import temporary_folder
from layerbench.runner.validity import WarmBase, invalid_because
from layerbench.runner.variant_builder import VariantBuilder, WarmUpError, slug

if TYPE_CHECKING:
    from layerbench.results.side_file import SideFile


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is asked for beyond the bench file."""

    frontend: FrontendChoice = "auto"
    keep_images: bool = False
    smoke: bool = True
    temporary_folder: Path | None = None
    side_file: SideFile | None = None
    """Where the layers of the images go, and what the builds were made from; None for nowhere."""
    cache_keys: bool = False
    """Ask BuildKit for its own cache keys after each measured build."""


@dataclass(slots=True)
class _State:
    """What a run knows while it goes on."""

    result: Result
    builders: dict[str, VariantBuilder] = field(default_factory=dict)
    all_tags: set[str] = field(default_factory=set)
    built: dict[str, str] = field(default_factory=dict)
    """By the name that an image would be kept by: that of the last round's image."""
    cold: dict[str, Build] = field(default_factory=dict)
    """Each variant's cold build of this round, measured or not."""
    has_begun: bool = False
    """Whether the result file is this run's by now; before, there may be an earlier one in its place."""
    is_complete: bool = False
    examined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Variants whose image was run once, and the cache mounts that were empty then."""


class Session:
    """Carries out one plan on one engine. The engine's lock is the caller's."""

    def __init__(
        self,
        bench: BenchFile,
        connection: Connection,
        options: RunOptions,
        observer: Observer,
        save: Callable[[Result], None],
    ) -> None:
        self._bench = bench
        self._connection = connection
        self._options = options
        self._observer = observer
        self._save = save
        self._run_id = secrets.token_hex(6)
        self._scrub = Scrubber(bench.variants, os.environ)
        self._anatomies = Anatomies(options.side_file, observer.note)
        self._images = ImageReader(connection, self._anatomies)
        self._explaining = ExplanationRecorder(
            connection, self._anatomies, self._scrub, takes_keys=options.cache_keys, observer=observer
        )

    def run(self, start: Result) -> Result:
        """Do every build that `start` has not, and return the whole.

        The result file is written after each build, so that what was measured outlives whatever comes. An
        interruption marks the build under way as cancelled and goes on up, after the clean-up.

        Raises:
            EngineError: the engine died, or a base cannot be had.
            UsageError: an edit does not fit the context, which `layerbench.runner.preflight` would have told.
            KeyboardInterrupt: the run was interrupted.
        """
        state = _State(start)
        self._anatomies.go_on_with(start.images)
        plan = make_plan(self._bench, [(build.variant, build.scenario, build.round) for build in start.builds])
        if not plan.builds:
            self._observer.note("nothing is missing in the result file")
            state.has_begun = state.is_complete = True
            self._finish(state)
            return state.result
        end_orphans()
        remove_stale(self._connection.docker)
        with temporary_folder(self._options.temporary_folder) as folder:
            try:
                self._carry_out(state, plan, folder)
                state.is_complete = True
            finally:
                with shielded():
                    try:
                        self._clean_up(state)
                    finally:
                        self._finish(state)
        return state.result

    def _carry_out(self, state: _State, plan: Plan, folder: Path) -> None:
        sources = self._find_sources(state, folder)
        with served_index(self._bench, self._connection, sources, self._run_id, folder, self._observer) as served:
            self._note(state, served.notes)
            state.all_tags.update(served.tags)
            self._observer.begin(len(plan.builds))
            state.has_begun = True
            self._save(state.result)
            self._make_builders(state, served.sources, folder)
            for a_round in plan.rounds:
                self._round(state, a_round)

    def _find_sources(self, state: _State, folder: Path) -> dict[str, Sources]:
        self._observer.preparing("finding the bases")
        notes: list[str] = []
        finder = SourceFinder(self._connection, self._bench.bases, folder, self._options.frontend, notes.append)
        try:
            sources = find_sources(finder, self._bench)
        finally:
            state.all_tags.update(finder.tags)
        state.result = replace(state.result, bases=all_bases(sources))
        self._note(state, notes)
        return sources

    def _make_builders(self, state: _State, sources: dict[str, Sources], folder: Path) -> None:
        writes_anywhere = any(isinstance(edit, Run) for scenario in self._bench.scenarios for edit in scenario.edits)
        for variant in self._bench.variants:
            state.builders[variant.name] = VariantBuilder(
                self._connection,
                variant,
                sources[variant.name],
                folder,
                writes_anywhere=writes_anywhere,
                on_update=self._observer.build_moves,
            )

    def _round(self, state: _State, a_round: Round) -> None:
        state.cold.clear()
        fresh = {base.variant.name for base in a_round.bases}
        fresh |= {build.variant.name for build in a_round.builds if build.scenario.kind == "cold"}
        for name in fresh:
            state.builders[name].begin_round()
        for base in a_round.bases:
            self._prepare(state, base)
        for planned in a_round.builds:
            self._measure(state, planned)

    def _prepare(self, state: _State, base: PreparedBase) -> None:
        name = base.variant.name
        self._observer.preparing(f"filling the cache of {name}")
        tag = self._tag(state, name, "base")
        finished = state.builders[name].build_cold(tag)
        self._judge(state, PlannedBuild(base.variant, COLD, base.round), finished, tag, None)

    def _measure(self, state: _State, planned: PlannedBuild) -> None:
        try:
            build = self._build(state, planned)
        except KeyboardInterrupt:
            with shielded():
                self._record(state, _unbuilt(planned, "cancelled", None))
            raise
        if build.outcome == "built":
            name, scenario = planned.variant.name, planned.scenario.name
            state.built[kept_name(self._bench.name, name, scenario)] = self._tag(state, name, scenario)
        try:
            build = self._explain(state, build)
        finally:  # the build is measured, whatever comes now
            self._record(state, build)

    def _build(self, state: _State, planned: PlannedBuild) -> Build:
        name, scenario = planned.variant.name, planned.scenario
        cold = state.cold.get(name)
        if cold is not None and cold.error is not None:
            return _unbuilt(planned, "failed", _after_failed_cold(cold))
        builder = state.builders[name]
        base = None
        if scenario.kind == "edit":
            self._observer.preparing(f"bringing the cache of {name} back")
            try:
                base = self._warm_base(builder.warm_up(self._tag(state, name, "base")), cold)
            except WarmUpError as failed:
                check_engine(self._connection.docker, failed.finished)
                return _unbuilt(planned, "failed", self._after_failed_warm_up(failed.finished, planned.variant))
        self._observer.build_begins(planned)
        tag = self._tag(state, name, scenario.name)
        if scenario.kind == "cold":
            finished = builder.build_cold(tag)
        elif scenario.kind == "warm":
            finished = builder.build_warm(tag)
        else:
            finished = builder.build_edited(tag, scenario)
        return self._judge(state, planned, finished, tag, base)

    def _judge(
        self, state: _State, planned: PlannedBuild, finished: FinishedBuild, tag: str, base: WarmBase | None
    ) -> Build:
        """The record of a finished build."""
        variant, kind = planned.variant, planned.scenario.kind
        builder = state.builders[variant.name]
        dockerfile = builder.dockerfile()
        steps = step_records(finished, dockerfile, self._scrub)
        transfer = transfer_span_seconds(finished.trace)
        build = Build(
            variant=variant.name,
            scenario=planned.scenario.name,
            round=planned.round,
            outcome="built" if finished.exit_code == 0 else "failed",
            wall_seconds=finished.wall_seconds,
            export_seconds=export_seconds(finished.trace),
            context_bytes=context_bytes(finished.trace),
            steps=steps,
            warm_base_cached_steps=base.cached_steps if base else None,
            warm_base_steps=base.steps if base else None,
            frontend=builder.sources.frontend,
            startup_seconds=startup_seconds(finished),
            transfer_started_seconds=transfer[0] if transfer else None,
            transfer_seconds=transfer[1] if transfer else None,
            export_started_seconds=export_started_seconds(finished.trace),
        )
        if finished.exit_code == 0:
            image = image_record(self._images.read(finished.trace, tag, variant.platform), dockerfile, variant, steps)
            is_edited = dockerfile != builder.sources.dockerfile
            invalid = invalid_because(kind, steps, base, image.layers, is_dockerfile_edited=is_edited)
            build = replace(build, image=image, invalid=invalid)
        else:
            check_engine(self._connection.docker, finished)
            build = replace(build, error=self._error(finished, dockerfile, variant))
        if kind == "cold":
            state.cold[variant.name] = build
            if build.error is None:
                build = replace(build, empty_cache_mounts=self._after_cold(state, variant, tag))
        return build

    def _explain(self, state: _State, build: Build) -> Build:
        """The record with what the build was made from; the context is still as it was."""
        if build.wall_seconds is None:  # nothing was built
            return build
        builder = state.builders[build.variant]
        build, notes = self._explaining.record(build, builder, self._tag(state, build.variant, build.scenario))
        self._note(state, notes)
        return build

    def _error(self, finished: FinishedBuild, dockerfile: Dockerfile | None, variant: Variant) -> StepError:
        return error_record(finished, step_records(finished, dockerfile), variant.timeout_seconds, self._scrub)

    def _after_failed_warm_up(self, finished: FinishedBuild, variant: Variant) -> StepError:
        error = self._error(finished, None, variant)
        return replace(
            error, step=None, message=f"not built: the unedited context did not build again: {error.message}"
        )

    def _warm_base(self, counts: tuple[int, int], cold: Build | None) -> WarmBase:
        layers = cold.image.layers if cold and cold.image else ()
        return WarmBase(
            *counts,
            diff_ids=frozenset(layer.diff_id for layer in layers),
            instructions=frozenset(step.instruction for step in cold.steps) if cold else (),
        )

    def _after_cold(self, state: _State, variant: Variant, tag: str) -> tuple[str, ...]:
        """What is looked at once for each variant: does its image work, and did its cache mounts fill?"""
        if variant.name in state.examined:
            return state.examined[variant.name]
        builder = state.builders[variant.name]
        empty = empty_cache_mounts(self._connection, builder.sources.dockerfile, variant.target, builder.namespace)
        state.examined[variant.name] = empty
        if empty:
            self._note(state, [_empty_mounts_note(variant.name, empty)])
        if variant.smoke is not None and self._options.smoke:
            self._observer.preparing(f"running the image of {variant.name}")
            test = smoke_test(self._connection.docker, tag, variant.name, variant.smoke, self._run_id)
            test = replace(test, error=self._scrub(test.error) if test.error else None)
            others = tuple(other for other in state.result.smoke_tests if other.variant != variant.name)
            state.result = replace(state.result, smoke_tests=(*others, test))
            if test.error:
                self._observer.note(f"the image of {variant.name} does not work: {test.error}")
        return empty

    def _record(self, state: _State, build: Build) -> None:
        result = replace(state.result, builds=(*state.result.builds, build))
        state.result = replace(result, images=self._anatomies.of_builds(result), side_file=self._anatomies.side_file)
        self._observer.build_ends(build)
        self._save(state.result)

    def _finish(self, state: _State) -> None:
        """Write the result file for the last time, unless the run did not get as far as its first build."""
        state.result = replace(state.result, finished_at=now(), complete=state.is_complete)
        if state.is_complete:
            state.result = in_planned_order(self._bench, state.result)
        if state.has_begun:
            self._save(state.result)

    def _note(self, state: _State, notes: Iterable[str]) -> None:
        fresh = [note for note in notes if note not in state.result.notes]
        state.result = replace(state.result, notes=(*state.result.notes, *fresh))
        for note in fresh:
            self._observer.note(note)

    def _tag(self, state: _State, variant: str, scenario: str) -> str:
        """The name that a build's image has until the end of the run.

        It is the same for what is built again and again in a namespace, which makes the same image. No other image
        takes a name over: with the containerd store that lets its content go while the next build unpacks, which was
        seen to fail ("parent snapshot … does not exist"); the classic store would keep it without a name.
        """
        namespace = state.builders[variant].namespace.id
        tag = f"{TEMPORARY_REPOSITORY}/{slug(variant)}:{namespace.removeprefix('layerbench-')}-{slug(scenario)}"
        state.all_tags.add(tag)
        return tag

    def _clean_up(self, state: _State) -> None:
        """Remove what the run made; of one that was cut short, whatever is there."""
        self._observer.preparing("cleaning up")
        with contextlib.suppress(EngineError):
            if self._options.keep_images:
                for lasting, tag in state.built.items():
                    keep_image(self._connection.docker, tag, lasting)
            if state.is_complete:
                remove_images(self._connection.docker, state.all_tags)
            else:
                remove_stale(self._connection.docker)
        for builder in state.builders.values():
            with contextlib.suppress(LayerbenchError):  # it goes with the temporary folder
                builder.remove()


def kept_name(bench: str, variant: str, scenario: str) -> str:
    """The name by which `--keep-images` leaves an image: that of its last round."""
    return f"layerbench/{slug(bench)}-{slug(variant)}:{slug(scenario)}"


def _unbuilt(planned: PlannedBuild, outcome: Literal["failed", "cancelled"], error: StepError | None) -> Build:
    return Build(
        variant=planned.variant.name,
        scenario=planned.scenario.name,
        round=planned.round,
        outcome=outcome,
        wall_seconds=None,
        export_seconds=None,
        context_bytes=None,
        error=error,
    )


def _after_failed_cold(cold: Build) -> StepError:
    error = cold.error or StepError(None, None, "no reason was given")
    return replace(error, step=None, message=f"not built: the cold build of this round failed: {error.message}")


def _empty_mounts_note(variant: str, empty: tuple[str, ...]) -> str:
    mounts = ", ".join(empty)
    return (
        f"the cache mount {mounts} of {variant} was still empty after its install, as when the package index sends no "
        "caching headers; the figures then say nothing of what such a mount saves (see [index] in the bench file)"
    )
