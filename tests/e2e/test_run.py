"""`layerbench run` on both image stores: every kind of edit, what a record holds, and what is as before afterwards."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from layerbench.buildx.docker import DockerClient
from layerbench.results.models import Build, Step
from tests.e2e.project import Project, Ran

pytestmark = pytest.mark.e2e

# The first RUN of the final stage stands before its COPY, so that an older frontend, whose COPY shares its key with
# everyone's builds, has it in the run's namespace, too; that of the builder stage does not.
DOCKERFILE = """\
# a comment
FROM {base} AS builder
WORKDIR /src
COPY deps.txt .
RUN sleep 0.2 && \\
    cat deps.txt > /installed

FROM {base}
WORKDIR /app
RUN echo prepared > /prepared
COPY --from=builder /installed /installed
COPY . .
RUN cat app.py > /made
CMD ["cat", "/made"]
"""
SOURCE = {"COPY . .", "RUN cat app.py > /made"}
CONTEXT = SOURCE
DEPENDENCY = {
    "COPY deps.txt .",
    "RUN sleep 0.2 && cat deps.txt > /installed",
    "COPY --from=builder /installed /installed",
}
# Every scenario: its edits, and the steps that have to run again.
SCENARIOS: dict[str, tuple[str, set[str]]] = {
    "nonce": ("{ append = 'app.py', text = '# {nonce}' }", SOURCE),
    "append": ("{ append = 'app.py', text = '# always the same' }", SOURCE),
    "replace": ("{ replace = 'app.py', pattern = '1', with = '2' }", SOURCE),
    "chmod": ("{ chmod = 'app.py', mode = '0700' }", SOURCE),
    "patch": ("{ patch = 'change.diff' }", SOURCE),
    "command": ("{ run = 'echo more >> app.py' }", SOURCE),
    "write": ("{ write = 'folder/new.txt', text = 'new' }", CONTEXT),
    "rename": ("{ rename = 'folder/extra.txt', to = 'other.txt' }", CONTEXT),
    "delete": ("{ delete = 'folder' }", CONTEXT),
    "touch": ("{ touch = 'app.py' }", set()),
    "ignored": ("{ append = 'notes.md', text = '{nonce}' }", set()),
    "dependency": ("{ replace = 'deps.txt', pattern = '1.0', with = '1.1' }", SOURCE | DEPENDENCY),
}
FILES = {
    "app.py": "print(1)\n",
    "deps.txt": "x==1.0\n",
    "notes.md": "not part of the context\n",
    "folder/extra.txt": "extra\n",
    ".dockerignore": "*.md\n*.toml\n*.diff\n*Dockerfile\n",
    "change.diff": "--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-print(1)\n+print(3)\n",
}


@dataclass
class Measured:
    """The big run on one engine."""

    name: str
    project: Project
    ran: Ran
    kept_images: list[str]
    own_build: tuple[str, str]
    """Manifest digest or image id of a person's build, before and after."""
    own_hits: list[str]


@pytest.fixture(scope="session")
def measured_by_engine(
    containerd_docker: DockerClient,
    classic_docker: DockerClient,
    base_of: Callable[[DockerClient], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Measured]]:
    found: dict[str, Measured] = {}
    for name, docker in (("containerd", containerd_docker), ("classic", classic_docker)):
        project = Project(docker, tmp_path_factory.mktemp(name) / "app")
        bench = f"name = 'big {name}'\nrounds = 1\n[variants.app]\ndockerfile = 'Dockerfile'\n"
        bench += "".join(f"[scenarios.{name}]\nedits = [{edit}]\n" for name, (edit, _) in SCENARIOS.items())
        project.write({**FILES, "Dockerfile": DOCKERFILE.format(base=base_of(docker)), "layerbench.toml": bench})
        before, _ = own_build(project)
        tree = project.tree()
        ran = project.run("--keep-images")
        assert project.tree() == tree
        assert list(project.beside("tmp").iterdir()) == []
        after, output = own_build(project)
        kept = docker.ask(
            "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=layerbench/big-*"
        )
        hits = re.findall(r"^#\d+ \[(?!internal).*\n#\d+ CACHED", output, re.MULTILINE)
        found[name] = Measured(name, project, ran, kept.split(), (before, after), hits)
    yield found
    for measured in found.values():
        measured.project.docker.run("image", "rm", "--force", *measured.kept_images, OWN_TAG)


@pytest.fixture(params=["containerd", "classic"])
def measured(request: pytest.FixtureRequest, measured_by_engine: dict[str, Measured]) -> Measured:
    return measured_by_engine[request.param]


