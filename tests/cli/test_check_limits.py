"""What a check judges by: budget files, and what relative budgets are relative to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.analysis.checks.sources import larger, uncached
from tests.cli.checks import BUDGETS, RELATIVE, fill, run_check, write_bench, written
from tests.cli.process import layerbench
from tests.results import factory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path)


def test_more_budgets_come_from_a_file_of_their_own(folder: Path) -> None:
    (folder / "strict.toml").write_text('[[budgets]]\nmetric = "layers"\nmax = 3\nvariant = "multi"\n')
    done = run_check(folder, "result.json", "--budget-file", "strict.toml")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "verdict: regression layers[multi] 5 budget 3"
    assert "confirmed: a source edit" in done.stdout
    (folder / "layerbench.toml").unlink()
    done = run_check(folder, "result.json", "--budget-file", "strict.toml")
    assert done.returncode == 1
    assert "confirmed" not in done.stdout


def test_all_budget_files_count_and_none_is_replaced(folder: Path) -> None:
    (folder / "strict.toml").write_text('[[budgets]]\nmetric = "layers"\nmax = 3\nvariant = "multi"\n')
    (folder / "loose.toml").write_text('[[budgets]]\nmetric = "layers"\nmax = 30\n')
    both = ["--budget-file", "strict.toml", "--budget-file", "loose.toml"]
    done = run_check(folder, "result.json", *both)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "verdict: regression layers[multi] 5 budget 3"
    assert len(json.loads(run_check(folder, "result.json", *both, "--json").stdout)["budgets"]) == 2 + 1 + 5
    for name in ("strict.toml", "loose.toml"):
        done = run_check(folder, "result.json", *both, "-o", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{name} is the input itself" in done.stderr
    (folder / "layerbench.toml").unlink()
    (folder / "strict.toml").write_text("")
    (folder / "loose.toml").write_text("")
    said = "layerbench: strict.toml, loose.toml: there is nothing to check; add [[budgets]] or [[expectations]]\n"
    assert run_check(folder, "result.json", *both).stderr == said


def test_ab_reads_all_budget_files(folder: Path) -> None:
    (folder / "fine.toml").write_text(RELATIVE)
    for files in (["fine.toml", "nothing.toml"], ["nothing.toml", "fine.toml"]):
        options = [text for name in files for text in ("--budget-file", name)]
        done = layerbench("ab", "--base", "main", *options, folder=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("layerbench: nothing.toml: no such file")


@pytest.mark.parametrize("has_bench_file", [True, False])
@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            '[[budgets]]\nmetric = "layers"\nmax = 3\nvariant = "mutli"\n',
            'budgets[0].variant: no variant is named "mutli"; did you mean "multi"?',
        ),
        (
            '[[budgets]]\nmetric = "redeploy_bytes"\nmax = "3B"\nscenario = "edit-sauce"\n',
            'budgets[0].scenario: no scenario is named "edit-sauce"; did you mean "edit-source"?',
        ),
        (
            '[[budgets]]\nmetric = "layers"\nmax = 3\nvariant = "x*"\n',
            'budgets[0].variant: no variant is named "x*"; known: naive, single, single-pip-cache, multi, '
            "multi-no-mounts",
        ),
        (
            "[[expectations]]\nclaim = \"c\"\nthat = 'layers of mutli < 3'\n",
            'expectations[0].that: no variant is named "mutli"; did you mean "multi"?',
        ),
    ],
)
def test_names_in_a_budget_file_have_to_be_there(folder: Path, limits: str, said: str, has_bench_file: bool) -> None:
    if not has_bench_file:
        (folder / "layerbench.toml").unlink()
    (folder / "more.toml").write_text(limits)
    done = run_check(folder, "result.json", "--budget-file", "more.toml")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"layerbench: more.toml: {said}\n")


def test_without_a_baseline_the_rest_is_judged(folder: Path) -> None:
    write_bench(folder, RELATIVE + BUDGETS)
    assert run_check(folder, "result.json").returncode == 2
    done = run_check(folder, "result.json", "--without-baseline")
    assert (done.returncode, done.stderr) == (0, "")
    assert "There is no baseline here." in done.stdout
    assert done.stdout.splitlines()[-1] == "verdict: ok 2 budgets, 1 expectation, 1 without a baseline"
    found = json.loads(run_check(folder, "result.json", "--without-baseline", "--json").stdout)["budgets"][0]
    assert (found["outcome"], found["baseline"], found["lacks_baseline"]) == ("not-measured", None, True)
    # Nothing to point at, on every push.
    assert "compressed" not in run_check(folder, "result.json", "--without-baseline", "--format", "github").stdout
    head = written(folder, "head.json", uncached("single", "edit-source", "pip install"))
    assert run_check(folder, head, "--without-baseline").returncode == 1
    both = run_check(folder, "result.json", "--without-baseline", "--baseline", "result.json")
    assert both.returncode == 2
    assert both.stderr == ("layerbench: --baseline and --without-baseline exclude each other: give one of them\n")


def test_without_a_baseline_what_else_was_not_measured_is_still_a_warning(folder: Path) -> None:
    write_bench(folder, RELATIVE + BUDGETS.replace('"multi*"', '"multi"'))
    whole = factory.result()
    partly = replace(whole, builds=tuple(one for one in whole.builds if one.variant != "single"))
    done = run_check(folder, written(folder, "head.json", partly), "--without-baseline")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "verdict: warning 1 of 2 not measured"


def test_a_baseline_that_is_there_serves_all_the_same(folder: Path) -> None:
    write_bench(folder, RELATIVE)
    assert layerbench("baseline", "update", "result.json", folder=folder).returncode == 0
    done = run_check(folder, written(folder, "head.json", larger(12_400_000)), "--without-baseline")
    assert (done.returncode, done.stderr) == (1, "")


def test_the_advice_to_write_a_baseline_names_its_place(folder: Path) -> None:
    write_bench(folder, RELATIVE)
    inner = folder / "a b"
    inner.mkdir()
    (inner / "result.json").write_bytes((folder / "result.json").read_bytes())
    arguments = ("result.json", "-c", "../layerbench.toml")
    done = run_check(inner, *arguments)
    assert done.returncode == 2
    command = "layerbench baseline update RESULT -o ../layerbench-baseline.json"
    assert done.stderr.endswith(f"or write one with `{command}`\n")
    update = command.replace("RESULT", "result.json").split()[1:]
    assert layerbench(*update, folder=inner).returncode == 0
    assert run_check(inner, *arguments).returncode == 0
    missing = run_check(folder, "result.json", "--baseline", "a b/c.json")
    assert missing.stderr.endswith("or write it with `layerbench baseline update RESULT -o 'a b/c.json'`\n")


def test_the_committed_baseline_is_found_where_a_budget_needs_it(folder: Path) -> None:
    write_bench(folder, RELATIVE)
    done = run_check(folder, "result.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "layerbench: the budget of compressed_bytes (+5% and +1MB) needs a baseline: give one with --baseline,"
        " or write one with `layerbench baseline update RESULT`\n"
    )
    assert layerbench("baseline", "update", "result.json", folder=folder).returncode == 0
    assert run_check(folder, "result.json").returncode == 0
    assert run_check(folder, written(folder, "head.json", larger(12_400_000))).returncode == 1


def _baselines(folder: Path) -> dict[str, str]:
    result = factory.result()
    other = replace(result, bench=replace(result.bench, name="other"))
    arm = replace(result, machine=replace(result.machine, architecture="aarch64"))
    (folder / "newer.json").write_text(
        (folder / "result.json").read_text().replace('"schema_version": 1', '"schema_version": 2')
    )
    (folder / "newer-baseline.json").write_text('{\n  "kind": "layerbench-baseline",\n  "schema_version": 9\n}\n')
    (folder / "damaged.json").write_text('{\n  "kind": "layerbench-baseline",\n  "schema_version": 1\n}\n')
    return {
        written(folder, "other.json", other): 'other.json is of the bench "other", and the run of "web"',
        written(folder, "arm.json", arm): "arm.json is for linux/arm64, and the run for linux/amd64",
        "newer.json": "newer.json has schema version 2",
        "newer-baseline.json": "newer-baseline.json has schema version 9",
        "damaged.json": "damaged.json is damaged: ",
        "missing.json": "the baseline missing.json is not there: ",
        "layerbench.toml": "layerbench.toml is no JSON",
    }


def test_baselines_that_do_not_compare_are_refused(folder: Path) -> None:
    for name, said in _baselines(folder).items():
        done = run_check(folder, "result.json", "--baseline", name)
        assert (done.returncode, done.stdout) == (2, ""), name
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
