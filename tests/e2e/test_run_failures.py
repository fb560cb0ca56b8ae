"""Builds, images, secrets and outputs that go wrong: what is recorded, what is said, and that nothing is left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient
from layerbench.results.side_file import layers_of
from tests.cli.process import COMMAND
from tests.e2e.project import Project, Ran

pytestmark = pytest.mark.e2e

MakeProject = Callable[[DockerClient], Project]


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    return lambda docker: Project(docker, tmp_path / "project")


@pytest.fixture
def project(containerd_docker: DockerClient, base_of: Callable[[DockerClient], str], tmp_path: Path) -> Project:
    """A project of one variant that builds in no time."""
    base_of(containerd_docker)
    project = Project(containerd_docker, tmp_path / "project")
    project.write({"v.Dockerfile": GOOD.format(base=base_of(containerd_docker)), "layerbench.toml": "[variants.v]\n"})
    return project


GOOD = "FROM {base}\nCOPY . .\nRUN echo fine\nCMD sleep 60\n"
VARIANTS = {
    "good": GOOD,
    "bad-run": "FROM {base}\nRUN for i in $(seq 30); do echo line $i; done; exit 7\nRUN echo never\n",
    "bad-copy": "FROM {base}\nCOPY missing.txt .\n",
    "slow": "FROM {base}\nRUN echo begun && sleep 60\n",
    "after": GOOD,
}


@pytest.fixture(scope="module")
def failed(
    docker: DockerClient, base_of: Callable[[DockerClient], str], tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    """A run in which some variants do not build."""
    project = Project(docker, tmp_path_factory.mktemp("failed") / "project")
    bench = "rounds = 1\n" + "".join(f"[variants.{name}]\n" for name in VARIANTS)
    bench = bench.replace("[variants.slow]\n", "[variants.slow]\ntimeout = '3s'\n")
    bench += "[scenarios.edit]\nedits = [{ write = 'new.txt', text = '{nonce}' }]\n"
    project.write({f"{name}.Dockerfile": text.format(base=base_of(docker)) for name, text in VARIANTS.items()})
    project.write({"layerbench.toml": bench})
    with project.unharmed():
        return project.run(exit_code=3)


def test_the_other_variants_go_on(failed: Ran) -> None:
    outcomes = {(build.variant, build.scenario): build.outcome for build in failed.result.builds}
    assert failed.result.complete
    assert outcomes == {
        (variant, scenario): "built" if variant in {"good", "after"} else "failed"
        for variant in VARIANTS
        for scenario in ("cold", "warm", "edit")
    }


def test_a_failed_run_is_recorded_with_its_step(failed: Ran) -> None:
    build = failed.build("bad-run", "cold")
    assert build.error is not None
    assert build.error.step is not None
    assert build.steps[build.error.step].instruction.startswith("RUN for i in")
    assert build.steps[build.error.step].line_start == 2
    assert build.error.exit_code == 7
    assert build.error.log_tail == tuple(f"line {number}" for number in range(11, 31))
    assert build.image is None
    assert not any(step.cached for step in build.steps)


def test_a_failed_copy_names_what_is_missing(failed: Ran) -> None:
    error = failed.build("bad-copy", "cold").error
    assert error is not None
    assert '"/missing.txt": not found' in error.message


def test_a_timeout_ends_the_build(failed: Ran) -> None:
    build = failed.build("slow", "cold")
    assert build.error is not None
    assert build.error.message == "it was ended after 3 s in RUN echo begun && sleep 60 (`timeout`)"
    assert build.error.log_tail == ("begun",)
    assert build.wall_seconds is not None
    assert 3 <= build.wall_seconds < 8


def test_what_rests_on_a_failed_cold_build_is_not_tried(failed: Ran) -> None:
    build = failed.build("bad-run", "warm")
    assert build.error is not None
    assert build.error.message.startswith("not built: the cold build of this round failed: process ")
    assert (build.wall_seconds, build.steps, build.error.step, build.error.exit_code) == (None, (), None, 7)


def test_the_table_and_the_course_say_it(failed: Ran) -> None:
    assert re.search(r"bad-run\s.*FAILED|FAILED.*bad-run|bad-run +failed", failed.stdout)
    assert "bad-run, cold, round 1: FAILED: line 2: process" in failed.stderr
    assert failed.stderr.count("    line 30\n") == 1


SMOKED = {
    "serves": ("CMD mkdir -p /www && echo hi > /www/health && exec httpd -f -p 8000 -h /www", None),
    "wrong-path": ("CMD mkdir -p /www && exec httpd -f -p 8000 -h /www", "(last: HTTP 404)"),
    "dies": ("CMD echo 'no module named app' && exit 3", "ended with exit code 3: no module named app"),
    "silent": ("CMD sleep 60", "no HTTP 200 within 2 s at port 8000, path /health (last: "),
    "command": ("RUN echo yes > /answer", None),
    "bad-command": ("RUN echo no > /answer", "grep exited with 1"),
    "no-command": ("RUN rm /bin/grep", "it could not be started: "),
}


def test_images_are_run_once_and_have_to_work(
    docker: DockerClient, base_of: Callable[[DockerClient], str], make_project: MakeProject
) -> None:
    project = make_project(docker)
    bench = "rounds = 1\n[smoke]\nport = 8000\npath = '/health'\ntimeout = '2s'\n"
    for name, (last_line, _) in SMOKED.items():
        project.write({f"{name}.Dockerfile": f"FROM {base_of(docker)}\n{last_line}\n"})
        bench += f"[variants.{name}]\n"
        if "command" in name:
            bench += "smoke = { command = ['grep', 'yes', '/answer'] }\n"
    project.write({"layerbench.toml": bench.replace("timeout = '2s'", "timeout = 2")})
    with project.unharmed():
        ran = project.run("--scenario", "cold", exit_code=3)
    assert {build.outcome for build in ran.result.builds} == {"built"}
    tests = {test.variant: test for test in ran.result.smoke_tests}
    for name, (_, wrong) in SMOKED.items():
        assert tests[name].outcome == ("failed" if wrong else "passed"), tests[name]
        assert wrong is None or wrong in (tests[name].error or ""), tests[name]
        assert not wrong or f"the image of {name} does not work: " in ran.stderr
    assert "dies" in ran.stdout
    with project.unharmed():
        assert project.run("--scenario", "cold", "--variant", "dies", "--no-smoke").result.smoke_tests == ()


SECRET_FILE, SECRET_VARIABLE = "file-c0nfidential-4711", "variable-c0nfidential-0815"


def test_secrets_reach_the_build_and_nothing_else(
    docker: DockerClient, base_of: Callable[[DockerClient], str], make_project: MakeProject
) -> None:
    project = make_project(docker)
    show = "cat /run/secrets/token; sleep 1; cat /run/secrets/key"
    mounts = "--mount=type=secret,id=token --mount=type=secret,id=key"
    base = base_of(docker)
    # The build itself sees the values; that what it prints is kept back is seen by one that fails.
    project.write(
        {
            "good.Dockerfile": f"FROM {base}\nRUN {mounts} {show} | sha256sum > /seen\n",
            "bad.Dockerfile": f"FROM {base}\nRUN {mounts} {show}; echo; exit 1\n",
            "loud.Dockerfile": f"FROM {base}\nRUN {mounts} {show}\nCMD echo {SECRET_FILE} && exit 1\n",
        }
    )
    variant = "secrets = [{ id = 'token', file = '../token, with a comma' }, { id = 'key', env = 'TEST_KEY' }]\n"
    names = ("good", "bad", "loud")
    project.write({"layerbench.toml": "".join(f"[variants.{name}]\n{variant}" for name in names)})
    with (project.folder / "layerbench.toml").open("a") as file:
        file.write("smoke = { port = 80, timeout = 2 }\n")
    (project.folder.parent / "token, with a comma").write_text(f"{SECRET_FILE}\n")
    project.environment["TEST_KEY"] = SECRET_VARIABLE
    with project.unharmed(), watched_command_lines() as command_lines:
        ran = project.run("--scenario", "cold", "--rounds", "1", exit_code=3)
    assert [build.outcome for build in ran.result.builds] == ["built", "failed", "built"]
    error = ran.build("bad", "cold").error
    assert error is not None
    assert error.log_tail == ("***", "***")
    [test] = ran.result.smoke_tests
    assert "***" in (test.error or "")
    written = ran.result_file.read_text() + ran.stdout + ran.stderr
    assert any("buildx" in line for line in command_lines)
    for value in (SECRET_FILE, SECRET_VARIABLE):
        assert value not in written
        assert not any(value in line for line in command_lines)


class _Watch:
    """Collects the command lines of all processes of this machine until it is told to end."""

    def __init__(self) -> None:
        self.lines: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> set[str]:
        self._thread.start()
        return self.lines

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                # The container's own process is the image's affair, not ours.
                if not line.startswith(("/bin/sh -c", "sh -c")):
                    self.lines.add(line)


def watched_command_lines() -> _Watch:
    return _Watch()


def test_a_base_that_cannot_be_had(containerd_docker: DockerClient, make_project: MakeProject) -> None:
    project = make_project(containerd_docker)
    project.write({"v.Dockerfile": "FROM registry.invalid/nothing:1\nRUN x\n", "layerbench.toml": "[variants.v]\n"})
    with project.unharmed():
        ran = project.run(exit_code=3)
    [sentence] = ran.stderr.splitlines()
    assert sentence.startswith('layerbench: the base "registry.invalid/nothing:1" cannot be had (')
    assert "name a stand-in under [bases]" in sentence
    assert (ran.stdout, ran.result_file.exists()) == ("", False)


def test_an_earlier_result_file_stays_where_a_run_does_not_begin(project: Project) -> None:
    project.run("--scenario", "warm", "--rounds", "1")
    before = project.result_file.read_bytes()
    (project.folder / "v.Dockerfile").write_text("FROM registry.invalid/nothing:1\n")
    ran = project.run(exit_code=3)
    assert project.result_file.read_bytes() == before
    assert "what was measured" not in ran.stderr


def test_the_result_as_json_alone_on_stdout(project: Project) -> None:
    with project.unharmed():
        ran = project.run("--scenario", "warm", "--rounds", "2", output="-")
    result = json.loads(ran.stdout)
    assert [build["scenario"] for build in result["builds"]] == ["warm", "warm"]
    assert result["complete"]
    assert not ran.result_file.exists()
    done = subprocess.run(
        [*COMMAND, "report", "-"], input=ran.stdout, capture_output=True, text=True, check=True, timeout=30
    )
    assert "warm: nothing changed" in done.stdout


def test_the_default_place_and_the_next_plans_estimate(project: Project) -> None:
    ran = project.run("--scenario", "cold", "--rounds", "1", output="")
    [path] = project.beside("state").rglob("*.json")
    assert ran.stderr.splitlines()[-1] == f"result file: {path}"
    plan = [*COMMAND, "plan", "--scenario", "cold", "--rounds", "2"]
    done = subprocess.run(
        plan, cwd=project.folder, env=project.variables(), capture_output=True, text=True, check=True, timeout=30
    )
    assert re.search(r"estimate: about \d+ s of builds", done.stdout)


def test_a_reader_that_goes_away_loses_no_figures(project: Project) -> None:
    arguments = [*COMMAND, "run", "--scenario", "warm", "--rounds", "1", "-o", str(project.result_file)]
    script = 'exec "$@" 2>&1 | true'
    with project.unharmed():
        subprocess.run(
            ["sh", "-c", script, "sh", *arguments], cwd=project.folder, env=project.variables(), check=True, timeout=60
        )
    assert json.loads(project.result_file.read_text())["complete"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 512 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_keeps_what_was_written(project: Project, small_disk: Path) -> None:
    output, arguments = small_disk / "r.json", ("--scenario", "cold", "--scenario", "warm", "--rounds", "4")
    (small_disk / "filling").write_bytes(b"x" * 480 * 1024)  # leaves room for the first builds only
    with project.unharmed():
        ran = project.run(*arguments, output=str(output), exit_code=3)
    assert f"layerbench: cannot write {output}: No space left on device; free some space or" in ran.stderr
    assert f"layerbench run --resume {output}" in ran.stderr
    kept = json.loads(output.read_text())
    assert not kept["complete"]
    assert 0 < len(kept["builds"]) < 8
    assert sorted(path.name for path in small_disk.iterdir()) == ["filling", "r.json", "r.layers.zip"]
    built = {layer["diff_id"] for build in kept["builds"] if build["image"] for layer in build["image"]["layers"]}
    assert built <= layers_of(small_disk / "r.layers.zip")
    (small_disk / "filling").unlink()
    project.run(*arguments, "--resume", str(output), output="")
    whole = json.loads(output.read_text())
    assert (whole["complete"], len(whole["builds"])) == (True, 8)
    assert whole["builds"][: len(kept["builds"])] == kept["builds"]


def test_a_disk_that_is_full_from_the_start_is_found_before_any_build(project: Project, small_disk: Path) -> None:
    with contextlib.suppress(OSError), (small_disk / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    ran = project.run(output=str(small_disk / "r.json"), exit_code=3)
    assert "r.json: No space left on device; free some space or choose another place" in ran.stderr
    assert "round 1" not in ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take a file's rights away from itself")
def test_a_read_only_place_is_found_before_any_build(project: Project, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    ran = project.run(output=str(small_disk / "r.json"), exit_code=2)
    [sentence] = ran.stderr.splitlines()
    assert "r.json cannot be written: Read-only file system; give another place with -o" in sentence
