"""What the action measures and says: its scripts in scratch repositories."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from layerbench.report.checks import github
from tests.ci_action import INSTALL, ROOT, Action
from tests.results import factory


@pytest.fixture
def action(tmp_path: Path) -> Action:
    return Action(tmp_path)


def test_the_action_compares_with_the_base(action: Action) -> None:
    said = "a table\nverdict: regression compressed_bytes[multi] +12.4MB (+11.3%) budget +5%\n"
    done = action.run(BASE_REF="main", ROUNDS="3", BUDGETS="strict.toml\nmore.toml\n", MEASURED="1", SAID=said)
    assert done.returncode == 1
    folder = action.outputs["report-path"]
    assert action.outputs["verdict"] == "regression"
    budgets = "--budget-file strict.toml --budget-file more.toml"
    ab, compare = action.calls
    assert ab.startswith(f"ab --base {action.commit} -c app/layerbench.toml --rounds 3 {budgets} --report table=")
    assert ab.endswith(f" -o {folder}")
    assert compare == f"compare {folder}/base.json {folder}/head.json --format markdown"
    assert {path.name for path in Path(folder).iterdir()} == {
        *("head.json", "base.json", "check.txt", "check.json", "comment.md", "summary.md", "compare.md"),
        *("annotations.txt", "junit.xml", "layerbench.sarif", "metrics.txt"),
    }
    assert action.left("comment.md") == "in github-comment\n"
    assert done.stdout.endswith("in github\n")
    assert "in github-summary\n" in action.summary
    assert "compared\n" in action.summary


def test_the_action_checks_one_state_without_a_base(action: Action) -> None:
    assert action.run(BASE_REF="", PULL_BASE="").returncode == 0
    assert action.run(BASE_REF="none", PULL_BASE=action.commit).returncode == 0
    folder = action.outputs["report-path"]
    assert action.outputs["verdict"] == "ok"
    assert f"run -c app/layerbench.toml -o {folder}/head.json" in action.calls
    assert f"check {folder}/head.json -c app/layerbench.toml --without-baseline" in action.calls
    assert {call.partition(" ")[0] for call in action.calls} == {"run", "check"}
    assert all(" --without-baseline" in call for call in action.calls if call.startswith("check"))
    assert action.left("comment.md") == "in github-comment\n"


def test_the_action_fetches_a_base_that_a_shallow_checkout_lacks(action: Action) -> None:
    base = action.commit
    action.check_out(action.scratch.commit("two"), depth=1)
    done = action.run(BASE_REF=base)
    assert done.returncode == 0
    assert action.calls[0].startswith(f"ab --base {base} ")
    assert "layerbench: this checkout lacks the base: fetching that one commit\n" in done.stderr


# The base of a pull request


class PullRequest:
    """A pull request made from the first commit, while its base has got a second one; and GitHub's merge of both."""

    def __init__(self, action: Action) -> None:
        scratch = action.scratch
        self.stale = action.commit
        scratch.git("switch", "--quiet", "--create", "feature")
        self.head = scratch.commit("feature")
        scratch.git("switch", "--quiet", "main")
        self.base = scratch.commit("what others did")
        scratch.git("switch", "--quiet", "--detach")
        scratch.git("merge", "--quiet", "--no-ff", "--message", "merge", "feature")
        self.merge = scratch.git("rev-parse", "HEAD").decode().strip()


@pytest.mark.parametrize("depth", [1, 2, 100])
def test_a_pull_request_is_held_against_what_it_is_merged_into(action: Action, depth: int) -> None:
    pull = PullRequest(action)
    action.check_out(pull.merge, depth)
    done = action.run(BASE_REF="", PULL_BASE=pull.stale, PULL_HEAD=pull.head)
    assert done.returncode == 0, done.stdout + done.stderr
    assert action.calls[0].startswith(f"ab --base {pull.base} ")
    assert f"layerbench: HEAD merges the pull request into {pull.base}: comparing with that\n" in done.stdout
    assert ("fetching that one commit" in done.stderr) == (depth == 1)


def test_a_base_that_is_named_is_taken_as_it_is(action: Action) -> None:
    pull = PullRequest(action)
    action.run(BASE_REF=pull.stale, PULL_BASE=pull.stale, PULL_HEAD=pull.head)
    assert action.calls[0].startswith(f"ab --base {pull.stale} ")


def test_another_merge_than_githubs_says_nothing_of_the_base(action: Action) -> None:
    pull = PullRequest(action)
    done = action.run(BASE_REF="", PULL_BASE=pull.stale, PULL_HEAD=pull.base)
    assert action.calls[0].startswith(f"ab --base {pull.stale} ")
    assert f"comparing with {pull.stale}, which the event has as its base\n" in done.stdout


def test_the_action_says_how_to_get_a_base_that_cannot_be_fetched(action: Action) -> None:
    pull = PullRequest(action)
    action.check_out(pull.merge, depth=1)
    action.scratch.top.rename(action.scratch.top.with_name("gone"))
    done = action.run(BASE_REF="", PULL_BASE=pull.stale, PULL_HEAD=pull.head)
    assert done.returncode == 2
    assert "::error title=layerbench::the pull request's base is not in this checkout" in done.stdout
    assert "give actions/checkout fetch-depth 0" in done.stdout


# What goes wrong


@pytest.mark.parametrize("ref", ["no-such-branch", "--upload-pack=touch x"])
def test_the_action_says_that_there_is_no_such_base(action: Action, ref: str) -> None:
    action.check_out(action.scratch.commit("two"), depth=1)
    done = action.run(BASE_REF=ref)
    assert done.returncode == 2
    assert "::error title=layerbench::the base ref is no commit" in done.stdout
    assert action.outputs["verdict"] == "error"
    assert list(action.checkout.iterdir()) == [action.checkout / ".git"]


