"""From the names of two states to two results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from layerbench.ab.buildable import unreadable, without_bases
from layerbench.ab.joining import SIDES, Joined, SideName, choose, join
from layerbench.ab.loading import Side, fitting, load_sides, told_of
from layerbench.ab.rounds import Limits, Measured, measure
from layerbench.ab.splitting import Splitter, SplitWriter
from layerbench.ab.states import States, find_states, lay_out, revisions_of
from layerbench.analysis.checks.limits import Limits as CheckLimits
from layerbench.analysis.checks.limits import known_names, limits_of_bench
from layerbench.analysis.undecided import undecided_times
from layerbench.config.limits import check_names
from layerbench.config.models import BenchFile
from layerbench.errors import EngineError, LayerbenchError, UsageError
from layerbench.results.location import check_place, default_result_path
from layerbench.results.models import Result, Revision
from layerbench.results.side_file import SideFile
from layerbench.runner.connect import Connection
from layerbench.runner.interruption import shielded
from layerbench.runner.lock import engine_lock
from layerbench.runner.observer import Observer
from layerbench.runner.preflight import check_secrets
from layerbench.runner.session import RunOptions
from layerbench.runner.temporary import temporary_folder

Note = Callable[[str], None]
Connect = Callable[[Note], Connection]
"""Gives the connection to the engine; what there is to tell of it is told to its argument."""
_NOTHING_TO_CHECK = "there is nothing to check; add [[budgets]] or [[expectations]]"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured, and how much of it."""

    base: str
    head: str | None
    """None for the working tree."""
    bench_file: Path | None
    variants: tuple[str, ...]
    scenarios: tuple[str, ...]
    limits: Limits
    output: Path | None
    """Folder of the two result files; None for one in the person's state folder."""
    smoke: bool
    budgets: CheckLimits | None = None
    """What head is judged by beside its bench file; None for nothing."""
    must_check: bool = False
    """Whether the bench file has to have something to judge by."""
    reports: tuple[Path, ...] = ()
    """Files that are written in the end, and are no part of the working tree either."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    labels: Mapping[SideName, str]
    results: Mapping[SideName, Result]
    paths: Mapping[SideName, Path]
    measured: Measured
    most_rounds: int
    check_limits: CheckLimits
    """Of the head's bench file, and what was asked for beside it."""
    notes: tuple[str, ...]
    """On what is not compared, and on the two states, each a sentence."""
    left_out: tuple[str, ...]
    """Variants that could not be built at all on one side, each a sentence: failures, though there is no build."""
    folder: Path
    """Of the bench file in the checkout."""
    bench_file: str
    """Its name."""


def measure_states(asked: Asked, connect: Connect, observer: Observer, environment: Mapping[str, str]) -> Outcome:
    """Lay out both states, and build them in turns.

    Raises:
        UsageError: a name, the bench file or the repository is wrong.
        LayerbenchError: the engine failed, or files cannot be written.
        KeyboardInterrupt: it was interrupted; what was measured is in the result files, and nothing else is left.
    """
    states = find_states(asked.base, asked.head, asked.bench_file)
    with temporary_folder(None) as folder:
        observer.preparing("laying out both states")
        return _AB(asked, states, observer, environment, folder).run(connect)


