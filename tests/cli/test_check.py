from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.results.file import read_result
from tests.analysis.checks.sources import larger, uncached
from tests.cli.checks import BUDGETS, RELATIVE, fill, run_check, write_bench, written
from tests.cli.process import layerbench
from tests.results import factory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path)


def test_all_is_well(folder: Path) -> None:
    done = run_check(folder, "result.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "verdict: ok 2 budgets, 1 expectation"


def test_a_regression_ends_with_1_and_a_line_to_parse(folder: Path) -> None:
    write_bench(folder, RELATIVE)
    head = written(folder, "head.json", larger(12_400_000))
    done = run_check(folder, head, "--baseline", "result.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1] == (
        "verdict: regression compressed_bytes[multi] +12.4MB (+11.3%) budget +5% and +1MB"
    )
    assert "layer COPY --from=builder /venv /venv: +12.4 MB" in done.stdout
    assert run_check(folder, "result.json", "--baseline", head).returncode == 0


def test_a_refuted_expectation_ends_with_1_and_one_that_warns_does_not(folder: Path) -> None:
    head = written(folder, "head.json", uncached("single", "edit-source", "pip install"))
    done = run_check(folder, head)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == 'verdict: refuted "a source edit does not run pip install again"'
    write_bench(folder, f'{BUDGETS}level = "warn"\n')
    done = run_check(folder, head)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == ('verdict: warning refuted "a source edit does not run pip install again"')


def test_failed_builds_end_with_3_and_the_rest_is_still_checked(folder: Path) -> None:
    head = written(folder, "head.json", factory.fail(factory.result(), "naive", "cold", (1, 2)))
    done = run_check(folder, head)
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1] == "verdict: error 1 failed"
    assert "The build of naive in cold failed in rounds 1, 2: RUN pip install" in " ".join(done.stdout.split())
    assert "confirmed: a source edit does not run pip install again" in done.stdout


def test_what_was_not_measured_is_a_warning(folder: Path) -> None:
    plans = [plan for plan in factory.WEB if plan.name == "naive"]
    done = run_check(folder, written(folder, "head.json", factory.result(plans)))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "verdict: warning 2 of 2 not measured"


def test_json_is_a_document_and_the_verdict_goes_to_stderr(folder: Path) -> None:
    done = run_check(folder, "result.json", "--json")
    assert (done.returncode, done.stderr) == (0, "verdict: ok 2 budgets, 1 expectation\n")
    document = json.loads(done.stdout)
    assert document["verdict"] == "ok"
    assert [one["outcome"] for one in document["expectations"]] == ["confirmed"]
    assert document == json.loads(run_check(folder, "result.json", "--format", "json").stdout)


