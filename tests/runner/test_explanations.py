"""What a run keeps of each build, without an engine: from the copy of the context to the side file and back."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from layerbench.buildx.docker import BuilderFacts, EngineFacts
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.reading import InputsReader
from layerbench.config.models import Secret, Variant
from layerbench.context.memory import FingerprintMemory
from layerbench.errors import UsageError
from layerbench.instructions import parse_dockerfile
from layerbench.results.models import Base, Build, Result
from layerbench.results.side_file import SideFile, side_file_of
from layerbench.runner.anatomies import Anatomies
from layerbench.runner.build_inputs import BuiltFrom, find_inputs
from layerbench.runner.connect import Connection
from layerbench.runner.explanations import ExplanationRecorder, copy_documents
from layerbench.runner.scrubbing import Scrubber
from layerbench.runner.sources import Sources
from tests.results import factory

DOCKERFILE = "FROM base:1\nCOPY . /\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    context = tmp_path / "context"
    (context / "lib").mkdir(parents=True)
    for name, text in {"a.py": "1", "b.md": "2", "lib/c.py": "3", "Dockerfile": DOCKERFILE}.items():
        (context / name).write_text(text)
    (context / ".dockerignore").write_text("*.md\nlib\n")
    return context


def variant_of(folder: Path, **fields: Any) -> Variant:
    return Variant(name="only", dockerfile=folder / "Dockerfile", context=folder, **fields)


def built_from(variant: Variant, dockerfile: Path | None = None) -> BuiltFrom:
    bases = (Base("base:1", "sha256:" + "ab" * 32),)
    sources = Sources(parse_dockerfile(DOCKERFILE), bases, "builtin", False, {}, {"index": "172.17.0.1"})
    return BuiltFrom(variant, sources, variant.context, dockerfile or variant.dockerfile, "linux/arm64")


def found(variant: Variant, dockerfile: Path | None = None) -> BuildInputs:
    scrub = Scrubber([variant], os.environ)
    inputs, reason = find_inputs(built_from(variant, dockerfile), FingerprintMemory(), scrub)
    assert reason is None
    assert inputs is not None
    return inputs


def test_only_what_a_build_sees_is_in_it(folder: Path, tmp_path: Path) -> None:
    inputs = found(
        variant_of(folder, target="last", platform="linux/amd64", network="none", extra_args=("--ulimit=x",))
    )
    assert list(inputs.contexts[""].entries) == [".dockerignore", "Dockerfile", "a.py"]
    assert inputs.dockerfile == DOCKERFILE
    assert inputs.bases == {"base:1": "sha256:" + "ab" * 32}
    invocation = inputs.invocation
    assert (invocation.target, invocation.platform, invocation.network) == ("last", "linux/amd64", "none")
    assert (invocation.add_hosts, invocation.extra_args) == ({"index": "172.17.0.1"}, ("--ulimit=x",))
    # The ignore file beside the Dockerfile that buildx is handed takes the place of the context's.
    staged = tmp_path / "staged" / "Dockerfile"
    staged.parent.mkdir()
    staged.write_text("# blank\n" + DOCKERFILE)
    staged.with_name("Dockerfile.dockerignore").write_text("a.py\n")
    inputs = found(variant_of(folder), staged)
    assert inputs.dockerfile.startswith("# blank")
    assert list(inputs.contexts[""].entries) == [".dockerignore", "Dockerfile", "b.md", "lib", "lib/c.py"]


def test_named_contexts_are_folders_or_remote(folder: Path, tmp_path: Path) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in ("x.svg", "y.svg", "Dockerfile.dockerignore"):
        (assets / name).write_text("x.svg\n")
    contexts = {"assets": str(assets), "base": "docker-image://other:1", "src": "https://example.invalid/x.git"}
    inputs = found(variant_of(folder, build_contexts=contexts))
    assert inputs.contexts.keys() == {"", "assets"}
    assert list(inputs.contexts["assets"].entries) == ["Dockerfile.dockerignore", "x.svg", "y.svg"]
    assert inputs.remote_contexts == {"base": "docker-image://other:1", "src": "https://example.invalid/x.git"}
    (assets / ".dockerignore").write_text("x.svg\n")
    inputs = found(variant_of(folder, build_contexts=contexts))
    assert list(inputs.contexts["assets"].entries) == [".dockerignore", "Dockerfile.dockerignore", "y.svg"]


def test_no_value_of_a_secret_is_in_it(folder: Path) -> None:
    (folder / "token").write_text("hunter22secret\n")
    (folder / "Dockerfile").write_text(f"{DOCKERFILE}# hunter22secret\n")
    variant = variant_of(
        folder,
        secrets=(Secret(id="token", file=folder / "token"),),
        build_args={"A": "hunter22secret"},
        build_contexts={"x": "https://hunter22secret@example.invalid/x.git"},
        extra_args=("--label=a=hunter22secret",),
    )
    inputs = found(variant)
    assert "hunter22" not in repr(inputs)
    assert inputs.invocation.secrets == ("token",)
    assert inputs.invocation.build_args == {"A": "***"}


def test_what_cannot_be_looked_at_has_a_reason(folder: Path) -> None:
    (folder / ".dockerignore").write_text("[\n")
    inputs, reason = find_inputs(built_from(variant_of(folder)), FingerprintMemory(), str)
    assert inputs is None
    assert reason is not None and ".dockerignore" in reason
    (folder / "Dockerfile").unlink()
    inputs, reason = find_inputs(built_from(variant_of(folder)), FingerprintMemory(), str)
    assert inputs is None
    assert reason is not None and "Dockerfile" in reason


class Builder:
    """As much of a variant's builder as is asked."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant

    def built_from(self) -> BuiltFrom:
        return built_from(self.variant)


