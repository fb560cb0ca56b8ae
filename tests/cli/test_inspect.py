from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli import images
from tests.cli.process import layerbench

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images.write_images(tmp_path)
    return tmp_path


def _inspect(folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    cache = {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "COLUMNS": "100",
        "LAYERBENCH_HOME": str(folder / "engines"),
        **NO_ENGINE,
        **environment,
    }
    return layerbench("inspect", *arguments, folder=folder, **cache)


def _json(folder: Path, *arguments: str | Path) -> dict[str, object]:
    done = _inspect(folder, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    figures: dict[str, object] = json.loads(done.stdout)
    return figures


def test_the_table_says_what_is_in_the_image(folder: Path) -> None:
    done = _inspect(folder, "after.tar")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0].startswith("after.tar, linux/amd64, sha256:")
    assert any(line.startswith("1 ") and line.endswith("+4 ~0 -0 RUN pip install alpha==2.0") for line in lines)
    assert any(line.startswith("alpha 2.0 Python in /usr ") for line in lines)
    assert any(line.startswith("pip's cache ") for line in lines)
    assert any(line.startswith("mend: ") for line in lines)
    assert r"/app/odd \udcff\n.txt" in done.stdout


def test_every_byte_is_in_the_json(folder: Path) -> None:
    figures = _json(folder, "after.tar")
    lengths = [len(data) for _, data in images.AFTER]
    assert figures["uncompressed_bytes"] == sum(lengths)
    layers, packages, unowned = figures["layers"], figures["packages"], figures["unowned"]
    assert isinstance(layers, list)
    assert isinstance(packages, list)
    assert isinstance(unowned, list)
    assert [layer["instruction"] for layer in layers] == [instruction for instruction, _ in images.AFTER]
    assert [layer["uncompressed_bytes"] for layer in layers] == lengths
    wheel = images.wheel("alpha", "2.0", 50_000)
    assert [(one["name"], one["version"], one["uncompressed_bytes"]) for one in packages] == [
        ("alpha", "2.0", sum(images.file_bytes(len(content)) for content in wheel.values()))
    ]
    parts = sum(one["uncompressed_bytes"] for one in (*packages, *unowned))
    assert parts + figures["end_bytes"] == sum(lengths)


def test_waste_names_pips_cache_and_what_it_costs(folder: Path) -> None:
    waste = _json(folder, "after.tar")["waste"]
    assert isinstance(waste, list)
    (found,) = waste
    assert (found["kind"], found["layer"], found["instruction"]) == ("pip-cache", 1, "RUN pip install alpha==2.0")
    assert found["uncompressed_bytes"] == images.file_bytes(60_000)


def test_a_path_that_is_no_utf8_is_no_broken_json(folder: Path) -> None:
    files = _json(folder, "after.tar")["files"]
    assert isinstance(files, list)
    assert images.ODD_NAME in [file["path"] for file in files]


def test_one_layer_alone(folder: Path) -> None:
    figures = _json(folder, "after.tar", "--layer", "2")
    layers, files = figures["layers"], figures["files"]
    assert isinstance(layers, list)
    assert isinstance(files, list)
    assert [layer["layer"] for layer in layers] == [2]
    assert {file["path"] for file in files} == {"app/main.py", images.ODD_NAME}
    assert {tuple(file["layers"]) for file in files} == {(2,)}
    assert figures["packages"] == []
    assert figures["waste"] == []


def test_a_layer_that_is_not_there(folder: Path) -> None:
    done = _inspect(folder, "after.tar", "--layer", "3")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "layerbench: after.tar has no layer 3; its layers are 0 to 2\n"


def test_top_cuts_the_lists(folder: Path) -> None:
    files = _json(folder, "after.tar", "--top", "1")["files"]
    assert isinstance(files, list)
    assert len(files) == 1
    assert " more, " in _inspect(folder, "after.tar", "--top", "1").stdout


@pytest.mark.parametrize(
    ("arguments", "deepest"),
    [
        (["--tree", "after.tar"], 3),
        (["after.tar", "--tree"], 3),
        (["--tree", "1", "after.tar"], 1),
        (["--tree=2", "after.tar"], 2),
        (["--tree", "--", "after.tar"], 3),
    ],
)
def test_the_tree_is_as_deep_as_asked_for(folder: Path, arguments: list[str], deepest: int) -> None:
    done = _inspect(folder, "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    tree = json.loads(done.stdout)["tree"]
    assert tree[0]["path"] == ""
    assert max(1 + path.count("/") for path in (folder["path"] for folder in tree) if path) == deepest


def test_the_tree_is_printed(folder: Path) -> None:
    text = _inspect(folder, "after.tar", "--tree").stdout
    assert "\nfolders\n" in text
    assert "      site-packages" not in text
    assert "      python3.12\n" in text


def test_it_is_written_to_a_file(folder: Path) -> None:
    done = _inspect(folder, "after.tar", "-o", "report.txt", LC_ALL="C")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (folder / "report.txt").read_text() == _inspect(folder, "after.tar").stdout


def test_a_dash_is_stdout(folder: Path) -> None:
    done = _inspect(folder, "after.tar", "-o", "-")
    assert (done.returncode, done.stdout) == (0, _inspect(folder, "after.tar").stdout)
    assert not (folder / "-").exists()


def test_the_image_is_not_overwritten(folder: Path) -> None:
    before = (folder / "after.tar").read_bytes()
    done = _inspect(folder, "after.tar", "-o", "./after.tar")
    assert done.returncode == 2
    assert done.stderr == "layerbench: ./after.tar is the image itself: give another place with -o\n"
    assert (folder / "after.tar").read_bytes() == before


@pytest.mark.parametrize("options", [[], ["--json"], ["--tree"]])
def test_where_there_is_no_unicode_ascii_does(folder: Path, options: list[str]) -> None:
    done = _inspect(folder, "after.tar", *options, LC_ALL="C", COLUMNS="60")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


@pytest.mark.parametrize("name", ["./missing.tar", "notes.json", "."])
def test_what_is_no_image_is_one_sentence(folder: Path, name: str) -> None:
    images.write_empty_file(folder)
    done = _inspect(folder, name)
    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_an_engine_that_does_not_answer_is_no_usage_error(folder: Path) -> None:
    done = _inspect(folder, "nowhere/there-is-no-such:1")
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr


def test_an_image_beyond_the_limit_is_refused(folder: Path) -> None:
    done = _inspect(folder, "after.tar", "--max-bytes", "20kB")
    assert (done.returncode, done.stdout) == (3, "")
    assert "--max-bytes" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'IMAGE'"),
        (["after.tar", "--max-bytes", "20"], '"20" is no number of bytes; write one like 500MB, 10GB or 4GiB'),
        (["after.tar", "--max-bytes", "20gb"], '"20gb" is no number of bytes'),
        (["after.tar", "--layer", "-1"], "-1 is not in the range"),
        (["after.tar", "--top", "0"], "0 is not in the range"),
        (["after.tar", "--tree", "0"], "0 is not in the range"),
        (["after.tar", "--tree=deep"], "'deep' is not a valid integer"),
    ],
)
def test_command_lines_that_cannot_be(folder: Path, arguments: list[str], said: str) -> None:
    done = _inspect(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_help_has_examples_and_fits_a_terminal() -> None:
    done = layerbench("inspect", "--help", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert "layerbench inspect python:3.12-slim" in done.stdout.partition("Examples:")[2]
    assert "--tree [DEPTH]" in done.stdout
    assert "[default: 100GB]" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 104


def test_the_shell_completes_file_names(folder: Path) -> None:
    done = layerbench(
        _LAYERBENCH_COMPLETE="bash_complete", COMP_WORDS="layerbench inspect aft", COMP_CWORD="2", folder=folder
    )
    assert done.stdout.startswith("file,")
