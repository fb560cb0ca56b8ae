"""Images opened out of real engines and registries, and what a run keeps of its images, on both image stores."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient, engine_facts
from layerbench.errors import EngineError, LayerbenchError, UsageError
from layerbench.image.contents import ImageContents
from layerbench.results.side_file import layers_of
from layerbench.runner.image_sources import open_image
from tests.cli.process import COMMAND
from tests.e2e.project import Project, engine_things, wait_for
from tests.e2e.registry import serving
from tests.image.archives import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Layout, gzipped, tar_of
from tests.image.builds import build, save

pytestmark = pytest.mark.e2e

IMAGE = "layerbench-test/sources:1"
DOCKERFILE = """\
FROM {base}
WORKDIR /app
COPY nothing.txt kept.txt ./
RUN echo "kept by RUN" > /made && rm kept.txt
CMD ["cat", "/made"]
"""
MOST_BYTES = 10**10


@pytest.fixture
def engine(docker: DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerClient:
    """The engine of the test as this process's own, with an empty cache folder."""
    for name, value in docker.environment.items():
        monkeypatch.setenv(name, value)
    if docker.command != ("docker",):
        monkeypatch.setenv("PATH", f"{Path(docker.command[0]).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LAYERBENCH_HOME", str(tmp_path / "home"))
    return docker


@pytest.fixture
def built(engine: DockerClient, base: str, tmp_path: Path) -> Iterator[str]:
    context = tmp_path / "context"
    context.mkdir()
    (context / "nothing.txt").write_text("")
    (context / "kept.txt").write_text("kept")
    (context / "Dockerfile").write_text(DOCKERFILE.format(base=base))
    engine.ask("buildx", "build", "--quiet", "--tag", IMAGE, str(context), timeout_seconds=300)
    yield IMAGE
    engine.run("image", "rm", "--force", IMAGE)


def opened(reference: str, platform: str | None = None, max_bytes: int = MOST_BYTES) -> ImageContents:
    return open_image(reference, platform=platform, max_bytes=max_bytes, note=lambda text: None)


def paths(image: ImageContents, layer: int) -> list[tuple[str, str]]:
    """Without folders: a RUN leaves those that it was given mounts on, such as `proc`."""
    return [(entry.path, entry.kind) for entry in image.layers[layer].profile.entries() if entry.kind != "folder"]


def test_an_image_is_what_its_archive_is(built: str, engine: DockerClient, tmp_path: Path) -> None:
    image = opened(built)
    assert [layer.instruction for layer in image.layers] == [
        "busybox",
        "WORKDIR /app",
        "COPY nothing.txt kept.txt ./",
        'RUN echo "kept by RUN" > /made && rm kept.txt',
    ]
    assert paths(image, 2) == [("app/kept.txt", "file"), ("app/nothing.txt", "file")]
    assert paths(image, 3) == [("app/kept.txt", "whiteout"), ("made", "file")]
    archive = tmp_path / "image.tar"
    archive.write_bytes(save(engine, built))
    os.environ["XDG_CACHE_HOME"] = str(tmp_path / "another cache")
    saved = opened(str(archive))
    assert [layer.profile for layer in saved.layers] == [layer.profile for layer in image.layers]
    assert (saved.config_digest, saved.compressed_bytes) == (image.config_digest, image.compressed_bytes)
    image_id = engine.ask("image", "inspect", "--format", "{{.Id}}", built).strip()
    assert opened(image_id).layers == image.layers