OWN_TAG = "layerbench-test/own:1"


def own_build(project: Project) -> tuple[str, str]:
    """What a person builds by hand: what was built, and what docker said."""
    docker = project.docker
    command = [
        *docker.command,
        "buildx",
        "build",
        "--progress=plain",
        "--provenance=false",
        "--load",
        f"--tag={OWN_TAG}",
    ]
    done = subprocess.run(
        [*command, str(project.folder)], env=docker.environ(), capture_output=True, text=True, check=True, timeout=120
    )
    return docker.ask("image", "inspect", "--format", "{{.Id}}", OWN_TAG).strip(), done.stderr


def ran_steps(build: Build) -> set[str]:
    return {step.instruction for step in build.steps if step.cached is False}


def test_all_builds_are_there_in_order(measured: Measured) -> None:
    result = measured.ran.result
    assert result.complete
    assert result.finished_at is not None
    assert [(build.scenario, build.round) for build in result.builds] == [
        (scenario, 1) for scenario in ("cold", "warm", *SCENARIOS)
    ]
    assert {build.outcome for build in result.builds} == {"built"}
    assert result.builder.image_store == measured.name


def test_cold_finds_nothing_and_warm_finds_all(measured: Measured) -> None:
    for build in measured.ran.result.builds:
        steps = [step for step in build.steps if not step.instruction.startswith(("FROM", "WORKDIR"))]
        if build.scenario in {"cold", "warm"}:
            assert {step.cached for step in steps} == {build.scenario == "warm"}
            assert build.invalid is None


def check_edit(build: Build, store: str) -> None:
    """See that the steps ran which the edit reaches, or that the build is reported as invalid."""
    assert build.warm_base_cached_steps == build.warm_base_steps == 8
    expected = SCENARIOS[build.scenario][1]
    if build.invalid is None:
        assert ran_steps(build) == expected, build.scenario
    else:
        # Only a COPY before the first RUN, and only with an older frontend.
        assert (store, build.scenario) == ("classic", "dependency")
        assert "[builder 3/4] COPY deps.txt . makes, yet an earlier build had made the same" in build.invalid
        assert ran_steps(build) == expected - {"COPY deps.txt ."}


def test_each_edit_runs_the_steps_that_it_reaches(measured: Measured) -> None:
    for build in measured.ran.result.builds:
        if build.scenario in SCENARIOS:
            check_edit(build, measured.name)


def test_edits_that_were_built_before_miss_again_in_every_round_or_are_invalid(measured: Measured) -> None:
    again = Project(measured.project.docker, measured.project.beside("again"))
    names = (*FILES, "Dockerfile", "layerbench.toml")
    again.write({path: (measured.project.folder / path).read_text() for path in names})
    with again.unharmed():
        ran = again.run("--scenario", "append", "--scenario", "dependency", "--rounds", "2")
    assert [build.scenario for build in ran.result.builds] == ["append", "dependency"] * 2
    for build in ran.result.builds:
        check_edit(build, measured.name)
        assert (build.invalid is not None) == ((measured.name, build.scenario) == ("classic", "dependency"))
    assert ("INVALID" in ran.stderr) == (measured.name == "classic")


def test_steps_have_their_places_lines_times_and_inputs(measured: Measured) -> None:
    build = measured.ran.build("app", "cold")
    # The FROM of the second stage is that of the first: one operation, one step.
    shown = [(step.stage, step.index, step.count, step.line_start, step.line_end) for step in build.steps]
    assert shown == [
        ("builder", 1, 4, 2, 2),
        ("builder", 2, 4, 3, 3),
        ("builder", 3, 4, 4, 4),
        ("builder", 4, 4, 5, 6),
        ("stage-1", 2, 6, 9, 9),
        ("stage-1", 3, 6, 10, 10),
        ("stage-1", 4, 6, 11, 11),
        ("stage-1", 5, 6, 12, 12),
        ("stage-1", 6, 6, 13, 13),
    ]
    by_text = {step.instruction: at for at, step in enumerate(build.steps)}
    copied = build.steps[by_text["COPY --from=builder /installed /installed"]]
    assert set(copied.inputs) == {5, 3}
    sleeping = build.steps[3]
    assert sleeping.seconds is not None
    assert 0.2 <= sleeping.seconds < 5
    assert sleeping.started_seconds is not None
    assert build.wall_seconds is not None
    assert 0 < sleeping.started_seconds < build.wall_seconds
    assert build.export_seconds is not None
    assert 0 < build.export_seconds < build.wall_seconds
    assert build.context_bytes is not None
    assert 20 < build.context_bytes < 5_000
    assert build.frontend == "builtin"


