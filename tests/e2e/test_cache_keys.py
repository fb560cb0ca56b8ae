"""BuildKit's own cache keys: how its key graph looks, for each way in which a step can miss, and how it hits."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from layerbench.buildx.cache_keys import TakenKeys, take_cache_keys, why_not_to_ask
from layerbench.buildx.command import BuildRequest, Namespace
from layerbench.buildx.docker import DockerClient, builder_facts, engine_facts
from layerbench.buildx.process import run_build
from layerbench.buildx.steps import StepTrace, trace_steps
from layerbench.cachekeys.models import StepKey
from layerbench.cachekeys.reading import InputsReader
from layerbench.instructions import parse_dockerfile
from tests.busybox import load_base
from tests.e2e.project import Project, engine_things

pytestmark = pytest.mark.e2e

BASE = "layerbench-test/keys:1"
TAG = "layerbench-test/keys-built:1"
DOCKERFILE = f"""\
FROM {BASE} AS builder
COPY req.txt /
RUN wc -l < /req.txt > /out.txt
FROM {BASE}
ARG VERSION=1
WORKDIR /app
COPY --from=builder /out.txt /
COPY app.py lib/ ./
COPY *.md /docs/
COPY --from=assets logo.svg /
RUN --mount=type=bind,source=setup.sh,target=/setup.sh --mount=type=cache,target=/cache sh /setup.sh > /set-up
COPY --link linked.txt /
RUN echo $VERSION > /version
"""
# A COPY that lies on a FROM is outside of the namespace: only content that was never built is sure to miss.
FILES = {
    "Dockerfile": DOCKERFILE,
    "req.txt": f"{secrets.token_hex()}\n",
    "app.py": "print(1)\n",
    "lib/mod.py": "x = 1\n",
    "readme.md": "# x\n",
    "setup.sh": "echo 1\n",
    "linked.txt": "linked\n",
}
OUT, APP, DOCS, ASSETS, RUN_SETUP, LINK, RUN_VERSION = (
    "COPY --from=builder",
    "COPY app",
    "COPY *",
    "COPY --from=assets",
    "RUN --m",
    "COPY --l",
    "RUN echo",
)
BELOW_APP = [DOCS, ASSETS, RUN_SETUP, LINK, RUN_VERSION]


@dataclass
class Keyed:
    """A build and its keys, each step found by how its instruction begins."""

    taken: TakenKeys
    steps: tuple[StepTrace, ...]

    def position(self, instruction: str) -> int:
        [found] = [at for at, step in enumerate(self.steps) if step.instruction.startswith(instruction)]
        return found

    def __getitem__(self, instruction: str) -> tuple[StepKey, ...]:
        assert self.taken.keys is not None, self.taken.reason
        return self.taken.keys.steps[self.position(instruction)]

    def ran(self) -> list[str]:
        return [step.instruction for step in self.steps if step.cached is False]

    def differing(self, other: Keyed) -> list[str]:
        assert self.taken.keys and other.taken.keys
        mine, others = self.taken.keys.steps, other.taken.keys.steps
        assert mine.keys() == others.keys()
        return [self.steps[at].instruction for at in mine if mine[at] != others[at]]


@dataclass
class Workshop:
    """Builds in one namespace, each from a folder of its own."""

    docker: DockerClient
    folder: Path
    namespace: Namespace = field(default_factory=Namespace.new)
    tags: list[str] = field(default_factory=list)
    before: dict[str, list[str]] = field(default_factory=dict)
    """What was on the engine before the keys of the last build were taken."""

    def build(self, changes: Mapping[str, str] | None = None, *, no_cache: bool = False, **options: str) -> Keyed:
        self.tags.append(f"{TAG}-{len(self.tags)}")
        context = self.folder / f"{self.namespace.id}-{len(self.tags)}"
        for name, text in {**FILES, **(changes or {})}.items():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            (context / name).write_text(text)
        request = BuildRequest(
            context,
            context / "Dockerfile",
            self.tags[-1],
            self.namespace,
            no_cache=no_cache,
            build_args=options,
            build_contexts={"assets": str(self.folder / "assets")},
        )
        dockerfile = parse_dockerfile((context / "Dockerfile").read_text())
        finished = run_build(request.command(self.docker), self.docker.environ())
        assert finished.exit_code == 0, finished.text
        steps = trace_steps(finished.trace, dockerfile)
        self.before = engine_things(self.docker)
        taken = take_cache_keys(self.docker, request, dockerfile, steps, self.folder, self.docker.environ())
        shutil.rmtree(context)
        return Keyed(taken, steps)


@pytest.fixture(scope="module")
def workshop(containerd_docker: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    load_base(containerd_docker, BASE)
    folder = tmp_path_factory.mktemp("keys")
    (folder / "assets").mkdir()
    (folder / "assets" / "logo.svg").write_text("<svg/>")
    workshop = Workshop(containerd_docker, folder)
    yield workshop
    containerd_docker.run("image", "rm", "--force", BASE, *workshop.tags)


@pytest.fixture(scope="module")
def first(workshop: Workshop) -> Keyed:
    return workshop.build(no_cache=True)


def starts(instructions: list[str], beginnings: list[str]) -> bool:
    return len(instructions) == len(beginnings) and all(
        one.startswith(beginning) for one, beginning in zip(instructions, beginnings, strict=True)
    )


def test_every_step_has_its_key_and_nothing_is_left(workshop: Workshop, first: Keyed) -> None:
    assert engine_things(workshop.docker) == workshop.before
    assert [path.name for path in workshop.folder.iterdir()] == ["assets"]
    assert first.taken.keys is not None
    assert first.taken.reason is None
    for at, step in enumerate(first.steps):
        assert len(first.taken.keys.steps[at]) == len(step.vertices), step.instruction
        assert all(one.parent or one.contents for key in first.taken.keys.steps[at] for one in key.inputs)


def test_content_that_a_copy_or_a_mount_selects(workshop: Workshop, first: Keyed) -> None:
    edited = workshop.build({"lib/mod.py": "x = 2\n", "setup.sh": "echo 2\n"})
    assert starts(edited.ran(), [APP, *BELOW_APP])
    assert first.differing(edited) == edited.ran()
    for step in (APP, RUN_SETUP):
        [old], [new] = first[step], edited[step]
        assert old.operation == new.operation
        assert old.inputs[1].contents != new.inputs[1].contents
    assert first[APP][0].inputs[0] == edited[APP][0].inputs[0]
    for step in (DOCS, ASSETS):
        [old], [new] = first[step], edited[step]
        assert (old.operation, old.inputs[1:]) == (new.operation, new.inputs[1:])
        assert old.inputs[0].parent != new.inputs[0].parent
    assert first[LINK][0] == edited[LINK][0], "the copy of COPY --link does not know what it lies on"
    assert first[LINK][1].inputs[1] == edited[LINK][1].inputs[1]


def test_a_stage_that_ran_again_with_the_same_output(workshop: Workshop, first: Keyed) -> None:
    edited = workshop.build({"req.txt": f"{secrets.token_hex()}\n"})
    assert starts(edited.ran(), ["COPY req.txt", "RUN wc"])
    assert edited.taken.reason is None
    assert starts(first.differing(edited), ["COPY req.txt", "RUN wc", OUT])
    [old], [new] = first[OUT], edited[OUT]
    assert old.inputs[1].contents == new.inputs[1].contents
    assert old.inputs[1].parent != new.inputs[1].parent
    # Now BuildKit knows two stages for that output; each build still gets its own keys.
    again = workshop.build()
    assert again.ran() == []
    assert again.taken == first.taken


def test_an_argument_and_an_instruction_are_other_operations(workshop: Workshop, first: Keyed) -> None:
    other = workshop.build({"Dockerfile": DOCKERFILE.replace("*.md /docs/", "*.md /doc/")}, VERSION="2")
    assert starts(other.ran(), BELOW_APP)
    [old], [new] = first[DOCS], other[DOCS]
    assert old.operation != new.operation
    assert old.inputs == new.inputs
    [old], [new] = first[RUN_SETUP], other[RUN_SETUP]
    assert old.operation != new.operation
    assert old.inputs[1] == new.inputs[1]


def test_another_base_is_another_source_and_a_failed_step_has_none(workshop: Workshop, first: Keyed) -> None:
    load_base(workshop.docker, BASE, secrets.token_hex())
    try:
        other = workshop.build()
    finally:
        load_base(workshop.docker, BASE)
    assert len(other.ran()) == len(first.steps) - 1
    assert first[f"FROM {BASE}"] != other[f"FROM {BASE}"]
    [old], [new] = first["WORKDIR"], other["WORKDIR"]
    assert old.operation == new.operation
    assert (new.inputs[0].parent, new.inputs[0].contents) == (None, (other[f"FROM {BASE}"][0].operation,))
    request = BuildRequest(workshop.folder / "absent", workshop.folder / "absent", TAG, workshop.namespace)
    taken = take_cache_keys(workshop.docker, request, None, (), workshop.folder, workshop.docker.environ())
    assert taken.keys is None
    assert taken.reason is not None and "does not repeat the build" in taken.reason


def test_a_run_keeps_what_explains_its_builds(
    containerd_docker: DockerClient, base_of: Callable[[DockerClient], str], tmp_path: Path
) -> None:
    project = Project(containerd_docker, tmp_path / "project")
    base = base_of(containerd_docker)
    project.write(
        {
            "Dockerfile": f"FROM {base}\nCOPY app.py /\nRUN cat /app.py > /x\n",
            "app.py": "1\n",
            "secret.txt": "hunter22\n",
            "notes.md": "n\n",
            ".dockerignore": "*.md\nsecret.txt\n",
            "layerbench.toml": (
                'name = "keys"\nrounds = 1\n[variants.only]\ndockerfile = "Dockerfile"\n'
                'secrets = [{ id = "token", file = "secret.txt" }]\nbuild_args = { TOKEN = "hunter22" }\n'
                '[scenarios.source]\nedits = [{ append = "app.py", text = "{nonce}" }]\n'
            ),
        }
    )
    with project.unharmed():
        ran = project.run("--explain")
    reader = InputsReader(ran.result_file, ran.result)
    cold, warm, source = (ran.build("only", scenario) for scenario in ("cold", "warm", "source"))
    assert cold.inputs == warm.inputs != source.inputs
    before, after = reader.inputs(cold), reader.inputs(source)
    assert before is not None and after is not None
    assert set(before.contexts[""].entries) == {".dockerignore", "Dockerfile", "app.py", "layerbench.toml"}
    assert [
        path for path, entry in after.contexts[""].entries.items() if before.contexts[""].entries.get(path) != entry
    ] == ["app.py"]
    assert before.dockerfile == (project.folder / "Dockerfile").read_text()
    assert before.invocation.secrets == ("token",)
    assert "hunter22" not in repr(before)
    assert before.bases.keys() == {base}
    keys = [reader.keys(build) for build in (cold, warm, source)]
    assert keys[0] == keys[1]
    assert keys[0] is not None and keys[2] is not None
    assert [at for at in keys[0].steps if keys[0].steps[at] != keys[2].steps[at]] == [1, 2]
    assert "why steps ran" in ran.stdout
    assert "app.py" in ran.stdout


def test_the_classic_store_is_not_asked(docker: DockerClient) -> None:
    """There the build that asks would leave an image without a name."""
    engine, builder = engine_facts(docker), builder_facts(docker, None)
    reason = why_not_to_ask(engine, builder)
    assert (reason is None) == (engine.image_store == "containerd")
