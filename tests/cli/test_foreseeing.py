"""`layerbench predict`, `impact` and `explain` on files alone: no engine is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from layerbench.cli.explain import explain
from layerbench.cli.impact import impact
from layerbench.cli.predict import predict
from layerbench.errors import UsageError
from layerbench.results.file import write_result
from tests.cli.process import layerbench
from tests.repository.scratch import Scratch
from tests.results import factory

SINGLE = """FROM python:3.12-slim

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
"""
NAIVE = """FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
"""
BENCH = """name = "web"
[variants.naive]
dockerfile = "naive.Dockerfile"
[variants.single]
dockerfile = "single.Dockerfile"
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    made = Scratch.new(tmp_path / "project")
    files = {
        "single.Dockerfile": SINGLE,
        "naive.Dockerfile": NAIVE,
        "layerbench.toml": BENCH,
        ".dockerignore": "*.Dockerfile\nlayerbench.toml\n.dockerignore\n.git\n*.md\n",
        "requirements.txt": "a==1\n",
        "app.py": "print(1)\n",
        "README.md": "read\n",
    }
    for name, text in files.items():
        made.write(name, text)
    made.commit("first")
    made.write("app.py", "print(2)\n")
    made.commit("second")
    made.write("requirements.txt", "a==2\n")
    made.commit("third")
    made.write("README.md", "again\n")
    made.commit("fourth")
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    write_result(factory.result(), tmp_path / "costs.json")
    return made


def answer(command: Any, *arguments: str, given: str | None = None) -> dict[str, Any]:
    done = CliRunner().invoke(command, [*arguments, "--json"], input=given, standalone_mode=False)
    assert done.exception is None, done.exception
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(command: Any, *arguments: str, given: str | None = None) -> str:
    done = CliRunner().invoke(command, [*arguments], input=given, standalone_mode=False)
    assert isinstance(done.exception, UsageError), done.output
    assert done.stdout == ""
    return str(done.exception)


def ran(found: dict[str, Any], variant: str) -> list[str]:
    return [step["instruction"] for step in found["steps"] if (step["variant"], step["outcome"]) == (variant, "ran")]


def test_an_edit_of_a_source_file(scratch: Scratch) -> None:
    found = answer(predict, "--edit", "app.py", "--costs", "../costs.json")
    assert ran(found, "single") == ["COPY . ."]
    assert ran(found, "naive") == ["COPY . .", "RUN pip install -r requirements.txt"]
    assert (found["total_seconds"], found["redeploy_bytes"]) == (None, None)  # of two variants
    seconds = {one["variant"]: one["total_seconds"] for one in found["variants"]}
    assert seconds["naive"] > 5 * seconds["single"]


def test_one_variant_has_the_sums(scratch: Scratch) -> None:
    found = answer(predict, "--edit", "requirements.txt", "--variant", "single", "--costs", "../costs.json")
    assert found["total_seconds"] == pytest.approx(3.2, rel=0.1)
    assert found["steps"][0] == {
        "variant": "single", "stage": None, "index": 2, "line": 3, "instruction": "WORKDIR /app", "outcome": "hit",
        "certainty": "derived", "seconds": 0.0, "cause": None,
    }  # fmt: skip
    assert found["steps"][1]["cause"]["files"] == [{"path": "requirements.txt", "change": "content", "old_path": None}]


def test_dockerfiles_without_a_bench_file_and_nothing_measured(scratch: Scratch) -> None:
    found = answer(predict, "-f", "single.Dockerfile", ".", "--edit", "app.py")
    assert ran(found, "single") == ["COPY . ."]
    assert found["total_seconds"] is None
    assert found["steps"][-1]["seconds"] is None
    assert "nothing was measured" in found["notes"][0]


def test_since_a_commit_and_by_a_patch(scratch: Scratch) -> None:
    assert ran(answer(predict, "--diff", "HEAD~2"), "single") == [
        "COPY requirements.txt .", "RUN pip install --no-cache-dir -r requirements.txt", "COPY . .",
    ]  # fmt: skip
    assert ran(answer(predict, "--diff", "HEAD"), "single") == []
    diff = scratch.git("diff", "HEAD~3", "HEAD~2").decode()
    scratch.git("checkout", "--quiet", "HEAD~3")
    before = scratch.state()
    assert ran(answer(predict, "-", given=diff), "single") == ["COPY . ."]
    assert ran(answer(predict, "--patch", "-", given=diff), "single") == ["COPY . ."]
    assert scratch.state() == before


def test_what_is_in_the_working_tree_already_is_predicted_as_well(scratch: Scratch) -> None:
    (scratch.top / "app.py").write_text("print('edited')\n")
    before = scratch.state()
    assert ran(answer(predict, "-", given=scratch.git("diff").decode()), "single") == ["COPY . ."]
    assert scratch.state() == before


