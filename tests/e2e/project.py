"""A project on disk, `layerbench run` on it as a process, and what has to be as before when that is over."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from layerbench.buildx.docker import DockerClient
from layerbench.results.file import read_result
from layerbench.results.models import Build, Result
from tests.cli.process import COMMAND

TREE = tuple[int, int, int, bytes]
"""Mode, modification time, number of links, and content or target."""


@dataclass(frozen=True)
class Ran:
    """A `layerbench run` that is over."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    result_file: Path

    @property
    def result(self) -> Result:
        return read_result(self.result_file)

    def build(self, variant: str, scenario: str, round_: int = 1) -> Build:
        [found] = [
            build
            for build in self.result.builds
            if (build.variant, build.scenario, build.round) == (variant, scenario, round_)
        ]
        return found


@dataclass
class Project:
    """A folder with a bench file; `run` keeps its result file, state and temporary files beside it."""

    docker: DockerClient
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for path in (self.folder, self.beside("tmp"), self.beside("state")):
            path.mkdir(parents=True)

    def beside(self, name: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{name}")

    @property
    def result_file(self) -> Path:
        return self.beside("result.json")

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            # Not this very moment's, so that nothing is right by being just made.
            os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))

    def variables(self) -> dict[str, str]:
        own = {"TMPDIR": str(self.beside("tmp")), "XDG_STATE_HOME": str(self.beside("state"))}
        own["XDG_CACHE_HOME"] = str(self.beside("cache"))
        return {**self.docker.environ(), **own, "LAYERBENCH_HOME": str(self.beside("engines")), **self.environment}

    def start(self, *arguments: str, output: str | None = None, command: str = "run") -> subprocess.Popen[str]:
        """Start `layerbench run`, with the result file beside the folder unless another output is given."""
        where = str(self.result_file) if output is None else output
        process = subprocess.Popen(
            [*COMMAND, command, *(["-o", where] if where else []), *arguments],
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def kill(self) -> None:
        """End what a failed test has left running."""
        for process in self.started:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=30)

    def finish(self, process: subprocess.Popen[str], *, exit_code: int = 0, seconds: float = 300) -> Ran:
        begin = time.monotonic()
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except BaseException:
            process.kill()
            raise
        assert process.returncode == exit_code, stderr
        assert "Traceback" not in stderr, stderr
        return Ran(process.returncode, stdout, stderr, time.monotonic() - begin, self.result_file)

    def run(self, *arguments: str, exit_code: int = 0, output: str | None = None) -> Ran:
        """Run to the end."""
        return self.finish(self.start(*arguments, output=output), exit_code=exit_code)

    def tree(self) -> dict[str, TREE]:
        """Everything that is in the folder."""
        found: dict[str, TREE] = {}
        for path in sorted([self.folder, *self.folder.rglob("*")]):
            facts = path.lstat()
            links = 0 if path.is_dir() else facts.st_nlink
            content = (
                str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            )
            found[str(path.relative_to(self.folder))] = (facts.st_mode, facts.st_mtime_ns, links, content)
        return found

    @contextlib.contextmanager
    def unharmed(self) -> Iterator[None]:
        """What a run must leave as it was: the tree, the engine's things, the temporary folder."""
        before = (self.tree(), engine_things(self.docker))
        yield
        assert self.tree() == before[0]
        assert engine_things(self.docker) == before[1]
        assert list(self.beside("tmp").iterdir()) == []


def engine_things(docker: DockerClient) -> dict[str, list[str]]:
    """Images, containers, networks and volumes."""
    questions = {
        "images": ("image", "ls", "--all", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"),
        "containers": ("container", "ls", "--all", "--format", "{{.ID}} {{.Names}}"),
        "networks": ("network", "ls", "--format", "{{.ID}} {{.Name}}"),
        "volumes": ("volume", "ls", "--format", "{{.Name}}"),
    }
    return {what: sorted(docker.ask(*question).splitlines()) for what, question in questions.items()}


def wait_for(condition: object, seconds: float = 30.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def processes_with(text: str) -> list[int]:
    """Ids of the processes on this machine whose command line has that text."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found
