from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from layerbench.cli.compare import compare
from layerbench.results.file import read_result, write_result
from layerbench.runner.build_images import split_reference
from tests.analysis.comparison.factory import larger, noisy, result, uncached
from tests.cli.process import layerbench
from tests.results import factory
from tests.runner.test_result_images import written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    base = noisy(result("single", "multi"))
    write_result(base, tmp_path / "main.json")
    head = noisy(uncached(larger(result("single", "multi"), 5_000_000, 6_000_000), "pip install", "touch"), 2)
    write_result(head, tmp_path / "pr.json")
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return layerbench(
        "compare", *arguments, folder=folder, COLUMNS="100", DOCKER_HOST="unix:///nowhere/docker.sock", **environment
    )


def figures(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run(folder, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def error(folder: Path, *arguments: str) -> str:
    done = run(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_two_files_without_an_engine(folder: Path) -> None:
    done = run(folder, "main.json", "pr.json")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "main.json -> pr.json"
    assert "single" in lines
    assert "multi" in lines
    assert max(map(len, lines)) <= 100
    assert any("touch: no longer cached: RUN pip install --no-cache-dir" in line for line in lines)
    assert "5.0 MB larger compressed" in " ".join(done.stdout.split())


def test_two_variants_of_one_file(folder: Path) -> None:
    pairs = figures(folder, "main.json:single", "main.json:multi")["pairs"]
    assert {(one["variant_base"], one["variant_head"]) for one in pairs} == {("single", "multi")}
    assert [one["scenario"] for one in pairs] == [scenario.name for scenario in factory.SCENARIOS]


def test_one_variant_of_two_files(folder: Path) -> None:
    for arguments in (("main.json:multi", "pr.json"), ("main.json", "pr.json:multi")):
        pairs = figures(folder, *arguments)["pairs"]
        assert {(one["variant_base"], one["variant_head"]) for one in pairs} == {("multi", "multi")}
    assert figures(folder, "main.json", "pr.json")["pairs"][0]["compressed_bytes_delta"] == 5_000_000


def test_json_and_format_json_are_the_same(folder: Path) -> None:
    assert run(folder, "main.json", "pr.json", "--json").stdout == (
        run(folder, "main.json", "pr.json", "--format", "json").stdout
    )
    assert run(folder, "main.json", "pr.json", "--json", "--format", "json").returncode == 0
    assert error(folder, "main.json", "pr.json", "--json", "--format", "markdown") == (
        "layerbench: --json and --format markdown exclude each other: give one of them\n"
    )


def test_markdown_to_a_file_and_never_over_a_result(folder: Path) -> None:
    done = run(folder, "main.json", "pr.json", "--format", "markdown", "-o", "diff.md")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (folder / "diff.md").read_text().startswith("## main.json → pr.json\n")
    for output in ("main.json", "pr.json"):
        content = (folder / output).read_bytes()
        assert error(folder, "main.json:single", "pr.json", "-o", output) == (
            f"layerbench: {output} is the result file itself: give another place with -o\n"
        )
        assert (folder / output).read_bytes() == content


def test_never_over_a_side_file(folder: Path) -> None:
    named = dataclasses.replace(read_result(folder / "pr.json"), side_file="named.layers.zip")
    write_result(named, folder / "pr.json")
    for output in ("main.layers.zip", "pr.layers.zip", "named.layers.zip"):
        (folder / output).write_bytes(b"layers")
        assert error(folder, "main.json:single", "pr.json", "-o", output) == (
            f"layerbench: {output} is the result's side file itself: give another place with -o\n"
        )
        assert (folder / output).read_bytes() == b"layers"


def test_bytes_come_with_the_packages_from_the_side_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = written(tmp_path / "a", "app")
    whole = read_result(path)
    after = next(one.image for one in whole.builds if (one.scenario, one.round) == ("cold", 2))
    head = factory.change(whole, "app", "cold", (1,), image=after)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    write_result(head, tmp_path / "b" / "web.json")
    # The lower of the middle two images is that of round 1 here, and the other one there.
    found = figures(tmp_path, "a/web.json", "b/web.json")
    cold = found["pairs"][0]
    assert cold["attributed"] is True
    assert [(one["name"], one["before"], one["after"]) for one in cold["packages"]] == [
        ("alpha", "1.0", "2.0"),
        ("gone", "0.1", None),
    ]
    parts = [*cold["packages"], *cold["unowned"]]
    ends = cold["uncompressed_bytes_delta"] - sum(one["uncompressed_bytes_delta"] for one in parts)
    assert abs(ends) < 10_240  # the ends of the layers' tars
    assert cold["uncompressed_bytes_delta"] == sum(one["uncompressed_bytes_delta"] for one in cold["layers"]) > 0
    assert "alpha 1.0 -> 2.0" in run(tmp_path, "a/web.json", "b/web.json").stdout


def test_without_a_side_file_there_are_bytes_and_a_sentence(tmp_path: Path) -> None:
    path = written(tmp_path, "app")
    before = next(one.image for one in read_result(path).builds if (one.scenario, one.round) == ("cold", 1))
    write_result(factory.change(read_result(path), "app", "edit-source", (1, 2), image=before), tmp_path / "other.json")
    (tmp_path / "web.layers.zip").unlink()
    found = figures(tmp_path, "web.json", "other.json")
    assert found["pairs"][1]["uncompressed_bytes_delta"] < 0
    assert found["pairs"][1]["attributed"] is False
    assert any("web.layers.zip is not there" in note for note in found["notes"])


def test_what_does_not_compare_is_one_sentence(folder: Path) -> None:
    whole = read_result(folder / "pr.json")
    arm = dataclasses.replace(whole, machine=dataclasses.replace(whole.machine, architecture="aarch64"))
    write_result(arm, folder / "arm.json")
    assert "base is for linux/amd64 and head for linux/arm64" in error(folder, "main.json", "arm.json")
    newer = json.loads((folder / "pr.json").read_text()) | {"schema_version": 99}
    (folder / "newer.json").write_text(json.dumps(newer))
    assert "newer.json has schema version 99" in error(folder, "main.json", "newer.json")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("main.json", "main.json"), "are the same: give two that differ, such as main.json:single main.json:multi"),
        (("main.json:single", "main.json:single"), "are the same"),
        (("main.json", "main.json:multi"), "are the same"),
        (("main.json", "absent.json"), "absent.json is not there"),
        (("main.json:absent", "pr.json"), 'main.json:absent has no variant "absent": there are "single" and "multi"'),
        (("-", "-"), "standard input can be read once"),
    ],
)
def test_errors_name_the_thing_and_the_mend(folder: Path, arguments: tuple[str, str], words: str) -> None:
    assert words in error(folder, *arguments)