def test_no_file_of_a_context_is_replaced(scratch: Scratch) -> None:
    before = scratch.state()
    for output in ("app.py", "layerbench.toml", "single.Dockerfile"):
        assert "give another place with -o" in refused(predict, "--edit", "app.py", "-o", output)
        assert "give another place with -o" in refused(impact, "-o", output)
    assert scratch.state() == before


def test_what_cannot_be_predicted(scratch: Scratch) -> None:
    assert refused(predict).startswith("say what will change in one way")
    assert refused(predict, "--edit", "app.py", "--diff", "HEAD").startswith("say what will change in one way")
    assert "gone.py is not there" in refused(predict, "--edit", "gone.py")
    assert "is not in the context" in refused(predict, "--edit", "../costs.json")
    assert "is a remote context" in refused(predict, "https://example.org/x.git", "--edit", "app.py")
    assert "no such folder" in refused(predict, "nowhere", "--edit", "app.py")
    assert "no such Dockerfile" in refused(predict, "-f", "nowhere", "--edit", "app.py")
    assert 'no variant is named "singel"' in refused(predict, "--variant", "singel", "--edit", "app.py")
    assert "the patch is empty" in refused(predict, "-", given="\n")
    assert "costs.json is the result file itself" in refused(
        predict, "--edit", "app.py", "--costs", "../costs.json", "-o", "../costs.json"
    )
    assert 'no commit is named "nowhere"' in refused(predict, "--diff", "nowhere")
    (scratch.top / "single.Dockerfile").write_text("RUN before any FROM\n")
    assert "single.Dockerfile: the Dockerfile has no FROM" in refused(
        predict, "--edit", "app.py", "--variant", "single"
    )


def test_a_variant_that_cannot_be_foreseen_does_not_stop_the_others(scratch: Scratch) -> None:
    scratch.write("single.Dockerfile", "RUN before any FROM\n")
    scratch.commit("broken")
    (scratch.top / "single.Dockerfile").write_text(SINGLE)
    scratch.write("new.Dockerfile", SINGLE)
    scratch.write("layerbench.toml", BENCH + '[variants.new]\ndockerfile = "new.Dockerfile"\n')
    found = answer(predict, "--diff", "HEAD")
    assert {step["variant"] for step in found["steps"]} == {"naive"}
    assert found["notes"][:2] == [
        "single is left out: single.Dockerfile at HEAD: the Dockerfile has no FROM",
        "new is left out: HEAD has no variant new",
    ]
    assert "single.Dockerfile at HEAD" in refused(predict, "--diff", "HEAD", "--variant", "single")
    (scratch.top / "single.Dockerfile").write_text("RUN before any FROM\n")
    found = answer(predict, "--edit", "app.py")
    assert found["notes"][0] == "single is left out: single.Dockerfile: the Dockerfile has no FROM"


def test_a_folder_without_anything_to_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").touch()
    assert "there is no Dockerfile and no layerbench.toml" in refused(predict, "--edit", "app.py")
    assert "there is no Dockerfile and no layerbench.toml" in refused(impact)


def test_impact_ranks_variants_by_what_a_commit_costs(scratch: Scratch) -> None:
    found = answer(impact, "--git", "3", "--costs", "../costs.json")
    assert [one["variant"] for one in found["variants"]] == ["single", "naive"]
    costs = {one["variant"]: one["commits"] for one in found["variants"]}
    assert {name: (one["commits"], one["touching"]) for name, one in costs.items()} == {
        "single": (3, 2), "naive": (3, 2),
    }  # fmt: skip
    assert costs["single"]["seconds"] < costs["naive"]["seconds"]
    assert costs["single"]["worst_files"][0] == {"path": "requirements.txt", "commits": 1}


def test_impact_of_each_file(scratch: Scratch) -> None:
    scratch.write("tests/test_app.py", "t")
    found = answer(impact, "--variant", "single", "--costs", "../costs.json")
    [single] = found["variants"]
    assert [[group["path"] for group in one["groups"]] for one in single["files"]] == [
        ["requirements.txt"], ["app.py", "tests/"],
    ]  # fmt: skip
    assert [len(one["steps"]) for one in single["files"]] == [3, 1]
    assert [(one["line"], one["what"]) for one in single["ignorable"]] == [("tests", "tests")]
    assert single["commits"] is None


def test_a_file_that_is_gone_counts_for_the_commits_that_changed_it(scratch: Scratch) -> None:
    scratch.write("old/module.py", "1")
    scratch.commit()
    scratch.git("rm", "--quiet", "-r", "old")
    scratch.commit()
    found = answer(impact, "--git", "2", "--variant", "naive")
    assert found["variants"][0]["commits"]["touching"] == 2


def test_impact_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    assert "git has no history" in refused(impact, "--git", "3")


