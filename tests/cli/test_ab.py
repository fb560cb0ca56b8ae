"""What `layerbench ab` refuses before any engine is needed, and what it prints when the builds are over."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from layerbench.cli.ab import ab
from layerbench.cli.plan import plan
from layerbench.cli.run import run
from layerbench.errors import UsageError
from layerbench.report.checks.interface import CHECK_FORMATS
from tests.ab.outcomes import CLAIM, GROWTH, LEFT_OUT, failed_in_base, grown, judged_by, limits, outcome, renamed
from tests.repository.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    made = Scratch.new(tmp_path / "project")
    made.write("Dockerfile", "FROM scratch\nCOPY . .\n")
    made.write("layerbench.toml", "[variants.app]\ndockerfile = 'Dockerfile'\n")
    made.commit()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return made


def refused(scratch: Scratch, *arguments: str) -> str:
    before = scratch.state()
    done = CliRunner().invoke(ab, ["--quiet", *arguments], standalone_mode=False)
    assert isinstance(done.exception, UsageError), done.output
    assert scratch.state() == before
    assert list((scratch.top.parent / "tmp").iterdir()) == []
    return str(done.exception)


def test_states_and_names_that_are_not_there(scratch: Scratch) -> None:
    assert refused(scratch, "--base", "mian") == 'no commit is named "mian"; did you mean "main"?'
    assert "no commit is named" in refused(scratch, "--base", "main", "--head", "nothing")
    assert 'no variant is named "apq"; did you mean "app"?' in refused(scratch, "--base", "main", "--variant", "apq")
    assert 'no scenario is named "hot"' in refused(scratch, "--base", "main", "--scenario", "hot")


def test_bench_files_that_do_not_do(scratch: Scratch) -> None:
    assert "nowhere: no such folder" in refused(scratch, "--base", "main", "-c", "nowhere/x.toml")
    assert "has the bench file x.toml" in refused(scratch, "--base", "main", "-c", "x.toml")
    scratch.write("layerbench.toml", "[variants]\n")
    assert refused(scratch, "--base", "main").startswith("in the working tree: layerbench.toml: ")
    scratch.write("layerbench.toml", "[variants.other]\ndockerfile = 'Dockerfile'\n")
    assert refused(scratch, "--base", "main").startswith("the two states have no variant of the same name")


def test_no_repository(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scratch.top.parent)
    done = CliRunner().invoke(ab, ["--base", "main"], standalone_mode=False)
    assert re.search(r"is in no git repository; go to the checkout", str(done.exception))


@pytest.mark.parametrize("text", ["ten", "0", "10 parsecs", "-5s"])
def test_time_budgets_are_durations(scratch: Scratch, text: str) -> None:
    done = CliRunner().invoke(ab, ["--base", "main", "--time-budget", text])
    assert done.exit_code == 2
    assert f'"{text}"' in done.output


def test_the_place_of_the_result_files_is_checked_before_anything_is_built(scratch: Scratch) -> None:
    other = scratch.top.parent / "out"
    other.mkdir()
    (other / "base.json").write_text("a person's own")
    assert "is no result file" in refused(scratch, "--base", "main", "-o", str(other))
    assert "is no folder" in refused(scratch, "--base", "main", "-o", str(other / "base.json"))
    assert (other / "base.json").read_text() == "a person's own"


BAD_CONDITION = """
[[expectations]]
claim = "a claim"
that = "compressed_bytes of ap < 5MB"
"""


def test_conditions_that_nobody_can_judge_are_refused_before_anything_is_built(scratch: Scratch) -> None:
    bench = "[variants.app]\ndockerfile = 'Dockerfile'\n" + BAD_CONDITION
    scratch.write("layerbench.toml", bench)
    expected = 'layerbench.toml: expectations[0].that: no variant is named "ap"; did you mean "app"?'
    assert refused(scratch, "--base", "main") == f"in the working tree: {expected}"
    # Base is held to nothing.
    assert "no scenario is named" in refused(scratch, "--base", "main", "--head", "main", "--scenario", "x")
    for command in (run, plan):
        done = CliRunner().invoke(command, [], standalone_mode=False)
        assert isinstance(done.exception, UsageError)
        assert str(done.exception) == expected
    scratch.write("layerbench.toml", bench.replace("of ap <", "of app smaller"))
    done = CliRunner().invoke(plan, [], standalone_mode=False)
    assert "layerbench.toml: expectations[0].that: " in str(done.exception)


def test_a_condition_may_be_about_what_is_not_built(scratch: Scratch) -> None:
    bench = "[variants.app]\ndockerfile = 'Dockerfile'\n[variants.two]\ndockerfile = 'Dockerfile'\n"
    scratch.write("layerbench.toml", bench + BAD_CONDITION.replace(" ap ", " two "))
    done = CliRunner().invoke(plan, ["--variant", "app"])
    assert done.exit_code == 0, done.output


def test_budget_files_are_read_first(scratch: Scratch) -> None:
    assert "nothing.toml: no such file" in refused(scratch, "--base", "main", "--budget-file", "nothing.toml")
    scratch.write("typo.toml", "[[budgets]]\nmetric = 'layers'\nvariant = 'ap'\nmax = 3\n")
    wrong = refused(scratch, "--base", "main", "--budget-file", "typo.toml")
    assert 'budgets[0].variant: no variant is named "ap"; did you mean "app"?' in wrong
    both = refused(scratch, "--base", "main", "--budget-file", "x.toml", "--no-check")
    assert both == "--no-check and --budget-file exclude each other: give one of them"


def test_a_dockerfile_that_nobody_can_build_ends_it_where_nothing_else_is_left(scratch: Scratch) -> None:
    scratch.write("Dockerfile", "FROM scratch\nRAN x\n")
    assert refused(scratch, "--base", "main").startswith("in the working tree: Dockerfile: line 2: no instruction")


class MadeUp:
    """An `ab` whose builds are over already."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outcome = outcome(folder)
        monkeypatch.setattr("layerbench.ab.measuring.measure_states", lambda asked, *_: judged_by(self.outcome, asked))
        monkeypatch.setenv("COLUMNS", "200")

    def ab(self, *arguments: str, **changes: object) -> Result:
        self.outcome = replace(self.outcome, **changes)  # type: ignore[arg-type]
        return CliRunner().invoke(ab, ["--base", "main", *arguments], standalone_mode=False)


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    return MadeUp(tmp_path, monkeypatch)