def test_an_image_that_was_seen_before_needs_no_docker_client(
    built: str, engine: DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = opened(built)
    client = tmp_path / "bin" / "docker"
    client.parent.mkdir()
    client.write_text("#!/bin/sh\nexit 1\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", engine.environ().get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    assert opened(built) == image


def test_a_rebuilt_image_reads_only_what_is_new(built: str, engine: DockerClient, base: str) -> None:
    first = opened(built)
    build(engine, f"FROM {base}\nRUN echo another > /another\n", IMAGE)
    # What there is read of the base is never asked for: so few bytes are enough.
    second = opened(built, max_bytes=100_000)
    assert second.layers[0] == first.layers[0]
    assert second.layers[0].uncompressed_bytes > 1_000_000
    assert ("another", "file") in paths(second, 1)


def test_one_platform_of_several(engine: DockerClient, base: str) -> None:
    if engine_facts(engine).image_store == "classic":
        with pytest.raises(UsageError, match=r"the engine has .* for linux/.*, not for linux/s390x; `docker pull"):
            opened(base, "linux/s390x")
        return
    build(engine, "FROM scratch\nCOPY Dockerfile /\n", IMAGE, "--platform=linux/s390x,linux/riscv64")
    try:
        images = [opened(IMAGE, platform) for platform in ("linux/s390x", "linux/riscv64")]
        assert [image.platform for image in images] == ["linux/s390x", "linux/riscv64"]
        with pytest.raises(LayerbenchError, match="linux/riscv64, linux/s390x"):
            opened(IMAGE, "linux/amd64")
    finally:
        engine.run("image", "rm", "--force", IMAGE)


# --- registries ---

LAYER = tar_of({"pulled/file": b"content" * 1000})
ARCHITECTURES = ("amd64", "arm64")


def multi_platform(
    layout: Layout, manifest_type: str, index_type: str, first: bytes = LAYER
) -> tuple[dict[str, object], ...]:
    manifests = [
        layout.add_image([first, tar_of({architecture: b"x"})], architecture=architecture, manifest_type=manifest_type)
        for architecture in ARCHITECTURES
    ]
    return layout.add_index(*manifests, media_type=index_type), *manifests


@pytest.mark.parametrize("types", [(OCI_MANIFEST, OCI_INDEX), (DOCKER_MANIFEST, DOCKER_LIST)], ids=["oci", "docker"])
@pytest.mark.parametrize("platform", [None, "linux/arm64", "linux/amd64"])
def test_an_image_in_a_registry(engine: DockerClient, types: tuple[str, str], platform: str | None) -> None:
    layout = Layout()
    pushed = multi_platform(layout, *types)
    before = engine_things(engine)
    with serving(layout) as registry:
        image = opened(registry.push("1", *pushed), platform)
    own = engine_facts(engine).platform
    assert image.platform == (platform or own)
    assert [entry.path for entry in image.layers[1].profile.entries()] == [(platform or own).partition("/")[2]]
    assert [entry.path for entry in image.layers[0].profile.entries()] == ["pulled/file"]
    if engine_facts(engine).image_store == "containerd":
        assert image.layers[0].compressed_bytes == len(gzipped(LAYER))
    assert engine_things(engine) == before


def test_a_pulled_image_is_removed_after_an_error(engine: DockerClient) -> None:
    layout = Layout()
    before = engine_things(engine)
    with serving(layout) as registry:
        name = registry.push("1", *multi_platform(layout, OCI_MANIFEST, OCI_INDEX))
        with pytest.raises(EngineError, match="--max-bytes"):
            opened(name, max_bytes=1000)
        assert engine_things(engine) == before
        with pytest.raises(UsageError, match="is neither a file nor a folder nor an image in the engine"):
            opened(name.replace(":1", ":absent"))
    assert engine_things(engine) == before


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_pulled_image_is_removed_after_an_interruption(engine: DockerClient, signal_number: signal.Signals) -> None:
    layout = Layout()
    before = engine_things(engine)
    with serving(layout) as registry:
        # An engine that has the layers from another test would not ask for them.
        name = registry.push(
            "1", *multi_platform(layout, OCI_MANIFEST, OCI_INDEX, tar_of({"x": secrets.token_bytes(9)}))
        )
        registry.go_on.clear()
        process = subprocess.Popen(
            [*COMMAND, "inspect", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=engine.environ()
        )
        assert registry.is_asked_for_blobs.wait(30)
        process.send_signal(signal_number)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
        assert "Traceback" not in stderr
        registry.go_on.set()
        assert engine_things(engine) == before


# --- what a run keeps ---


@pytest.fixture
def project(docker: DockerClient, base_of: Callable[[DockerClient], str], tmp_path: Path) -> Iterator[Project]:
    project = Project(docker, tmp_path / "app", {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    project.write(
        {
            "Dockerfile": DOCKERFILE.format(base=base_of(docker)),
            "nothing.txt": "",
            "kept.txt": "kept",
            "layerbench.toml": (
                "rounds = 1\n[variants.app]\ndockerfile = 'Dockerfile'\n[variants.'a b:c']\n"
                "dockerfile = 'Dockerfile'\n[scenarios.edit]\nedits = [{ append = 'kept.txt', text = '{nonce}' }]\n"
            ),
        }
    )
    yield project
    project.kill()


def as_the_tests_own(project: Project, monkeypatch: pytest.MonkeyPatch, *, with_engine: bool) -> None:
    for name, value in project.variables().items():
        monkeypatch.setenv(name, value)
    if not with_engine:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


def test_a_builds_image_needs_neither_engine_nor_image(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with project.unharmed():
        ran = project.run("--variant", "app")
    result = ran.result
    assert result.side_file == "app.result.layers.zip"
    as_the_tests_own(project, monkeypatch, with_engine=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.beside("empty")))
    image = opened(str(project.result_file))
    assert [layer.instruction for layer in image.layers][1:] == [
        "WORKDIR /app",
        "COPY nothing.txt kept.txt ./",
        'RUN echo "kept by RUN" > /made && rm kept.txt',
    ]
    assert paths(image, 3) == [("app/kept.txt", "whiteout"), ("made", "file")]
    cold = ran.build("app", "cold").image
    assert cold is not None
    assert [layer.diff_id for layer in image.layers] == [layer.diff_id for layer in cold.layers]
    edited = opened(f"{project.result_file}:app:edit")
    assert edited.layers[2].diff_id != image.layers[2].diff_id


def test_each_distinct_image_is_told_of_once(project: Project) -> None:
    ran = project.run()
    result = ran.result
    made = {(build.image.config_digest, build.image.manifest_digest) for build in result.builds if build.image}
    assert {(image.config_digest, image.manifest_digest) for image in result.images} == made
    assert len(result.images) == len(made) < len(result.builds)
    for image in result.images:
        assert [layer.files.added for layer in image.layers][2:] == [2, 1]
        assert [layer.files.removed for layer in image.layers][2:] == [0, 1]
        assert image.layers[2].files.largest[0].path == "app/kept.txt"
        assert "deleted" in {waste.kind for waste in image.waste}
        assert image.dive is not None
        assert image.dive.wasted_bytes > 0
    diff_ids = {layer.diff_id for build in result.builds if build.image for layer in build.image.layers}
    assert diff_ids <= layers_of(project.beside("result.layers.zip"))
    assert project.result_file.stat().st_size < 500_000


def test_names_with_colons_and_spaces(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run("--scenario", "cold")
    as_the_tests_own(project, monkeypatch, with_engine=False)
    assert opened(f"{project.result_file}:a b:c:cold:1").layers
    with pytest.raises(UsageError, match=r"has several variants: give one as .*:VARIANT \(app, a b:c\)"):
        opened(str(project.result_file))


def test_what_was_read_survives_an_interruption_and_is_gone_on_with(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = project.start("--rounds", "3")
    wait_for(lambda: '"variant"' in project.result_file.read_text() if project.result_file.exists() else False)
    process.send_signal(signal.SIGINT)
    interrupted = project.finish(process, exit_code=130)
    first = interrupted.result
    assert first.side_file is not None
    kept = layers_of(project.beside("result.layers.zip"))
    built = {layer.diff_id for build in first.builds if build.image for layer in build.image.layers}
    assert built <= kept
    whole = project.run("--rounds", "3", "--resume", str(project.result_file)).result
    assert kept <= layers_of(project.beside("result.layers.zip"))
    assert whole.complete
    assert {image.config_digest for image in first.images} <= {image.config_digest for image in whole.images}
    as_the_tests_own(project, monkeypatch, with_engine=False)
    for build_ in whole.builds:
        assert opened(f"{project.result_file}:{build_.variant}:{build_.scenario}:{build_.round}").layers


def test_standard_output_has_no_side_file(project: Project) -> None:
    ran = project.run("--variant", "app", "--scenario", "cold", output="-")
    result = json.loads(ran.stdout)
    assert result["side_file"] is None
    assert len(result["images"]) == 1
    assert not list(project.folder.parent.glob("*.zip"))
