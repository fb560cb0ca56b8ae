"""`layerbench report --critical-path`: the table and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings

from layerbench.cli import layerbench
from layerbench.errors import UsageError
from layerbench.report import json_figures, table
from layerbench.report.interface import Options
from layerbench.results.file import write_result
from tests.report import examples as other_examples
from tests.report.critical_path import examples
from tests.results import factory, strategies

PATH = Options(critical_path=True)
EXPECTED = """\
v, cold: round 1, the only one that counts, 8.00 s
   start    time  share  line  on the path
  0.00 s  0.25 s     3%        (the docker client starts)
  0.25 s  0.50 s     6%        (Dockerfile and bases are looked up)
  0.75 s  4.00 s    50%     2  [left] RUN make left
  4.75 s  0.50 s     6%        (no step: hashing of content, scheduling)
  5.25 s  1.00 s    12%     5  [last] COPY --from=left /left /left
  6.25 s  1.00 s    12%        (export of the image)
  7.25 s  0.75 s     9%        (the client ends)

   slack    time  line  beside it
  1.00 s  1.00 s     3  [right] RUN make right
  1.00 s  2.00 s     4  [right] RUN strip right

  * 9.00 s of work by steps, transfer and export in a build of 8.00 s: 1.12 at a time
  * the stages left and right overlap by 3.00 s of 3.00 s possible
  * without `COPY --from=left /left /left` the cold build takes 6.50 s instead of 8.00 s (an
    estimate)
  * without `RUN make` (line 2) the cold build takes 7.00 s instead of 8.00 s (an estimate)
"""


def run(tmp_path: Path, *arguments: str) -> Result:
    path = tmp_path / "result.json"
    write_result(examples.planned(), path)
    return CliRunner(env={"COLUMNS": "100"}).invoke(layerbench, ["report", str(path), *arguments])


def test_the_table(tmp_path: Path) -> None:
    done = run(tmp_path, "--critical-path")
    assert done.exit_code == 0
    assert EXPECTED in done.stdout
    assert done.stderr == ""


def test_json_says_the_same() -> None:
    [found] = json.loads(json_figures.render(examples.planned(), PATH))["critical_paths"]
    assert (found["variant"], found["scenario"], found["round"]) == ("v", "cold", 1)
    assert (found["elapsed_seconds"], found["busy_seconds"], found["parallelism"]) == (8.0, 9.0, 9 / 8)
    assert sum(one["seconds"] for one in found["segments"]) == found["elapsed_seconds"]
    assert [one["step"]["line_start"] for one in found["segments"] if one["kind"] == "step"] == [2, 5]
    assert {one["step"]["position"]: one["slack_seconds"] for one in found["slack"]} == {0: 0, 1: 1, 2: 1, 3: 0}
    assert found["overlaps"] == [{"first": "left", "second": "right", "overlap_seconds": 3.0, "possible_seconds": 3.0}]
    assert [(one["step"]["position"], one["seconds"]) for one in found["what_ifs"]] == [(3, 6.5), (0, 7.0)]
    assert "critical_paths" not in json.loads(json_figures.render(examples.planned(), Options()))


def test_short_gaps_are_summed_up() -> None:
    text = table.render(examples.real(), PATH)
    assert "(gaps between these, " in text
    assert text.count("(no step: hashing of content, scheduling)") < 5


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    done = run(tmp_path, "--critical-path", "--variant", "w")
    assert isinstance(done.exception, UsageError)
    assert 'no variant "w"' in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steps"], "--critical-path and --steps exclude each other"),
        (["--format", "csv"], "--critical-path is shown by table and json only"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run(tmp_path, "--critical-path", *arguments)
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)


def test_results_that_lack_times_or_have_failed_builds_make_sense() -> None:
    failed = factory.fail(factory.result(rounds=1), "multi", "cold", (1,))
    assert "multi, cold: round 1, failed: " in table.render(failed, PATH)
    without = factory.change(factory.result(rounds=1), "multi", "cold", (1,), steps=(), export_seconds=None)
    assert "its record does not say when its steps were at work" in table.render(without, PATH)
    found = json.loads(json_figures.render(without, PATH))["critical_paths"]
    assert [one["elapsed_seconds"] for one in found if (one["variant"], one["scenario"]) == ("multi", "cold")] == [None]
    assert "There is no build in it." in table.render(replace(failed, builds=()), PATH)
    assert "multi, cold" in table.render(other_examples.damaged(), PATH)


@pytest.mark.parametrize("width", [30, 60, 200])
def test_hostile_names_stay_text_and_in_their_width(width: int) -> None:
    text = table.render(other_examples.hostile(), Options(critical_path=True, width=width, ascii_only=True))
    assert text.isascii()
    assert "\x1b" not in text


@settings(max_examples=15, deadline=None)
@given(strategies.result(2))
def test_any_result_has_a_table_and_json(result: object) -> None:
    assert table.render(result, PATH)  # type: ignore[arg-type]
    json.loads(json_figures.render(result, PATH))  # type: ignore[arg-type]