@pytest.mark.parametrize("format_name", ["table", "json", "junit", "github", "markdown"])
def test_a_file_gets_the_report_and_stdout_the_verdict(folder: Path, format_name: str) -> None:
    done = run_check(folder, "result.json", "--format", format_name, "-o", "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "verdict: ok 2 budgets, 1 expectation\n", "")
    # GitHub's annotations tell of what does not hold, and all does.
    assert bool((folder / "out").read_text()) is (format_name != "github")


def test_annotations_have_paths_of_the_repository(folder: Path) -> None:
    write_bench(folder, BUDGETS.replace("120MB", "1MB"))
    done = run_check(folder, "result.json", "--format", "github", GITHUB_WORKSPACE=str(folder.parent))
    assert done.returncode == 1
    assert f"file={folder.name}/multi.Dockerfile,line=10," in done.stdout
    assert done.stdout.splitlines()[-1].startswith("verdict: regression compressed_bytes[multi] 109.9MB budget 1MB")


@pytest.mark.parametrize("side_file", [None, "first.layers.zip"])
def test_no_side_file_is_replaced(folder: Path, side_file: str | None) -> None:
    written(folder, "head.json", replace(factory.result(), side_file=side_file))
    name = side_file or "head.layers.zip"
    (folder / name).write_bytes(b"layers")
    for arguments in (["head.json"], ["result.json", "--baseline", "head.json"]):
        done = run_check(folder, *arguments, "-o", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{name} is the side file of a result itself: give another place with -o" in done.stderr
    assert (folder / name).read_bytes() == b"layers"


def test_what_is_found_without_being_named_is_not_replaced(folder: Path) -> None:
    write_bench(folder, RELATIVE)
    assert layerbench("baseline", "update", "result.json", folder=folder).returncode == 0
    for name in ("layerbench.toml", "layerbench-baseline.json"):
        before = (folder / name).read_bytes()
        done = run_check(folder, "result.json", "-o", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{name} is the input itself" in done.stderr
        assert (folder / name).read_bytes() == before


@pytest.mark.parametrize("arguments", [["-o", "out"], ["--format", "github"], ["--json"], []])
def test_a_verdict_can_be_written_in_any_encoding(folder: Path, arguments: list[str]) -> None:
    claim = "a → b"
    write_bench(folder, f'[[expectations]]\nclaim = "{claim}"\nthat = "layers of multi < layers of naive"\n')
    done = run_check(folder, "result.json", *arguments, PYTHONIOENCODING="latin-1")
    said = done.stderr if arguments == ["--json"] else done.stdout
    assert done.returncode == 1
    assert said.splitlines()[-1] == 'verdict: refuted "a \\u2192 b"'
    assert "Traceback" not in done.stderr


def test_a_changed_bench_file_is_noted(folder: Path) -> None:
    done = run_check(folder, "result.json")
    # The run of the fixture has a digest of its own.
    assert "layerbench.toml has other variants, scenarios or edits than the run" in done.stdout


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("", "layerbench.toml: there is nothing to check; add [[budgets]] or [[expectations]]"),
        (
            '[[budgets]]\nmetric = "layers"\nmax = "3"\n',
            "layerbench.toml: budgets[0]: `max` of layers should be a whole",
        ),
        (
            "[[expectations]]\nclaim = \"c\"\nthat = 'layers of multi <'\n",
            "layerbench.toml: expectations[0].that: at its end: expected one of step, file",
        ),
        (
            "[[expectations]]\nclaim = \"c\"\nthat = 'layers of mutli < 3'\n",
            'expectations[0].that: no variant is named "mutli"; did you mean "multi"?',
        ),
        (
            '[[expectations]]\nclaim = "c"\nthat = \'step matching "R" ran in edit-sauce\'\n',
            'no scenario is named "edit-sauce"; did you mean "edit-source"?',
        ),
    ],
)
def test_bench_files_that_ask_for_what_cannot_be(folder: Path, limits: str, said: str) -> None:
    write_bench(folder, limits)
    done = run_check(folder, "result.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_command_lines_that_cannot_be(folder: Path) -> None:
    (folder / "x.toml").write_text("rounds = 1\n")
    for arguments, said in (
        (["missing.json"], "missing.json is not there"),
        (["result.json", "--json", "--format", "junit"], "--json and --format junit exclude each other"),
        (["result.json", "-o", "result.json"], "result.json is the input itself"),
        (["result.json", "--budget-file", "x.toml"], "x.toml: rounds: unknown key"),
        (["result.json", "-c", "missing.toml"], "missing.toml: no such file"),
    ):
        done = run_check(folder, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert said in done.stderr
    write_bench(folder, BUDGETS, name="other")
    done = run_check(folder, "result.json")
    assert done.returncode == 2
    assert 'result.json is of the bench "web", and layerbench.toml is "other"' in done.stderr
    (folder / "layerbench.toml").unlink()
    assert "there is no layerbench.toml here: name the bench file with -c" in run_check(folder, "result.json").stderr


def test_the_run_is_not_written_to(folder: Path) -> None:
    before = (folder / "result.json").read_bytes()
    run_check(folder, "result.json")
    assert (folder / "result.json").read_bytes() == before
    assert read_result(folder / "result.json") == factory.result()


def test_the_samples_claims_are_judged_as_they_were_measured(folder: Path) -> None:
    """The fixture's figures are those of a real run of the web sample app."""
    sample = Path(__file__).parents[2] / "sample_app" / "web" / "layerbench.toml"
    done = run_check(folder, "result.json", "-c", sample, "--json")
    assert done.returncode == 0
    outcomes = {one["claim"]: one["outcome"] for one in json.loads(done.stdout)["expectations"]}
    assert outcomes["with the manifest copied first, a source edit does not install again"] == "confirmed"
    assert outcomes["a Dockerfile that copies everything first installs again after a source edit"] == "confirmed"
    assert outcomes["--no-cache-dir makes the image smaller"] == "confirmed"
    assert outcomes["multi-stage is smaller, for pure wheels"] == "refuted"


def test_help_has_examples_and_fits_a_terminal() -> None:
    done = layerbench("check", "--help", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert "layerbench check result.json --baseline main.json" in done.stdout.partition("Examples:")[2]
    assert "Exit codes: 0 fine" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 104
