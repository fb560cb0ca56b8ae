from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.results.file import read_result, write_result
from layerbench.results.models import Result
from tests.analysis.checks.sources import larger, uncached
from tests.cli.process import layerbench
from tests.results import factory

BUDGETS = """
[[budgets]]
metric = "compressed_bytes"
max = "120MB"
variant = "multi*"

[[expectations]]
claim = "a source edit does not run pip install again"
that = 'step matching "RUN*pip install*" of single is cached in edit-source'
"""
RELATIVE = """
[[budgets]]
metric = "compressed_bytes"
variant = "multi"
max_increase = ["5%", "1MB"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bench file like the run's, and the run."""
    for plan in factory.WEB:
        (tmp_path / f"{plan.name}.Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "app.py").write_text("")
    write_result(factory.result(), tmp_path / "result.json")
    _bench(tmp_path, BUDGETS)
    return tmp_path


def _bench(folder: Path, limits: str, name: str = "web") -> None:
    variants = "".join(f"[variants.{plan.name}]\n" for plan in factory.WEB)
    edits = "".join(
        f'[scenarios.{one.name}]\nedits = [{{ touch = "app.py" }}]\n' for one in factory.SCENARIOS if one.kind == "edit"
    )
    (folder / "layerbench.toml").write_text(f'name = "{name}"\n{variants}{edits}{limits}')


def _check(folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # The host's own CI must not decide what a path is relative to.
    neutral = {"GITHUB_WORKSPACE": "", "CI_PROJECT_DIR": "", "COLUMNS": "120"}
    return layerbench("check", *arguments, folder=folder, **{**neutral, **environment})


def _write(folder: Path, name: str, result: Result) -> str:
    write_result(result, folder / name)
    return name


def test_all_is_well(folder: Path) -> None:
    done = _check(folder, "result.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "verdict: ok 2 budgets, 1 expectation"


def test_a_regression_ends_with_1_and_a_line_to_parse(folder: Path) -> None:
    _bench(folder, RELATIVE)
    head = _write(folder, "head.json", larger(12_400_000))
    done = _check(folder, head, "--baseline", "result.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1] == (
        "verdict: regression compressed_bytes[multi] +12.4MB (+11.3%) budget +5% and +1MB"
    )
    assert "layer COPY --from=builder /venv /venv: +12.4 MB" in done.stdout
    assert _check(folder, "result.json", "--baseline", head).returncode == 0


def test_a_refuted_expectation_ends_with_1_and_one_that_warns_does_not(folder: Path) -> None:
    head = _write(folder, "head.json", uncached("single", "edit-source", "pip install"))
    done = _check(folder, head)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == 'verdict: refuted "a source edit does not run pip install again"'
    _bench(folder, f'{BUDGETS}level = "warn"\n')
    done = _check(folder, head)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == ('verdict: warning refuted "a source edit does not run pip install again"')


def test_failed_builds_end_with_3_and_the_rest_is_still_checked(folder: Path) -> None:
    head = _write(folder, "head.json", factory.fail(factory.result(), "naive", "cold", (1, 2)))
    done = _check(folder, head)
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1] == "verdict: error 1 failed"
    assert "The build of naive in cold failed in rounds 1, 2: RUN pip install" in " ".join(done.stdout.split())
    assert "confirmed: a source edit does not run pip install again" in done.stdout


def test_what_was_not_measured_is_a_warning(folder: Path) -> None:
    plans = [plan for plan in factory.WEB if plan.name == "naive"]
    done = _check(folder, _write(folder, "head.json", factory.result(plans)))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "verdict: warning 2 of 2 not measured"


def test_json_is_a_document_and_the_verdict_goes_to_stderr(folder: Path) -> None:
    done = _check(folder, "result.json", "--json")
    assert (done.returncode, done.stderr) == (0, "verdict: ok 2 budgets, 1 expectation\n")
    document = json.loads(done.stdout)
    assert document["verdict"] == "ok"
    assert [one["outcome"] for one in document["expectations"]] == ["confirmed"]
    assert document == json.loads(_check(folder, "result.json", "--format", "json").stdout)


@pytest.mark.parametrize("format_name", ["table", "json", "junit", "github", "markdown"])
def test_a_file_gets_the_report_and_stdout_the_verdict(folder: Path, format_name: str) -> None:
    done = _check(folder, "result.json", "--format", format_name, "-o", "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "verdict: ok 2 budgets, 1 expectation\n", "")
    # GitHub's annotations tell of what does not hold, and all does.
    assert bool((folder / "out").read_text()) is (format_name != "github")


def test_annotations_have_paths_of_the_repository(folder: Path) -> None:
    _bench(folder, BUDGETS.replace("120MB", "1MB"))
    done = _check(folder, "result.json", "--format", "github", GITHUB_WORKSPACE=str(folder.parent))
    assert done.returncode == 1
    assert f"file={folder.name}/multi.Dockerfile,line=10," in done.stdout
    assert done.stdout.splitlines()[-1].startswith("verdict: regression compressed_bytes[multi] 109.9MB budget 1MB")


def test_more_budgets_come_from_a_file_of_their_own(folder: Path) -> None:
    (folder / "strict.toml").write_text('[[budgets]]\nmetric = "layers"\nmax = 3\nvariant = "multi"\n')
    done = _check(folder, "result.json", "--budget-file", "strict.toml")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "verdict: regression layers[multi] 5 budget 3"
    assert "confirmed: a source edit" in done.stdout
    (folder / "layerbench.toml").unlink()
    done = _check(folder, "result.json", "--budget-file", "strict.toml")
    assert done.returncode == 1
    assert "confirmed" not in done.stdout


def test_the_committed_baseline_is_found_where_a_budget_needs_it(folder: Path) -> None:
    _bench(folder, RELATIVE)
    done = _check(folder, "result.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "layerbench: the budget of compressed_bytes (+5% and +1MB) needs a baseline: give one with --baseline,"
        " or write one with `layerbench baseline update RESULT`\n"
    )
    assert layerbench("baseline", "update", "result.json", folder=folder).returncode == 0
    assert _check(folder, "result.json").returncode == 0
    assert _check(folder, _write(folder, "head.json", larger(12_400_000))).returncode == 1


def test_a_changed_bench_file_is_noted(folder: Path) -> None:
    done = _check(folder, "result.json")
    # The run of the fixture has a digest of its own.
    assert "layerbench.toml has other variants, scenarios or edits than the run" in done.stdout


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
        _write(folder, "other.json", other): 'other.json is of the bench "other", and the run of "web"',
        _write(folder, "arm.json", arm): "arm.json is for linux/arm64, and the run for linux/amd64",
        "newer.json": "newer.json has schema version 2",
        "newer-baseline.json": "newer-baseline.json has schema version 9",
        "damaged.json": "damaged.json is damaged: ",
        "missing.json": "the baseline missing.json is not there: ",
        "layerbench.toml": "layerbench.toml is no JSON",
    }


def test_baselines_that_do_not_compare_are_refused(folder: Path) -> None:
    for name, said in _baselines(folder).items():
        done = _check(folder, "result.json", "--baseline", name)
        assert (done.returncode, done.stdout) == (2, ""), name
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr


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
    _bench(folder, limits)
    done = _check(folder, "result.json")
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
        done = _check(folder, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert said in done.stderr
    _bench(folder, BUDGETS, name="other")
    done = _check(folder, "result.json")
    assert done.returncode == 2
    assert 'result.json is of the bench "web", and layerbench.toml is "other"' in done.stderr
    (folder / "layerbench.toml").unlink()
    assert "there is no layerbench.toml here: name the bench file with -c" in _check(folder, "result.json").stderr


def test_the_run_is_not_written_to(folder: Path) -> None:
    before = (folder / "result.json").read_bytes()
    _check(folder, "result.json")
    assert (folder / "result.json").read_bytes() == before
    assert read_result(folder / "result.json") == factory.result()


def test_the_samples_claims_are_judged_as_they_were_measured(folder: Path) -> None:
    """The fixture's figures are those of a real run of the web sample app."""
    sample = Path(__file__).parents[2] / "sample_app" / "web" / "layerbench.toml"
    done = _check(folder, "result.json", "-c", sample, "--json")
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
