"""Asking for cache keys, of a docker that plays recorded builds."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from layerbench.buildx.cache_keys import TakenKeys, take_cache_keys
from layerbench.buildx.command import BuildRequest, Namespace
from layerbench.buildx.docker import DockerClient
from tests.buildx.key_graphs import recording

DOCKER = """
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
calls = folder / "calls"
words = sys.argv[1:]
with calls.open("a") as file:
    file.write(json.dumps(words) + "\\n")
number = sum(json.loads(line)[1] == "build" for line in calls.read_text().splitlines()) - 1
played = json.loads((folder / f"{number}.json").read_text())
if words[1] == "build":
    sys.stderr.write(played["progress"])
    metadata = [word.partition("=")[2] for word in words if word.startswith("--metadata-file=")]
    pathlib.Path(metadata[0]).write_text(played["metadata"])
else:
    assert words[:4] == ["buildx", "history", "inspect", "attachment"], words
    sys.stdout.write(played["config"])
sys.exit(played["exit_codes"][words[1]])
"""


def play(folder: Path, walk: dict[str, Any], number: int = 0, **other: Any) -> None:
    """Have the docker in the folder answer as the recorded engine did."""
    graph = base64.b64encode(json.dumps(walk["records"]).encode()).decode()
    config = other.pop("config", json.dumps({"os": "linux", "moby.buildkit.cache.v0": graph}))
    digest = "sha256:" + hashlib.sha256(config.encode()).hexdigest()
    times = {"started": "2026-01-01T00:00:00Z", "completed": "2026-01-01T00:00:00Z", "cached": True}
    played = {
        "progress": json.dumps({"vertexes": [{**vertex, **times} for vertex in walk["vertices"]]}) + "\n",
        "metadata": json.dumps({"buildx.build.ref": "b/b/ref0", "containerimage.config.digest": digest}),
        "config": config,
        "exit_codes": {"build": 0, "history": 0},
        **other,
    }
    (folder / f"{number}.json").write_text(json.dumps(played))


def take(folder: Path, name: str, **fields: Any) -> TakenKeys:
    script = folder / "docker.py"
    script.write_text(DOCKER)
    build = recording(name)
    request = BuildRequest(folder, folder / "Dockerfile", "x/y:z", Namespace("layerbench-n", 1), **fields)
    docker = DockerClient((sys.executable, str(script)))
    return take_cache_keys(docker, request, build.dockerfile, build.steps(), folder, dict(os.environ))


def calls(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "calls").read_text().splitlines()]


def test_the_same_build_is_made_once_more(tmp_path: Path) -> None:
    build = recording("two-stages")
    play(tmp_path, build.walks[0])
    taken = take(tmp_path, "two-stages", no_cache=True, builder="mine", build_args={"V": "1"})
    assert taken == TakenKeys(build.keys()[0], None)
    asked, inspected = calls(tmp_path)
    assert "--cache-to=type=inline" in asked
    assert "--output=type=image,store=false" in asked
    assert "--provenance=false" in asked
    assert {"--add-host=layerbench-n.invalid:127.0.0.1", "--builder=mine", "--build-arg=V=1"} < set(asked)
    assert not {"--no-cache", "--load", "--tag=x/y:z"} & set(asked)
    assert inspected[4:6] == ["--builder=mine", "ref0"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.json", "calls", "docker.py"]


def test_what_is_open_is_asked_of_the_stage(tmp_path: Path) -> None:
    build = recording("levels-ab")
    for number, walk in enumerate(build.walks):
        play(tmp_path, walk, number)
    assert take(tmp_path, "levels-ab") == TakenKeys(build.keys()[0], None)
    targets = [[word for word in call if word.startswith("--target")] for call in calls(tmp_path) if call[1] == "build"]
    assert targets == [[], ["--target=b"], ["--target=a"]]


def test_a_stage_that_cannot_be_asked_stays_unknown(tmp_path: Path) -> None:
    build = recording("two-stages-same-output")
    play(tmp_path, build.walks[0])
    play(tmp_path, build.walks[1], 1, exit_codes={"build": 1, "history": 0})
    taken = take(tmp_path, "two-stages-same-output")
    assert taken.keys is not None
    assert sorted(taken.keys.steps) == [0, 1, 4, 5, 6, 7, 8, 9]
    assert taken.reason is not None and "several keys" in taken.reason


NOT_CACHED = {
    "vertexes": [
        {
            "digest": "sha256:1",
            "name": "[2/2] RUN x",
            "inputs": ["sha256:0"],
            "started": "2026-01-01T00:00:00Z",
            "completed": "2026-01-01T00:00:01Z",
        }
    ]
}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"exit_codes": {"build": 1, "history": 0}, "progress": "ERROR: no inline"}, r"inline cache \(no inline\)"),
        ({"exit_codes": {"build": 0, "history": 1}}, "does not hand out image configs"),
        ({"metadata": "{}"}, "does not say which image config"),
        ({"metadata": "[]"}, "does not say which image config"),
        ({"config": "{}"}, "no layer of its own"),
        ({"config": '{"moby.buildkit.cache.v0": "!"}'}, "cannot be read"),
        ({"config": "[]"}, "cannot be read"),
        ({"config": '{"moby.buildkit.cache.v0": "NQ=="}'}, "another shape"),
        ({"progress": json.dumps(NOT_CACHED)}, r"\[2/2\] RUN x was not in the cache any more"),
        ({"progress": ""}, "has 0 results"),
    ],
)
def test_where_there_are_none_the_reason_is_told(tmp_path: Path, other: dict[str, Any], reason: str) -> None:
    play(tmp_path, recording("single").walks[0], **other)
    taken = take(tmp_path, "single")
    assert taken.keys is None
    assert taken.reason is not None
    assert re.search(reason, taken.reason), taken.reason


def test_a_build_that_runs_steps_again_is_not_repeated(tmp_path: Path) -> None:
    taken = take(tmp_path, "single", extra_args=("--no-cache-filter=builder",))
    assert taken.keys is None
    assert taken.reason is not None and "--no-cache-filter" in taken.reason
    assert not (tmp_path / "calls").exists()


def test_options_on_the_result_are_left_out(tmp_path: Path) -> None:
    play(tmp_path, recording("single").walks[0])
    options = ("--sbom=true", "--ulimit", "nofile=4096", "--attest", "type=sbom", "--cache-to=type=local,dest=x")
    assert take(tmp_path, "single", extra_args=options).keys is not None
    [asked, _] = calls(tmp_path)
    assert asked[asked.index("--ulimit") :] == ["--ulimit", "nofile=4096", str(tmp_path)]
    assert not [word for word in asked if "sbom" in word or "dest=x" in word]