def test_two_git_states(scratch: Scratch) -> None:
    before = scratch.state()
    found = answer(explain, "HEAD~2", "HEAD", "--variant", "single")
    assert scratch.state() == before
    kinds = {step["instruction"]: step["cause"] and step["cause"]["kind"] for step in found["steps"]}
    assert kinds == {
        "WORKDIR /app": None,
        "COPY requirements.txt .": "files",
        "RUN pip install --no-cache-dir -r requirements.txt": "parent",
        "COPY . .": "files",
    }
    assert found["steps"][2]["cause"]["first"]["instruction"] == "COPY requirements.txt ."
    assert {step["certainty"] for step in found["steps"]} == {"derived"}
    assert "nothing was built" in found["notes"][0]


def test_two_git_states_that_do_not_go_together(scratch: Scratch) -> None:
    assert 'no commit is named "nowhere"' in refused(explain, "HEAD", "nowhere")
    assert 'no variant is named "multi"' in refused(explain, "HEAD~1", "HEAD", "--variant", "multi")


def test_a_result_of_before_says_what_it_does_not_know(scratch: Scratch) -> None:
    found = answer(explain, "../costs.json", "--variant", "single", "--scenario", "edit-source", "--round", "2")
    assert {(step["variant"], step["scenario"]) for step in found["steps"]} == {("single", "edit-source")}
    assert [step["rounds"] for step in found["steps"]] == [[2]] * 4
    assert found["unknown_count"] >= 1
    assert "no variant" in refused(explain, "../costs.json", "--variant", "singel")
    assert "no scenario" in refused(explain, "../costs.json", "--scenario", "edit-sauce")
    assert "is not there" in refused(explain, "gone.json")
    assert "are the same" in refused(explain, "../costs.json", "../costs.json")


COMMANDS = [(predict, "--edit", "app.py"), (impact, "--git", "3"), (explain, "HEAD~2", "HEAD")]


@pytest.mark.parametrize("command", COMMANDS, ids=["predict", "impact", "explain"])
@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_every_form_goes_to_stdout_or_a_file(scratch: Scratch, command: tuple[Any, ...], form: str) -> None:
    called, *arguments = command
    done = CliRunner().invoke(called, [*arguments, "--format", form], standalone_mode=False)
    assert (done.exception, done.stderr) == (None, "")
    assert "\x1b" not in done.stdout
    assert "COPY . ." in done.stdout
    again = CliRunner().invoke(called, [*arguments, "--format", form, "-o", "../out"], standalone_mode=False)
    assert (again.exception, again.stdout) == (None, "")
    assert (scratch.top.parent / "out").read_text() == done.stdout


def test_as_a_process(scratch: Scratch) -> None:
    done = layerbench("predict", "--edit", "app.py", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert "single: 1 of 4 steps run again" in done.stdout
    wrong = layerbench("predict", "--edit", "gone.py")
    assert (wrong.returncode, wrong.stdout, len(wrong.stderr.splitlines())) == (2, "", 1)


def test_a_source_that_a_patch_removes_lets_the_build_fail_and_that_is_said(scratch: Scratch) -> None:
    (scratch.top / "requirements.txt").unlink()
    found = {one["variant"]: one for one in answer(predict, "--diff", "HEAD", "--costs", "../costs.json")["variants"]}
    assert found["single"]["notes"] == ["the build will fail at line 4: requirements.txt is not in the context"]
    assert found["single"]["total_seconds"] is None
    assert found["naive"]["notes"] == []  # `COPY . .` names no file
    assert found["naive"]["total_seconds"] is not None


@pytest.mark.parametrize(
    ("instruction", "said"),
    [
        ("COPY --parents nope/x app.py /", "nope/x is not in the context"),
        ("COPY app.py nope* gone.py /", "gone.py is not in the context"),
        ("COPY app.[ /", "'/app.[' is refused by BuildKit in a COPY (syntax error in pattern); mend it"),
        ("COPY --exclude=[ . /", "'[' is refused by BuildKit in a COPY (syntax error in pattern); mend it"),
    ],
)
def test_what_no_build_finds_is_said(scratch: Scratch, instruction: str, said: str) -> None:
    (scratch.top / "single.Dockerfile").write_text(f"FROM scratch\n{instruction}\n")
    [found] = answer(predict, "--edit", "app.py", "--variant", "single", "--costs", "../costs.json")["variants"]
    assert found["notes"][0] == f"the build will fail at line 2: {said}"
    assert found["total_seconds"] is None


def test_two_git_states_of_which_one_has_a_broken_variant(scratch: Scratch) -> None:
    scratch.write("single.Dockerfile", "FROM scratch\nRUNN x\n")
    scratch.commit("broken")
    found = answer(explain, "HEAD~1", "HEAD")
    assert {step["variant"] for step in found["steps"]} == {"naive"}
    [told] = [note for note in found["notes"] if "left out" in note]
    assert told.startswith("single is left out: in HEAD (")
    assert told.endswith('single.Dockerfile: line 2: no instruction is named RUNN; did you mean "RUN"?')
    assert "single.Dockerfile: line 2" in refused(explain, "HEAD~1", "HEAD", "--variant", "single")