def last_line(done: Result) -> str:
    return done.stdout.splitlines()[-1]


def test_without_limits_there_is_no_verdict(made_up: MadeUp) -> None:
    done = made_up.ab()
    assert done.return_value == 0
    assert last_line(done) == "Ended after 1 round, for that is what --rounds allows; undecided: multi, cold."
    assert json.loads(made_up.ab("--json").stdout)["check"] is None


def test_a_broken_budget_ends_with_1_and_the_verdict_as_last_line(made_up: MadeUp) -> None:
    done = made_up.ab(results=grown(12_400_000), check_limits=limits(GROWTH))
    assert done.return_value == 1
    assert last_line(done) == "verdict: regression compressed_bytes[multi] +12.4MB (+11.3%) budget +5% and +1MB"
    assert "Ended after 1 round" in done.stdout
    assert "layer COPY --from=builder /venv /venv: +12.4 MB" in done.stdout
    assert made_up.ab("--no-check").return_value == 0
    assert "verdict:" not in made_up.ab("--no-check").stdout


def test_a_state_within_its_limits_and_one_that_refutes_a_claim(made_up: MadeUp) -> None:
    done = made_up.ab(check_limits=limits(GROWTH))
    assert (done.return_value, last_line(done)) == (0, "verdict: ok 1 budget, 0 expectations")
    done = made_up.ab(check_limits=limits(GROWTH + CLAIM))
    assert (done.return_value, last_line(done)) == (1, 'verdict: refuted "multi is small"')


def test_a_budget_file_adds_to_the_bench_file(made_up: MadeUp, tmp_path: Path) -> None:
    (tmp_path / "more.toml").write_text(CLAIM)
    done = made_up.ab("--budget-file", str(tmp_path / "more.toml"), check_limits=limits(GROWTH))
    assert (done.return_value, last_line(done)) == (1, 'verdict: refuted "multi is small"')
    assert "compressed_bytes[multi]" in done.stdout


def test_documents_have_the_check_and_stderr_the_verdict(made_up: MadeUp) -> None:
    made_up.ab(results=grown(12_400_000), check_limits=limits(GROWTH))
    done = made_up.ab("--json")
    document = json.loads(done.stdout)
    assert document["check"]["verdict"] == "regression"
    assert document["check"]["budgets"][0]["baseline"] > 0
    assert document["ab"]["left_out"] == []
    assert document["pairs"]
    assert done.stderr.splitlines()[-1].startswith("verdict: regression ")
    done = made_up.ab("--format", "html")
    assert "<!doctype html>" in done.stdout.lower()
    assert "Ended after 1 round" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("verdict: regression ")
    done = made_up.ab("--format", "markdown")
    assert "## layerbench: ❌ a budget is broken" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("verdict: regression ")


def test_what_failed_comes_before_what_is_broken(made_up: MadeUp) -> None:
    results = grown(12_400_000)
    done = made_up.ab(results=results, check_limits=limits(GROWTH), left_out=(LEFT_OUT,))
    assert (done.return_value, last_line(done)) == (3, "verdict: error 1 failed")
    assert f"Note: {LEFT_OUT.capitalize()[:20]}" in done.stdout
    assert made_up.ab("--no-check").return_value == 3