def recorder(side_file: SideFile | None, notes: list[str]) -> ExplanationRecorder:
    nobody: Any = None
    return ExplanationRecorder(nobody, Anatomies(side_file, notes.append), str, takes_keys=False, observer=nobody)


def record(recording: ExplanationRecorder, variant: Variant) -> Build:
    builder: Any = Builder(variant)
    build, notes = recording.record(factory.result().builds[0], builder, "tag")
    assert notes == []
    return build


def with_side_file(side_file: SideFile) -> Result:
    return dataclasses.replace(factory.result(), side_file=side_file.path.name)


def test_equal_builds_share_a_member_and_an_edit_of_many_files_costs_little(folder: Path, tmp_path: Path) -> None:
    for number in range(500):
        (folder / f"{number}.py").write_text(str(number))
    notes: list[str] = []
    side_file = SideFile(side_file_of(tmp_path / "web.json"))
    recording = recorder(side_file, notes)
    variant = variant_of(folder)
    first = record(recording, variant)
    size = side_file.path.stat().st_size
    assert record(recording, variant).inputs == first.inputs
    (folder / "7.py").write_text("eight")
    edited = record(recording, variant)
    assert edited.inputs != first.inputs
    assert side_file.path.stat().st_size - size < 1500
    reader = InputsReader(tmp_path / "web.json", with_side_file(side_file))
    before, after = reader.inputs(first), reader.inputs(edited)
    assert before is not None and after is not None
    old, new = before.contexts[""].entries, after.contexts[""].entries
    assert [path for path in new if old[path] != new[path]] == ["7.py"]
    # Another side file gets what it needs, and no more.
    other = SideFile(tmp_path / "other.layers.zip")
    copy_documents(side_file.path, other, [edited, factory.result().builds[0]])
    moved = dataclasses.replace(with_side_file(side_file), side_file="other.layers.zip")
    assert InputsReader(tmp_path / "web.json", moved).inputs(edited) == after
    with pytest.raises(UsageError, match="lacks the member keys-"):
        copy_documents(side_file.path, other, [dataclasses.replace(first, cache_keys="sha256:" + "0" * 64)])
    assert notes == []


def test_without_a_side_file_nothing_is_looked_at(folder: Path, tmp_path: Path) -> None:
    nobody: Any = None
    build = factory.result().builds[0]
    assert recorder(None, []).record(build, nobody, "tag") == (build, [])
    notes: list[str] = []
    recording = recorder(SideFile(tmp_path / "absent" / "x.layers.zip"), notes)
    assert record(recording, variant_of(folder)).inputs is None
    assert len(notes) == 1 and "the run goes on without it" in notes[0]
    assert recording.record(build, nobody, "tag") == (build, [])


def test_where_keys_would_leave_an_image_they_are_not_asked_for(folder: Path, tmp_path: Path) -> None:
    nobody: Any = None
    connection = Connection(
        nobody,
        EngineFacts("id", "26.1.5", "classic", "/var/lib/docker", "linux/amd64"),
        BuilderFacts("default", "docker", "0.13.1", None),
        None,
        None,
    )
    anatomies = Anatomies(SideFile(tmp_path / "web.layers.zip"), pytest.fail)
    recording = ExplanationRecorder(connection, anatomies, str, takes_keys=True, observer=nobody)
    builder: Any = Builder(variant_of(folder))
    build, notes = recording.record(factory.result().builds[0], builder, "tag")
    assert build.inputs is not None
    assert build.cache_keys is None
    assert len(notes) == 1 and "on the classic image store" in notes[0]
