"""From two names of states to two results: what `layerbench ab` does before it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.cli.measuring import Connecting
from layerbench.errors import LayerbenchError, UsageError

Note = Callable[[str], None]

if TYPE_CHECKING:
    from layerbench.cli.displays import PlainDisplay
    from layerbench.config.models import BenchFile
    from layerbench.repository import Commit, Repository
    from layerbench.results.models import Result
    from layerbench.runner.ab.joining import Joined, SideName
    from layerbench.runner.ab.loading import Place, Side
    from layerbench.runner.ab.rounds import Limits, Measured
    from layerbench.runner.ab.splitting import SplitWriter

_WORKING_TREE = "the working tree"


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    base: str
    head: str | None
    bench_file: Path | None
    variants: tuple[str, ...]
    scenarios: tuple[str, ...]
    limits: Limits
    output: Path | None
    smoke: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    labels: Mapping[SideName, str]
    benches: Mapping[SideName, BenchFile]
    results: Mapping[SideName, Result]
    paths: Mapping[SideName, Path]
    measured: Measured
    most_rounds: int
    notes: tuple[str, ...]
    """On what is not compared, and on the two states, each a sentence."""
    folder: Path
    """Of the bench file in the checkout."""


def measure_states(
    asked: Asked, connecting: Connecting, display: PlainDisplay, environment: Mapping[str, str]
) -> Outcome:
    """Lay out both states, and build them in turns.

    Raises:
        UsageError: a name, the bench file or the repository is wrong.
        LayerbenchError: the engine failed, or files cannot be written.
        KeyboardInterrupt: it was interrupted; what was measured is in the result files, and nothing else is left.
    """
    from layerbench.repository import find_commit, find_repository
    from layerbench.runner.ab.loading import Place
    from layerbench.runner.temporary import temporary_folder

    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        display.note(text)

    start = _start_folder(asked.bench_file)
    repository = find_repository(start)
    base = find_commit(repository, asked.base)
    head = find_commit(repository, asked.head) if asked.head is not None else None
    place = Place(
        repository.top,
        start.resolve().relative_to(repository.top.resolve()),
        asked.bench_file.name if asked.bench_file else None,
    )
    with temporary_folder(None) as folder:
        display.preparing("laying out both states")
        sides = _lay_out(asked, repository, base, head, folder, note)
        joined = _join(asked, sides, place, environment, note)
        measuring = _Measuring(asked, joined, repository.top / place.folder, folder)
        measured = measuring.run(connecting, display)
        return Outcome(
            labels={"base": sides["base"].label, "head": sides["head"].label},
            benches=joined.sides,
            results=dict(measuring.results),
            paths=measuring.paths,
            measured=measured,
            most_rounds=asked.limits.rounds,
            notes=tuple(notes),
            folder=repository.top / place.folder,
        )


def _start_folder(bench_file: Path | None) -> Path:
    folder = Path() if bench_file is None else bench_file.parent
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; name the bench file by its place in the checkout")
    return folder


def _lay_out(
    asked: Asked, repository: Repository, base: Commit, head: Commit | None, folder: Path, note: Note
) -> dict[SideName, Side]:
    """Both states, each in a folder with the checkout's own name, which is the bench's where that has none."""
    from layerbench.repository import make_neutral, place_commit, place_working_tree
    from layerbench.runner.ab.joining import SIDES
    from layerbench.runner.ab.loading import Side

    commits: dict[SideName, Commit | None] = {"base": base, "head": head}
    sides: dict[SideName, Side] = {}
    for name in SIDES:
        commit = commits[name]
        tree = folder / name / (repository.top.name or "root")
        tree.mkdir(parents=True)
        if commit is None:
            said = place_working_tree(repository, tree, (asked.output,) if asked.output else ())
        else:
            said = place_commit(repository, commit.id, tree)
        label = _WORKING_TREE if commit is None else commit.label
        for text in said:
            note(f"in {label} {text}")
        make_neutral(tree, base.seconds)
        sides[name] = Side(label, tree)
    return sides


def _join(
    asked: Asked, sides: Mapping[SideName, Side], place: Place, environment: Mapping[str, str], note: Note
) -> Joined:
    from layerbench.runner.ab.joining import choose, join
    from layerbench.runner.ab.loading import fitting, load_sides
    from layerbench.runner.preflight import check_secrets

    base, head = load_sides(sides["base"], sides["head"], place, environment, note)
    base, head = choose(base, head, asked.variants, asked.scenarios, note)
    base, head = fitting(base, sides["base"], note), fitting(head, sides["head"], note)
    base, head = choose(base, head, (), (), lambda _: None)  # of those that do not fit, all is said
    for bench in (base, head):
        check_secrets(bench, environment)
    return join(base, head)


class _Measuring:
    """The builds, and the two result files."""

    def __init__(self, asked: Asked, joined: Joined, own_folder: Path, folder: Path) -> None:
        self._asked = asked
        self._joined = joined
        self._folder = folder
        self.paths = _result_paths(asked.output, joined.bench.name, own_folder)
        self._writer: SplitWriter | None = None

    @property
    def results(self) -> Mapping[SideName, Result]:
        """What was measured."""
        return self._writer.results if self._writer else {}

    def run(self, connecting: Connecting, display: PlainDisplay) -> Measured:
        """Build; when that is cut short, say where what was measured is."""
        from layerbench.results.side_file import SideFile
        from layerbench.runner.ab.rounds import measure
        from layerbench.runner.ab.splitting import Splitter, SplitWriter
        from layerbench.runner.interruption import shielded
        from layerbench.runner.lock import engine_lock
        from layerbench.runner.session import RunOptions

        connection = connecting.get(display.note)
        layers = SideFile(self._folder / "joined.layers.zip")
        writer = SplitWriter(Splitter(self._joined, connection.engine.platform), self.paths, layers)
        writer.check_places()
        self._writer = writer
        options = RunOptions(smoke=self._asked.smoke, side_file=layers)
        try:
            with engine_lock(connection.engine.id or "engine", display.note):
                return measure(
                    self._joined, connection, options, self._asked.limits, display, writer.save, self._undecided
                )
        except (KeyboardInterrupt, LayerbenchError):
            if writer.latest is not None:
                display.note(f"what was measured is in {self.paths['base']} and {self.paths['head']}")
            raise
        finally:
            with shielded():
                writer.save_layers(display.note)

    def _undecided(self) -> tuple[str, ...]:
        from layerbench.analysis.undecided import undecided_times

        left = undecided_times(self.results["base"], self.results["head"], self._asked.limits.rounds)
        return tuple(time.told() for time in left)


def _result_paths(output: Path | None, bench_name: str, own_folder: Path) -> dict[SideName, Path]:
    """The two result files, at a place where they can be written.

    Raises:
        UsageError: names the path and the mend.
    """
    from layerbench.results.location import check_place, default_result_path
    from layerbench.runner.ab.joining import SIDES

    folder = default_result_path(bench_name, own_folder).with_suffix(".ab") if output is None else output
    try:
        folder.mkdir(parents=output is None, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{folder} is no folder: give another place with -o") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}; give another place with -o") from None
    paths = {side: folder / f"{side}.json" for side in SIDES}
    for path in paths.values():
        check_place(path)
    return paths
