from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from layerbench.units import format_bytes
from tests.cli import images
from tests.cli.process import layerbench

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images.write_images(tmp_path)
    return tmp_path


def _diff(folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    cache = {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "COLUMNS": "100",
        "LAYERBENCH_HOME": str(folder / "engines"),
        **NO_ENGINE,
        **environment,
    }
    return layerbench("diff", *arguments, folder=folder, **cache)


def _json(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    done = _diff(folder, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def test_the_table_says_what_changed(folder: Path) -> None:
    done = _diff(folder, "before.tar", "after.tar")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "before.tar -> after.tar, linux/amd64"
    assert any(line.startswith("~ alpha 1.0 -> 2.0 +") for line in lines)
    assert any(line.startswith("- gone 0.1 -") for line in lines)
    assert any(line.startswith("+ /root/.cache/pip") for line in lines)
    assert f"1 layer is the same ({format_bytes(len(images.BASE[1]))})" in lines
    assert any("changed from: RUN pip install alpha==1.0 gone==0.1" in line for line in lines)
    assert lines[-1] == "unattributed: 0 B"


def test_the_parts_add_up_to_the_whole(folder: Path) -> None:
    figures = _json(folder, "before.tar", "after.tar")
    before, after = (sum(len(data) for _, data in image) for image in (images.BEFORE, images.AFTER))
    assert figures["uncompressed_bytes_delta"] == after - before
    assert figures["unattributed_bytes"] == 0

    def total(*lists: str) -> int:
        return sum(part["uncompressed_bytes_delta"] for name in lists for part in figures[name])

    assert total("layers") == after - before
    assert total("packages", "unowned") + figures["end_bytes_delta"] == after - before
    assert total("folders") + figures["end_bytes_delta"] == after - before
    assert total("files") + figures["end_bytes_delta"] == after - before


def test_packages_are_known_to_the_byte(folder: Path) -> None:
    def share(*wheel: Any) -> int:
        return sum(images.file_bytes(len(content)) for content in images.wheel(*wheel).values())

    packages = _json(folder, "before.tar", "after.tar")["packages"]
    assert [(one["name"], one["before"], one["after"], one["uncompressed_bytes_delta"]) for one in packages] == [
        ("alpha", "1.0", "2.0", share("alpha", "2.0", 50_000) - share("alpha", "1.0", 10_000)),
        ("gone", "0.1", None, -share("gone", "0.1", 3_000)),
    ]


def test_there_and_back_is_nothing(folder: Path) -> None:
    there, back = _json(folder, "before.tar", "after.tar"), _json(folder, "after.tar", "before.tar")
    for key in ("compressed_bytes_delta", "uncompressed_bytes_delta", "end_bytes_delta"):
        assert there[key] == -back[key]
    assert {one["path"] for one in there["files"]} == {one["path"] for one in back["files"]}


def test_an_image_beside_itself(folder: Path) -> None:
    done = _diff(folder, "after.tar", "after.tar")
    assert done.returncode == 0
    assert "all 3 layers are the same" in done.stdout
    figures = _json(folder, "after.tar", "after.tar")
    assert figures["uncompressed_bytes_delta"] == 0
    assert figures["packages"] == figures["files"] == figures["folders"] == []


def test_markdown(folder: Path) -> None:
    done = _diff(folder, "before.tar", "after.tar", "--markdown")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("## `before.tar` → `after.tar`: +")
    assert "| `alpha` | Python in /usr | 1.0 | 2.0 | +" in done.stdout


def test_top_cuts_every_list(folder: Path) -> None:
    text = _diff(folder, "before.tar", "after.tar", "--top", "1").stdout
    assert "~ alpha 1.0 -> 2.0" in text
    assert "gone 0.1" not in text
    assert "and 1 more, " in text


def test_it_is_written_to_a_file_and_never_over_an_image(folder: Path) -> None:
    done = _diff(folder, "before.tar", "after.tar", "--json", "-o", "diff.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((folder / "diff.json").read_text()) == _json(folder, "before.tar", "after.tar")
    for name in ("before.tar", "after.tar"):
        content = (folder / name).read_bytes()
        done = _diff(folder, "before.tar", "after.tar", "-o", name)
        assert (done.returncode, done.stderr) == (
            2,
            f"layerbench: {name} is the image itself: give another place with -o\n",
        )
        assert (folder / name).read_bytes() == content


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_where_there_is_no_unicode_ascii_does(folder: Path, options: list[str]) -> None:
    done = _diff(folder, "before.tar", "after.tar", *options, LC_ALL="C", COLUMNS="60")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["before.tar"], "Missing argument 'B'"),
        (["before.tar", "after.tar", "--json", "--markdown"], "--json and --markdown exclude each other"),
        (["before.tar", "./missing.tar"], "missing.tar"),
        (["./missing.tar", "after.tar"], "missing.tar"),
        (["before.tar", "after.tar", "--top", "0"], "0 is not in the range"),
        (["before.tar", "after.tar", "--platform", "riscv64"], "--platform riscv64"),
    ],
)
def test_command_lines_that_cannot_be(folder: Path, arguments: list[str], said: str) -> None:
    done = _diff(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_help_has_examples_and_fits_a_terminal() -> None:
    done = layerbench("diff", "--help", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert "layerbench diff result.json:single result.json:multi" in done.stdout.partition("Examples:")[2]
    assert max(map(len, done.stdout.splitlines())) <= 104