def test_standard_input_is_one_side(folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'cat pr.json | "$0" compare main.json - --json', shutil.which("layerbench") or _command()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["head"]["name"] == "-"
    assert any("no side file beside it" in note for note in found["notes"])


def _command() -> str:
    from tests.cli.process import COMMAND

    return COMMAND[0]


def test_the_longest_path_that_is_there_is_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").touch()
    (tmp_path / "a.json:b").touch()
    assert split_reference("a.json") == (Path("a.json"), None)
    assert split_reference("a.json:c:d") == (Path("a.json"), "c:d")
    assert split_reference("a.json:b:c") == (Path("a.json:b"), "c")
    assert split_reference("absent.json:c") == (Path("absent.json:c"), None)
    assert split_reference("-:multi") == (Path("-"), "multi")


def test_help_has_examples_and_exit_codes() -> None:
    from click.testing import CliRunner

    shown = CliRunner().invoke(compare, ["--help"]).output
    assert "Examples:" in shown
    assert "Exit codes:" in shown


def test_a_build_that_failed_on_either_side_ends_with_3_and_the_rest_is_compared(folder: Path) -> None:
    write_result(factory.fail(read_result(folder / "pr.json"), "multi", "cold", range(1, 100)), folder / "failed.json")
    for base, head, said in (("main", "failed", "no longer cached"), ("failed", "main", "now cached")):
        done = run(folder, f"{base}.json", f"{head}.json")
        assert (done.returncode, done.stderr) == (3, "")
        assert f"touch: {said}: RUN pip install" in done.stdout
    # What failed is not compared here.
    assert run(folder, "main.json:single", "failed.json:single").returncode == 0