def test_both_stores_tell_the_same(measured_by_engine: dict[str, Measured]) -> None:
    def essence(step: Step) -> tuple[object, ...]:
        return (step.stage, step.index, step.count, step.instruction, step.line_start, step.inputs)

    for scenario in ("cold", "warm", *SCENARIOS):
        one, other = (measured_by_engine[name].ran.build("app", scenario) for name in ("containerd", "classic"))
        assert list(map(essence, one.steps)) == list(map(essence, other.steps))
        assert one.image is not None
        assert other.image is not None
        assert [layer.step for layer in one.image.layers] == [layer.step for layer in other.image.layers]
        for layer, counterpart in zip(one.image.layers, other.image.layers, strict=True):
            is_run = layer.step is not None and one.steps[layer.step].instruction.startswith("RUN")
            # The older engine leaves the folder of a file that it mounts, /etc, in a RUN's layer: one header of a tar.
            more_bytes = 512 if is_run else 0
            assert counterpart.uncompressed_bytes == layer.uncompressed_bytes + more_bytes


def test_layers_and_sizes_are_those_of_the_images(measured: Measured) -> None:
    docker = measured.project.docker
    for scenario in ("cold", "nonce"):
        image = measured.ran.build("app", scenario).image
        assert image is not None
        tag = f"layerbench/big-{measured.name}-{NAME_DIGESTS[measured.name]}-app:{scenario}"
        saved = subprocess.run(
            [*docker.command, "save", tag], env=docker.environ(), capture_output=True, check=True, timeout=60
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(saved)) as tar:
            content = {member.name: tar.extractfile(member) for member in tar.getmembers() if member.isfile()}
            blobs = {name: file.read() for name, file in content.items() if file is not None}
        [manifest] = json.loads(blobs["manifest.json"])
        tars = [unpacked(blobs[name]) for name in manifest["Layers"]]
        assert [layer.uncompressed_bytes for layer in image.layers] == list(map(len, tars))
        assert [layer.diff_id for layer in image.layers] == [
            f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars
        ]
        assert image.uncompressed_bytes == sum(map(len, tars))
        assert image.compressed_bytes == sum(layer.compressed_bytes for layer in image.layers)
        if measured.name == "containerd":
            assert [layer.compressed_bytes for layer in image.layers] == [
                len(blobs[name]) for name in manifest["Layers"]
            ]
            assert image.compressed_bytes_source == "manifest"
        else:
            assert image.compressed_bytes_source == "gzip"
        texts = [
            None if layer.step is None else measured.ran.build("app", scenario).steps[layer.step].instruction
            for layer in image.layers
        ]
        assert texts == [None, *(step.instruction for step in measured.ran.build("app", "cold").steps[4:])]


def unpacked(blob: bytes) -> bytes:
    return gzip.decompress(blob) if blob.startswith(b"\x1f\x8b") else blob


NAME_DIGESTS = {name: hashlib.sha256(f"big {name}".encode()).hexdigest()[:6] for name in ("containerd", "classic")}


def test_kept_images_have_the_stated_tags_and_nothing_else_is_left(measured: Measured) -> None:
    repository = f"layerbench/big-{measured.name}-{NAME_DIGESTS[measured.name]}-app"
    assert sorted(measured.kept_images) == sorted(f"{repository}:{name}" for name in ("cold", "warm", *SCENARIOS))
    left = measured.project.docker.ask("image", "ls", "--quiet", "--filter", "reference=layerbench-run/*")
    assert left == ""
    labelled = measured.project.docker.ask("container", "ls", "--all", "--quiet", "--filter", "label=layerbench.run")
    assert labelled == ""


def test_the_persons_own_next_build_hits_as_before(measured: Measured) -> None:
    before, after = measured.own_build
    assert before == after
    assert len(measured.own_hits) == 8


def test_the_table_is_on_stdout_and_the_course_on_stderr(measured: Measured) -> None:
    assert "cold: nothing cached" in measured.ran.stdout
    assert "layerbench: 14 builds" in measured.ran.stderr
    # With the older frontend the two WORKDIRs share their keys with everyone's builds.
    hits = r"[0-2]" if measured.name == "classic" else "0"
    line = rf"^\[ 1/14\] app, cold, round 1: \d+\.\d\d s, {hits}/8 steps cached$"
    assert re.search(line, measured.ran.stderr, re.MULTILINE)
    assert measured.ran.stderr.splitlines()[-1] == f"result file: {measured.project.result_file}"
    assert "\x1b" not in measured.ran.stdout + measured.ran.stderr
