"""What `layerbench ab` refuses before any engine is needed, and what it prints when the builds are over."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from layerbench.ab.measuring import Outcome
from layerbench.ab.rounds import Measured
from layerbench.analysis.checks.limits import Limits, read_expectations
from layerbench.cli.ab import ab
from layerbench.cli.plan import plan
from layerbench.cli.run import run
from layerbench.config.limits import LimitsModel
from layerbench.errors import UsageError
from layerbench.results.models import StepError
from tests.analysis.checks.sources import larger
from tests.repository.scratch import Scratch
from tests.results import factory


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
    both = refused(scratch, "--base", "main", "--budget-file", "x.toml", "--no-check")
    assert both == "--no-check and --budget-file exclude each other: give one of them"


def test_a_dockerfile_that_nobody_can_build_ends_it_where_nothing_else_is_left(scratch: Scratch) -> None:
    scratch.write("Dockerfile", "FROM scratch\nRAN x\n")
    assert refused(scratch, "--base", "main").startswith("in the working tree: Dockerfile: line 2: no instruction")


def limits(text: str) -> Limits:
    model = LimitsModel.model_validate(tomllib.loads(text))
    budgets, expectations = [one.resolved() for one in model.budgets], [one.resolved() for one in model.expectations]
    return Limits(tuple(budgets), read_expectations(expectations, "layerbench.toml", {}), Path())


GROWTH = "[[budgets]]\nmetric = 'compressed_bytes'\nvariant = 'multi'\nmax_increase = ['5%', '1MB']\n"
CLAIM = "[[expectations]]\nclaim = 'multi is small'\nthat = 'compressed_bytes of multi < 1MB'\n"


class MadeUp:
    """An `ab` whose builds are over already."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        base = factory.result()
        self.outcome = Outcome(
            labels={"base": "main (1a2b3c4d5e6f)", "head": "the working tree"},
            results={"base": base, "head": base},
            paths={"base": folder / "base.json", "head": folder / "head.json"},
            measured=Measured(base, "rounds", 1, ("multi, cold",)),
            most_rounds=1,
            check_limits=limits(""),
            notes=(),
            left_out=(),
            folder=folder,
            bench_file="layerbench.toml",
        )
        monkeypatch.setattr("layerbench.ab.measuring.measure_states", lambda *_: self.outcome)
        monkeypatch.setenv("COLUMNS", "200")

    def ab(self, *arguments: str, **changes: object) -> Result:
        self.outcome = replace(self.outcome, **changes)  # type: ignore[arg-type]
        return CliRunner().invoke(ab, ["--base", "main", *arguments], standalone_mode=False)


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    return MadeUp(tmp_path, monkeypatch)


def grown(bytes_more: int) -> dict[str, object]:
    return {"base": factory.result(), "head": larger(bytes_more)}


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
    told = "the variant x is left out: in main (1a2b3c4d5e6f): x.Dockerfile: line 1: no"
    done = made_up.ab(results=results, check_limits=limits(GROWTH), left_out=(told,))
    assert (done.return_value, last_line(done)) == (3, "verdict: error 1 failed")
    assert f"Note: {told.capitalize()[:20]}" in done.stdout
    assert made_up.ab("--no-check").return_value == 3


def test_a_build_that_failed_in_base_only_is_a_failure_too(made_up: MadeUp) -> None:
    whole = factory.result()
    failed = replace(whole.builds[0], outcome="failed", image=None, error=StepError(None, 1, "no"))
    base = replace(whole, builds=(failed, *whole.builds[1:]))
    done = made_up.ab(results={"base": base, "head": whole}, check_limits=limits(GROWTH))
    assert (done.return_value, last_line(done)) == (3, "verdict: error 1 failed")
    assert f"In main (1a2b3c4d5e6f): The build of {failed.variant} in {failed.scenario} failed in round" in done.stdout


def test_states_of_another_name_or_platform_are_no_usage_error(made_up: MadeUp) -> None:
    head = larger(12_400_000)
    base = factory.result()
    base = replace(base, bench=replace(base.bench, name="before"))
    done = made_up.ab(results={"base": base, "head": head}, check_limits=limits(GROWTH))
    assert (done.return_value, last_line(done)[:19]) == (1, "verdict: regression")
    variants = tuple(replace(one, platform="linux/arm64") for one in base.bench.variants)
    base = replace(base, images=(), bench=replace(base.bench, variants=variants))
    done = made_up.ab(results={"base": base, "head": head})
    assert done.return_value == 0
    assert "main (1a2b3c4d5e6f) has no such figure." in done.stdout
    assert last_line(done) == "verdict: warning 1 of 1 not measured"