def test_a_build_that_failed_in_base_only_is_a_failure_too(made_up: MadeUp) -> None:
    results = failed_in_base()
    failed = results["base"].builds[0]
    done = made_up.ab(results=results, check_limits=limits(GROWTH))
    assert (done.return_value, last_line(done)) == (3, "verdict: error 1 failed")
    assert f"In main (1a2b3c4d5e6f): The build of {failed.variant} in {failed.scenario} failed in round" in done.stdout


def test_states_of_another_name_or_platform_are_no_usage_error(made_up: MadeUp) -> None:
    results = renamed(12_400_000)
    done = made_up.ab(results=results, check_limits=limits(GROWTH))
    assert (done.return_value, last_line(done)[:19]) == (1, "verdict: regression")
    base, head = results["base"], results["head"]
    variants = tuple(replace(one, platform="linux/arm64") for one in base.bench.variants)
    base = replace(base, images=(), bench=replace(base.bench, variants=variants))
    done = made_up.ab(results={"base": base, "head": head})
    assert done.return_value == 0
    assert "main (1a2b3c4d5e6f) has no such figure." in done.stdout
    assert last_line(done) == "verdict: warning 1 of 1 not measured"


# --report


def test_the_check_is_written_in_each_format_that_is_asked_for(made_up: MadeUp, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.out" for name in CHECK_FORMATS}
    asked = [word for name, path in files.items() for word in ("--report", f"{name}={path}")]
    notes = ("the scenario x is left out, for its edits do not fit",)
    done = made_up.ab(*asked, results=grown(12_400_000), check_limits=limits(GROWTH), notes=notes)
    assert (done.return_value, last_line(done)[:19]) == (1, "verdict: regression")
    assert files["table"].read_text().splitlines()[-1] == last_line(done)
    document = json.loads(files["json"].read_text())
    assert document["verdict"] == "regression"
    assert document["notes"] == ["The scenario x is left out, for its edits do not fit."]
    assert "scenario x is left out" in files["github-comment"].read_text()
    assert 'failures="1"' in files["junit"].read_text()
    assert 'verdict="regression"} 1' in files["openmetrics"].read_text()
    assert all(path.read_text() for path in files.values())


def test_what_failed_in_base_or_was_left_out_is_in_every_report(made_up: MadeUp, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    done = made_up.ab(
        *("--report", f"junit={junit}"),
        results=failed_in_base(),
        check_limits=limits(GROWTH),
        left_out=(LEFT_OUT,),
    )
    assert (done.return_value, last_line(done)) == (3, "verdict: error 2 failed")
    assert 'errors="2"' in junit.read_text()
    assert "The variant x is left out: in main" in junit.read_text()
    assert "In main (1a2b3c4d5e6f): The build of" in junit.read_text()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("junit", "is no FORMAT=FILE"),
        ("junit=", "is no FORMAT=FILE"),
        ("junitxml=j.xml", 'no format is named "junitxml"; formats: table, markdown, json, junit'),
        ("junit=-", "stdout has the comparison"),
    ],
)
def test_reports_are_a_format_and_a_file(made_up: MadeUp, given: str, said: str) -> None:
    assert said in str(made_up.ab("--report", given).exception)


def test_places_of_reports_are_checked_before_anything_is_built(scratch: Scratch) -> None:
    bench = "[variants.app]\ndockerfile = 'Dockerfile'\n"
    limit = "[[budgets]]\nmetric = 'compressed_bytes'\nmax = '1MB'\n"
    scratch.write("layerbench.toml", bench + limit)

    def said(*reports: str) -> str:
        asked = [word for report in reports for word in ("--report", report)]
        return refused(scratch, "--base", "main", "-c", "layerbench.toml", "-o", "out", *asked)

    assert "is a folder: give --report the name of a file" in said("junit=.")
    assert "the folder nowhere is not there" in said("junit=nowhere/j.xml")
    assert "layerbench.toml is needed for something else" in said("junit=layerbench.toml")
    assert "out/base.json is needed for something else" in said("json=out/base.json")
    assert "j is needed for something else: give --report json another place" in said("junit=j", "json=./j")
    done = CliRunner().invoke(ab, ["--base", "main", "--no-check", "--report", "json=j"], standalone_mode=False)
    assert str(done.exception) == "--no-check and --report exclude each other: give one of them"
    scratch.write("layerbench.toml", bench)
    # The folder of the result files is made only after that, and is no reason to refuse.
    assert said("junit=out/j.xml") == (
        "in the working tree: layerbench.toml: there is nothing to check; add [[budgets]] or [[expectations]]"
    )


def test_reports_of_the_run_before_are_no_part_of_the_working_tree(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def laid_out(states: object, folder: object, left_out: tuple[Path, ...], note: object) -> None:
        raise UsageError(" ".join(map(str, left_out)))

    monkeypatch.setattr("layerbench.ab.measuring.lay_out", laid_out)
    assert refused(scratch, "--base", "main", "-o", "out", "--report", "junit=j.xml") == "j.xml out"
