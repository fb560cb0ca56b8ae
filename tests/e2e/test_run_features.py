"""`layerbench run` with everything that a variant can have, odd names, and the terminals that people have."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient, engine_facts
from layerbench.results.models import Build
from tests.cli.process import COMMAND
from tests.e2e.project import Project, Ran

pytestmark = pytest.mark.e2e

LoadBase = Callable[[DockerClient], str]
ONBUILD = "layerbench-test/run-onbuild:1"

# Name: Dockerfile, further keys of the variant, a command that must work in the image.
VARIANTS: dict[str, tuple[str, str, str]] = {
    "syntax": ("# syntax=registry.invalid/dockerfile:1\nFROM {base}\nRUN echo x > /x\nCOPY . .\n", "", "cat /x"),
    "no-attestation": ("FROM {base}\nRUN echo x > /x\nCOPY . .\n", "extra_args = ['--provenance=false']", "cat /x"),
    "attestation": ("FROM {base}\nRUN echo x > /x\nCOPY . .\n", "{attestation}", "cat /x"),
    "link": ("FROM {base}\nRUN echo x > /x\nCOPY --link . /there/\n", "", "cat /there/app.py"),
    "heredoc": (
        "FROM {base}\nRUN <<EOF\necho one > /x\necho two >> /x\nEOF\nCOPY <<EOF /y\nthree\nEOF\n",
        "",
        "grep two /x",
    ),
    "onbuild": (f"FROM {ONBUILD}\nCOPY . .\n", "", "cat /triggered"),
    "target": (
        "FROM {base} AS skipped\nRUN exit 1\nFROM {base} AS wanted\nRUN echo x > /x\nFROM skipped\nRUN exit 1\n",
        "target = 'wanted'",
        "cat /x",
    ),
    "argument": (
        "ARG TAG=none\nFROM layerbench-test/base:$TAG\nARG WHO\nRUN echo $WHO > /who\nCOPY . .\n",
        "build_args = { TAG = '1', WHO = 'a b' }",
        "grep '^a b$' /who",
    ),
    "context": (
        "FROM other-base\nRUN echo x\nCOPY --from=data data.txt /data.txt\n",
        "build_contexts = { data = '../project.data folder', other-base = 'docker-image://{base}' }",
        "cat /data.txt",
    ),
    "no-network": ("FROM {base}\nRUN ! ip route | grep default\nCOPY . .\n", "network = 'none'", "true"),
    "host-network": (
        "FROM {base}\nRUN ip link > /links\nCOPY . .\n",
        "network = 'host'\nextra_args = ['--allow', 'network.host']",
        "true",
    ),
    "platform": (
        "FROM {base}\nARG TARGETPLATFORM\nRUN echo $TARGETPLATFORM > /p\n",
        "platform = '{platform}'",
        "grep linux /p",
    ),
    "ssh": ("FROM {base}\nRUN --mount=type=ssh true\n", "ssh = ['default=/nowhere/agent.sock']", "true"),
    "Ümläut & spaces": (
        "FROM {base}\nRUN echo x\nCOPY . .\n",
        "dockerfile = 'ordner ü/mit leer.Dockerfile'",
        "cat 'a file ü.txt'",
    ),
}  # fmt: skip
SAME_AS_BEFORE = ("no-attestation", "attestation")


@pytest.fixture(scope="module")
def ran(docker: DockerClient, base_of: LoadBase, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run of all variants, cold and warm, and with an edit."""
    base = base_of(docker)
    project = Project(docker, tmp_path_factory.mktemp("ordner ü mit leer") / "project")
    machine = docker.ask("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}").strip()
    # The docker driver has attestations with the containerd store only.
    attestation = "extra_args = ['--provenance=mode=max']" if engine_facts(docker).image_store == "containerd" else ""
    bench = "rounds = 1\n[scenarios.'edit ü']\nedits = [{ append = 'a file ü.txt', text = '{nonce}' }]\n"
    bench += "variants = ['Ümläut & spaces']\n"
    for name, (dockerfile, keys, command) in VARIANTS.items():
        path = "ordner ü/mit leer.Dockerfile" if "spaces" in name else f"{name}.Dockerfile"
        project.write({path: dockerfile.replace("{base}", base)})
        keys = keys.replace("{base}", base).replace("{platform}", machine).replace("{attestation}", attestation)
        bench += f"[variants.'{name}']\n{keys}\nsmoke = {{ command = ['sh', '-c', \"{command}\"] }}\n"
    project.write(
        {"layerbench.toml": bench, "app.py": "", "a file ü.txt": "", ".dockerignore": "*Dockerfile\n*.toml\n"}
    )
    project.beside("data folder").mkdir()
    (project.beside("data folder") / "data.txt").write_text("data\n")
    build = [*docker.command, "buildx", "build", "--load", f"--tag={ONBUILD}", "-"]
    subprocess.run(
        build,
        input=f"FROM {base}\nONBUILD RUN echo x > /triggered\n",
        env=docker.environ(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    project.environment["LC_ALL"] = "C"
    try:
        with project.unharmed():
            return project.run("--frontend", "builtin", exit_code=3)
    finally:
        docker.run("image", "rm", "--force", ONBUILD)


def works(name: str) -> bool:
    return name != "ssh"


def test_every_variant_is_measured_in_every_scenario(ran: Ran) -> None:
    for build in ran.result.builds:
        assert (build.outcome == "built") == works(build.variant), (build.variant, build.error)
        assert build.invalid is None, (build.variant, build.scenario, build.invalid)
    assert len(ran.result.builds) == 2 * len(VARIANTS) + 1


def test_every_image_works(ran: Ran) -> None:
    assert {(test.variant, test.outcome) for test in ran.result.smoke_tests} == {
        (name, "passed") for name in VARIANTS if works(name)
    }


def test_warm_builds_hit_everything_and_make_the_same_image(ran: Ran) -> None:
    for name in filter(works, VARIANTS):
        cold, warm = ran.build(name, "cold"), ran.build(name, "warm")
        assert all(step.cached is not False for step in warm.steps), name
        assert cold.image is not None
        assert warm.image is not None
        assert cold.image.layers == warm.image.layers
        assert cold.image.config_digest == warm.image.config_digest


def test_attestations_change_no_figure(ran: Ran) -> None:
    one, other = (ran.build(name, "cold") for name in SAME_AS_BEFORE)

    def figures(build: Build) -> object:
        assert build.image is not None
        steps = [(step.instruction, step.cached, step.line_start) for step in build.steps]
        return steps, [layer.uncompressed_bytes for layer in build.image.layers], build.image.compressed_bytes_source

    assert figures(one) == figures(other)


def test_lines_are_kept_where_the_built_in_frontend_serves(ran: Ran) -> None:
    build = ran.build("syntax", "cold")
    assert build.frontend == "builtin"
    assert [step.line_start for step in build.steps] == [2, 3, 4]


def test_stages_that_a_target_skips_are_not_there(ran: Ran) -> None:
    assert {step.stage for step in ran.build("target", "cold").steps} == {"wanted"}


def test_the_agents_socket_is_handed_on(ran: Ran) -> None:
    error = ran.build("ssh", "cold").error
    assert error is not None
    assert "/nowhere/agent.sock" in error.message
    assert "agent.sock" not in str(ran.result.bench)


def test_names_are_kept_as_they_are(ran: Ran) -> None:
    assert ran.build("Ümläut & spaces", "edit ü").outcome == "built"
    assert {"ordner ü/mit leer.Dockerfile"} <= {variant.dockerfile for variant in ran.result.bench.variants}
    # In the C locale the terminal gets ASCII only.
    *course, path = ran.stderr.splitlines()
    assert "".join(course).isascii()
    assert ran.stdout.isascii()
    assert path == f"result file: {ran.result_file}"


@pytest.fixture
def project(containerd_docker: DockerClient, base_of: LoadBase, tmp_path: Path) -> Project:
    base = base_of(containerd_docker)
    project = Project(containerd_docker, tmp_path / "project")
    project.write(
        {
            "a.Dockerfile": f"FROM {base}\nCOPY requirements.txt .\nRUN sleep 0.7\nCOPY . .\nCMD python app.py\n",
            "b.Dockerfile": f"FROM {base}\nCOPY . .\nRUN sleep 0.7\nCMD python app.py\n",
            "app.py": "print(1)\n",
            "requirements.txt": "fastapi==0.100.0\n",
        }
    )
    return project


def test_dockerfiles_without_a_bench_file(project: Project) -> None:
    with project.unharmed():
        scenarios = ("--scenario", "edit-source", "--scenario", "edit-deps")
        ran = project.run("-f", "a.Dockerfile", "-f", "b.Dockerfile", "--rounds", "1", *scenarios, ".")
    assert "layerbench: variants: a (a.Dockerfile), b (b.Dockerfile)" in ran.stderr
    assert "edit-source: " in ran.stderr
    assert "edit-deps: " in ran.stderr
    ran_steps = {
        (build.variant, build.scenario): [step.instruction for step in build.steps if step.cached is False]
        for build in ran.result.builds
    }
    assert ran_steps["a", "edit-source"] == ["COPY . ."]
    assert ran_steps["b", "edit-source"] == ["COPY . .", "RUN sleep 0.7"]
    assert ran_steps["a", "edit-deps"] == ["COPY requirements.txt .", "RUN sleep 0.7", "COPY . ."]
    assert "--steps" not in ran.stdout


def test_empty_files_and_folders(project: Project) -> None:
    project.write({"layerbench.toml": "[variants.b]\n[scenarios.grow]\nedits = [{ append = 'empty', text = 'x' }]\n"})
    project.write({"empty": ""})
    (project.folder / "folder").mkdir()
    (project.folder / "link").symlink_to("nowhere")
    with project.unharmed():
        ran = project.run("--scenario", "grow", "--rounds", "1")
    assert ran.build("b", "grow").outcome == "built"


def test_edits_that_spoil_the_dockerfile_are_failures_of_that_build(project: Project) -> None:
    project.write(
        {
            "layerbench.toml": "[variants.b]\n"
            "[scenarios.spoil]\nedits = [{ append = 'b.Dockerfile', text = 'NONSENSE\\n' }]\n"
            "[scenarios.remove]\nedits = [{ delete = 'b.Dockerfile' }]\n"
            "[scenarios.comment]\nedits = [{ append = 'b.Dockerfile', text = '# {nonce}\\n' }]\n"
            "[scenarios.change]\nedits = [{ replace = 'b.Dockerfile', pattern = 'sleep 0.7', with = 'sleep 0' }]\n",
            ".dockerignore": "*Dockerfile\n",
        }
    )
    with project.unharmed():
        ran = project.run("--rounds", "1", exit_code=3)
    assert {build.scenario for build in ran.result.builds if build.outcome == "failed"} == {"spoil", "remove"}
    assert "unknown instruction: NONSENSE" in str(ran.build("b", "spoil").error)
    assert [step.instruction for step in ran.build("b", "change").steps if step.cached is False] == ["RUN sleep 0"]
    assert not [step for step in ran.build("b", "comment").steps if step.cached is False]
    assert not [build.invalid for build in ran.result.builds if build.invalid]


class Screen:
    """A run on a terminal, and what came through it."""

    def __init__(self, project: Project, columns: int, rounds: int, **environment: str) -> None:
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        master, slave = pty.openpty()
        variables = {**project.variables(), "TERM": "xterm-256color", "COLUMNS": str(columns), **environment}
        variables.pop("CI", None)
        command = [*COMMAND, "run", "--scenario", "cold", "--rounds", str(rounds), "-o", str(project.result_file)]
        command += ["-f", "a.Dockerfile", "-f", "b.Dockerfile"]
        process = subprocess.Popen(
            command, cwd=project.folder, env=variables, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self._read(master):
            pass
        assert process.wait(10) == 0
        os.close(master)

    def _read(self, master: int) -> bool:
        if not select.select([master], [], [], 1)[0]:
            return True
        try:
            chunk = os.read(master, 65536)
        except OSError:
            return False
        self.text += self._decoder.decode(chunk)
        return bool(chunk)

    @property
    def lines(self) -> list[str]:
        """Every line that was ever shown, without what moves the cursor."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text)
        return [line.strip() for line in re.split(r"[\r\n]+", plain)]


def test_a_terminal_shows_which_build_its_step_and_the_rest(project: Project) -> None:
    screen = Screen(project, 120, 2)
    moving = [line for line in screen.lines if "elapsed" in line]

    def was_shown(pattern: str) -> bool:
        return any(re.search(pattern, line) for line in moving)

    assert was_shown(r"\[1/4\] a, cold, round 1 · \d:\d\d elapsed · \[3/4\] RUN sleep 0\.7$")
    assert was_shown(r"\[3/4\] b, cold, round 2 · \d:\d\d elapsed, about \d:\d\d left · \[3/3\] RUN sleep 0\.7$")
    assert any("finding the bases" in line for line in moving)
    assert any("cleaning up" in line for line in moving)
    assert "[2/4] b, cold, round 1:" in "\n".join(screen.lines)
    assert screen.text.count("\x1b[?25l") == screen.text.count("\x1b[?25h")  # the cursor is back


def test_a_narrow_terminal_in_the_c_locale(project: Project) -> None:
    screen = Screen(project, 40, 1, LC_ALL="C", NO_COLOR="1")
    assert screen.text.isascii()
    moving = [line for line in screen.lines if "[1/2] a, cold, round 1 - " in line]
    assert moving
    assert max(map(len, moving)) <= 40
    assert "\x1b[3" not in screen.text


def test_a_terminal_that_can_do_nothing(project: Project) -> None:
    screen = Screen(project, 80, 1, TERM="dumb")
    assert "\x1b" not in screen.text
    assert "[2/2] b, cold, round 1:" in screen.text