@pytest.mark.parametrize(("measured", "code"), [("0", 3), ("1", 3), ("2", 2), ("3", 3)])
def test_the_action_says_that_nothing_was_measured(action: Action, measured: str, code: int) -> None:
    done = action.run(BASE_REF="main", NO_RESULT="1", MEASURED=measured)
    assert done.returncode == code
    assert action.outputs["verdict"] == "error"
    assert "::error title=layerbench::nothing was judged" in done.stdout
    assert len(action.calls) == 1


def test_the_action_shows_what_it_has_of_a_run_with_failed_builds(action: Action) -> None:
    done = action.run(BASE_REF="main", MEASURED="3", SAID="verdict: error 2 builds failed\n")
    assert done.returncode == 3
    assert action.outputs["verdict"] == "error"
    assert "in github-summary" in action.summary


def test_the_action_says_that_there_is_no_verdict(action: Action) -> None:
    done = action.run(CHECKED="2")
    assert done.returncode == 2
    assert action.outputs["verdict"] == "error"
    assert len(action.calls) == 2


@pytest.mark.parametrize("base", ["main", "none"])
def test_what_is_fine_of_a_run_that_was_cut_short_is_no_verdict(action: Action, base: str) -> None:
    done = action.run(BASE_REF=base, MEASURED="3")
    assert done.returncode == 3
    assert action.outputs["verdict"] == "error"
    assert "::error title=layerbench::the run did not come to its end" in done.stdout
    assert "no verdict" in action.left("comment.md")


@pytest.mark.parametrize(
    "environment", [{"BASE_REF": "no-such-branch"}, {"BASE_REF": "main", "NO_RESULT": "1"}, {"CHECKED": "2"}]
)
def test_an_earlier_comment_is_replaced_where_there_is_no_verdict(action: Action, environment: dict[str, str]) -> None:
    assert action.run(**environment).returncode > 1
    lines = action.left("comment.md").splitlines()
    assert lines[:2] == [github.MARKER, "## layerbench: ❌ no verdict"]
    assert lines[-1].startswith("No verdict was reached: ")
    assert lines[-1].endswith(".")


def test_what_a_build_prints_is_no_workflow_command(action: Action) -> None:
    stopped = None
    for line in action.run(BASE_REF="main").stdout.splitlines():
        if line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
            assert re.fullmatch("[0-9a-f]{32}", stopped)
        elif line == f"::{stopped}::":
            stopped = None
        elif line.startswith("::error::from a build"):
            assert stopped
    assert stopped is None


def test_the_install_script_refuses_a_version_that_is_none(tmp_path: Path) -> None:
    environment = {"VERSION": "1 --index-url x", "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(tmp_path)}
    done = subprocess.run(
        ["bash", str(INSTALL)], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "::error title=layerbench::the input version is none" in done.stdout
    assert list(tmp_path.iterdir()) == []


# With the real check, after builds that are made up


@pytest.fixture
def real(action: Action) -> Action:
    words = f"exec env PYTHONPATH='{ROOT}' '{sys.executable}' -m tests.ab.program"
    action.program.write_text(f'#!/bin/sh\n{words} "$@"\n')
    return action


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("failed-in-base", "In main (1a2b3c4d5e6f): The build of"),
        ("left-out", "The variant x is left out: in main (1a2b3c4d5e6f): x.Dockerfile: line 1: no."),
    ],
)
def test_what_failed_on_either_side_is_an_error_everywhere(real: Action, case: str, said: str) -> None:
    done = real.run(BASE_REF="main", CASE=case)
    assert done.returncode == 3, done.stdout + done.stderr
    assert real.outputs["verdict"] == "error"
    assert "## layerbench: ❌ a build failed" in real.left("comment.md")
    plain = real.left("comment.md").replace("\\", "")
    assert said in plain
    assert said in real.left("junit.xml")
    assert 'errors="1"' in real.left("junit.xml")
    assert '"executionSuccessful": false' in real.left("layerbench.sarif")
    assert 'layerbench_check_verdict{bench="web",verdict="error"} 1' in real.left("metrics.txt")
    assert done.stdout.splitlines()[-1].startswith("::")


def test_a_bench_with_a_new_name_is_held_against_its_base(real: Action) -> None:
    done = real.run(BASE_REF="main", CASE="renamed")
    assert done.returncode == 1, done.stdout + done.stderr
    assert real.outputs["verdict"] == "regression"
    assert "❌ a budget is broken" in real.left("comment.md")
    assert 'failures="1"' in real.left("junit.xml")
    assert "12.4 MB" in real.left("compare.md")


def test_relative_budgets_are_no_error_where_there_is_no_base(real: Action) -> None:
    name = factory.result().bench.name
    real.scratch.write("Dockerfile", "FROM scratch\n")
    real.scratch.write(
        "layerbench.toml",
        f"name = '{name}'\n[variants.multi]\ndockerfile = 'Dockerfile'\n"
        "[[budgets]]\nmetric = 'compressed_bytes'\nmax_increase = '5%'\n"
        "[[budgets]]\nmetric = 'compressed_bytes'\nmax = '1MB'\n",
    )
    done = real.run(BENCH_FILE="layerbench.toml")
    assert done.returncode == 1, done.stdout + done.stderr
    assert real.outputs["verdict"] == "regression"
    assert "not measured" in real.left("summary.md")
    assert Path(real.outputs["report-path"], "junit.xml").is_file()