@dataclass(slots=True)
class _AB:
    """One comparison under way."""

    asked: Asked
    states: States
    observer: Observer
    environment: Mapping[str, str]
    folder: Path
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def run(self, connect: Connect) -> Outcome:
        """All of it."""
        asked = self.asked
        own = (*asked.reports, *((asked.output,) if asked.output else ()))
        sides = lay_out(self.states, self.folder, own, self._note)
        joined, check_limits = self._join(sides)
        paths = _result_paths(asked.output, joined.bench.name, self.states.folder)
        connection = connect(self.observer.note)
        with engine_lock(connection.engine.id or "engine", self.observer.note):
            revisions = revisions_of(self.states, self.environment)
            measuring = _Measuring(asked, joined, paths, connection, revisions, self.folder / "layers", self.observer)
            try:
                measured = measuring.run()
            except EngineError:
                if measuring.has_begun:
                    raise
                # Seldom, so that it is asked for only now: on which side is which base not to be had?
                fewer = self._without(joined, sides, connection)
                if fewer is None:
                    raise
                measuring = _Measuring(
                    asked, fewer, paths, connection, revisions, self.folder / "layers", self.observer
                )
                measured = measuring.run()
        return Outcome(
            labels={side: sides[side].label for side in SIDES},
            results=dict(measuring.results),
            paths=paths,
            measured=measured,
            most_rounds=asked.limits.rounds,
            check_limits=check_limits,
            notes=tuple(self.notes),
            left_out=tuple(self.left_out),
            folder=self.states.folder,
            bench_file=self.states.place.name_in(*(side.tree for side in (sides["head"], sides["base"]))),
        )

    def _join(self, sides: Mapping[SideName, Side]) -> tuple[Joined, CheckLimits]:
        asked, place = self.asked, self.states.place
        base, head = load_sides(sides["base"], sides["head"], place, self.environment, self._note)
        # A state without a bench file is judged by the other one's, as that is, before it was fitted to the state.
        owner: SideName = "head" if place.find(sides["head"].tree) else "base"
        with told_of(sides[owner]):
            check_limits = self._limits({"base": base, "head": head}[owner])
            if asked.must_check and not check_limits:
                raise UsageError(f"{place.told()}: {_NOTHING_TO_CHECK}")
        base, head = choose(base, head, asked.variants, asked.scenarios, self._note)
        broken = unreadable({"base": base, "head": head}, sides)
        self._leave_out(broken.values())
        kept = [variant.name for variant in head.variants if variant.name not in broken]
        base, head = choose(base, head, kept, (), _silent)
        base, head = fitting(base, sides["base"], self._note), fitting(head, sides["head"], self._note)
        base, head = choose(base, head, (), (), _silent)  # of those that do not fit, all is said
        for bench in (base, head):
            check_secrets(bench, self.environment)
        self._note_stand_ins(*(_stand_ins(bench, sides[side]) for bench, side in zip((base, head), SIDES, strict=True)))
        return join(base, head), check_limits

    def _limits(self, bench: BenchFile) -> CheckLimits:
        own, more = limits_of_bench(bench, self.states.place.told()), self.asked.budgets
        if more is None:
            return own
        known = known_names(bench)
        check_names(more.budgets, known["variant"], known["scenario"])
        return own.joined_with(more)

    def _note_stand_ins(self, base: Mapping[str, str], head: Mapping[str, str]) -> None:
        # A run has one stand-in for a reference.
        for reference, stand_in in head.items():
            if base.get(reference, stand_in) != stand_in:
                self._note(
                    f"the two bench files name different stand-ins for {reference}: that of the head serves both"
                )

    def _without(self, joined: Joined, sides: Mapping[SideName, Side], connection: Connection) -> Joined | None:
        """What is left without the variants whose bases cannot be had; None where none is missing.

        Raises:
            EngineError: nothing is left.
        """
        self.observer.preparing("finding out which bases cannot be had")
        folder = self.folder / "bases"
        folder.mkdir()
        missing = without_bases(joined, sides, connection, folder)
        if not missing:
            return None
        self._leave_out(missing.values())
        kept = [name for name in joined.variants if name not in missing]
        return join(*choose(joined.sides["base"], joined.sides["head"], kept, (), _silent))

    def _leave_out(self, told: Iterable[str]) -> None:
        for text in told:
            self.left_out.append(text)
            self.observer.note(text)

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.observer.note(text)


class _Measuring:
    """The builds, and the two result files."""

    def __init__(
        self,
        asked: Asked,
        joined: Joined,
        paths: Mapping[SideName, Path],
        connection: Connection,
        revisions: Mapping[SideName, Revision | None],
        folder: Path,
        observer: Observer,
    ) -> None:
        self._asked = asked
        self._joined = joined
        self._paths = paths
        self._connection = connection
        self._observer = observer
        with suppress(FileExistsError):
            folder.mkdir()
        self._layers = SideFile(folder / "joined.layers.zip")
        self._writer = SplitWriter(Splitter(joined, connection.engine.platform, revisions), paths, self._layers)
        self._writer.check_places()

    @property
    def results(self) -> Mapping[SideName, Result]:
        """What was measured."""
        return self._writer.results

    @property
    def has_begun(self) -> bool:
        """Whether anything was measured or written."""
        return self._writer.latest is not None

    def run(self) -> Measured:
        """Build; when that is cut short, say where what was measured is."""
        options = RunOptions(smoke=self._asked.smoke, side_file=self._layers)
        limits, writer = self._asked.limits, self._writer
        try:
            return measure(
                self._joined, self._connection, options, limits, self._observer, writer.save, self._undecided
            )
        except (KeyboardInterrupt, LayerbenchError):
            if self.has_begun:
                self._observer.note(f"what was measured is in {self._paths['base']} and {self._paths['head']}")
            raise
        finally:
            with shielded():
                writer.save_layers(self._observer.note)

    def _undecided(self) -> tuple[str, ...]:
        left = undecided_times(self.results["base"], self.results["head"], self._asked.limits.rounds)
        return tuple(time.told() for time in left)


def _stand_ins(bench: BenchFile, side: Side) -> dict[str, str]:
    """Stand-ins by reference, those in the tree as they are in either tree."""
    return {reference: stand_in.replace(f"{side.tree}/", "") for reference, stand_in in bench.bases.items()}


def _silent(_: str) -> None:
    """For what was told before."""


def _result_paths(output: Path | None, bench_name: str, own_folder: Path) -> dict[SideName, Path]:
    """The two result files, at a place where they can be written.

    Raises:
        UsageError: names the path and the mend.
    """
    folder = default_result_path(bench_name, own_folder).with_suffix(".ab") if output is None else output
    try:
        folder.mkdir(parents=output is None, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{folder} is no folder: give another place with -o") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}; give another place with -o") from None
    paths: dict[SideName, Path] = {side: folder / f"{side}.json" for side in SIDES}
    for path in paths.values():
        check_place(path)
    return paths
