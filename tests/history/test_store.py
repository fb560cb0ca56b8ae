from __future__ import annotations

import dataclasses
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from layerbench.analysis.trend.figures import figures_of
from layerbench.analysis.trend.models import Entry
from layerbench.errors import LayerbenchError, UsageError
from layerbench.history import Selection, open_history
from layerbench.history.schema import SCHEMA_VERSION
from tests.history import factory


def entry(number: int, **fields: object) -> Entry:
    result = factory.run(number)
    assert result.revision is not None
    made = Entry(
        digest=f"{number:064}",
        path=f"/results/{number}.json",
        bench="web",
        bench_digest="sha256:1",
        started_at=result.started_at,
        complete=True,
        commit=result.revision.commit,
        branch="main",
        is_dirty=False,
        committed_at=result.revision.committed_at,
        machine="x86_64, 2 CPUs, 8 GB",
        builder="docker driver, containerd store",
        tool_version="0.1.0",
    )
    return dataclasses.replace(made, **fields)  # type: ignore[arg-type]


def fill(path: Path, *numbers: int) -> None:
    with open_history(path) as history:
        for number in numbers:
            assert history.add(entry(number), figures_of(factory.run(number))) == "added"


def test_what_was_added_comes_back_in_the_order_of_commits(tmp_path: Path) -> None:
    path = tmp_path / "new" / "history.sqlite"
    fill(path, 3, 1, 2)
    with open_history(path, must_exist=True) as history:
        assert [one.commit for one in history.entries()] == [factory.commit_id(number) for number in (1, 2, 3)]
        assert set(history.figures_of(entry(2))) == set(figures_of(factory.run(2)))
        points = history.points(Selection(scenarios=("cold",), metrics=("seconds",)))
        [(key, line)] = points.items()
        assert (key.variant, key.scenario, key.metric) == ("single", "cold", "seconds")
        assert [point.entry.digest for point in line] == [f"{number:064}" for number in (1, 2, 3)]


def test_a_run_is_added_once_and_its_resumed_state_replaces_it(tmp_path: Path) -> None:
    with open_history(tmp_path / "history.sqlite") as history:
        assert history.add(entry(1, complete=False), figures_of(factory.run(1))) == "added"
        assert history.add(entry(1, complete=False), figures_of(factory.run(1))) == "known"
        assert history.add(entry(1, digest="f" * 64), figures_of(factory.run(1))) == "replaced"
        assert [one.digest for one in history.entries()] == ["f" * 64]


def test_an_earlier_state_takes_no_complete_runs_place(tmp_path: Path) -> None:
    with open_history(tmp_path / "history.sqlite") as history:
        assert history.add(entry(1), figures_of(factory.run(1))) == "added"
        assert history.add(entry(1, digest="f" * 64, complete=False), figures_of(factory.run(1))) == "known"
        assert [one.digest for one in history.entries()] == [f"{1:064}"]


def test_of_two_states_that_were_cut_short_the_one_with_more_builds_stays(tmp_path: Path) -> None:
    more, fewer = entry(1, complete=False), entry(1, digest="f" * 64, complete=False)
    for first, second, outcome in ((more, fewer, "known"), (fewer, more, "replaced")):
        with open_history(tmp_path / f"{outcome}.sqlite") as history:
            for one in (first, second):
                its = figures_of(factory.run(1))
                told = history.add(one, its if one is more else its[: len(its) // 2])
            assert told == outcome
            assert [one.digest for one in history.entries()] == [more.digest]


@pytest.mark.parametrize("fields", [{"commit": "b" * 40}, {"is_dirty": True}, {"branch": None}, {}])
def test_both_sides_of_one_comparison_are_kept(tmp_path: Path, fields: dict[str, object]) -> None:
    """`layerbench ab` measures two states in one run: they share its start, and are two entries."""
    sides = (entry(1, digest="a" * 64), entry(1, digest="b" * 64, **fields))
    for number, order in enumerate((sides, sides[::-1])):
        with open_history(tmp_path / f"{number}.sqlite") as history:
            assert [history.add(side, figures_of(factory.run(1))) for side in order] == ["added", "added"]
            assert len(history.entries()) == 2


def test_a_date_that_is_none_is_said(tmp_path: Path) -> None:
    with open_history(tmp_path / "history.sqlite") as history:
        with pytest.raises(UsageError, match="is no date"):
            history.add(entry(1, committed_at="yesterday"), ())
        assert history.entries() == ()


def test_branches_and_dates_select(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    fill(path, 1, 2, 3)
    with open_history(path) as history:
        history.add(entry(4, branch="feature/ä"), figures_of(factory.run(4)))
        history.add(entry(5, branch=None), figures_of(factory.run(5)))
        assert history.branches() == (("main", 3), ("feature/ä", 1), ("", 1))
        assert history.branches(Selection(bench="other")) == ()
        assert [one.branch for one in history.entries(Selection(branch=""))] == [None]
        history.prune([f"{5:064}"])
        assert len(history.entries(Selection(branch="main"))) == 3
        assert len(history.entries(Selection(since="2026-03-04T00:00:00+00:00"))) == 2
        assert history.points(Selection(bench="other")) == {}


def test_prune_takes_runs_and_their_lines_out(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    fill(path, 1, 2)
    with open_history(path) as history:
        assert history.prune([f"{1:064}", "unknown"]) == 1
        assert [one.digest for one in history.entries()] == [f"{2:064}"]
        assert history.prune([f"{2:064}"]) == 1
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT (SELECT count(*) FROM lines), (SELECT count(*) FROM figures)").fetchone() == (0, 0)


WRITER = """
import sys; from pathlib import Path
from tests.history.test_store import fill
sys.stdin.readline()
fill(Path(sys.argv[1]), *map(int, sys.argv[2:]))
"""


def test_eight_first_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number), str(number + 8)], stdin=subprocess.PIPE, text=True
        )
        for number in range(8)
    ]
    for writer in writers:  # all are there before the first may write
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0] * 8
    with open_history(path) as history:
        assert len(history.entries()) == 16
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("content", [b"no database at all, but long enough", b"PK\x03\x04"])
def test_another_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no history"), open_history(path):
        pass
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE notes (text)")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="no history"), open_history(path):
        pass
    assert path.read_bytes() == before


def test_a_newer_history_is_said_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    fill(path, 1)
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(UsageError, match="newer layerbench"), open_history(path):
        pass
    assert path.read_bytes() == before


def test_a_damaged_history_is_said_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    fill(path, *range(1, 30))
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    damaged = path.read_bytes()
    with pytest.raises(UsageError, match="damaged"), open_history(path):
        pass
    assert path.read_bytes() == damaged


def test_an_empty_file_becomes_a_history(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.touch()
    fill(path, 1)
    with open_history(path) as history:
        assert len(history.entries()) == 1


def test_a_missing_history_and_a_place_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="history add"), open_history(tmp_path / "none.sqlite", must_exist=True):
        pass
    with pytest.raises(UsageError, match="is a folder"), open_history(tmp_path):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(LayerbenchError, match="cannot be made"), open_history(tmp_path / "file" / "history.sqlite"):
        pass
