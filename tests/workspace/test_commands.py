"""Commands that edit a copy: real copies, anything may be written, all comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench.config.models import Append, Delete, Rename, Run, Write
from layerbench.errors import BuildError, LayerbenchError, UsageError
from layerbench.workspace import Workspace

from .trees import fingerprint


@pytest.fixture
def workspace(source: Path, root: Path) -> Iterator[Workspace]:
    """An independent copy; at the end the source must be untouched and the copy must come back."""
    os.link(source / "src/main.py", source / "hollow/second-name.py")
    (source / "link").symlink_to("app.py")
    os.mkfifo(source / "fifo")
    before = fingerprint(source)
    with Workspace.create(source, root, independent=True) as workspace:
        yield workspace
        workspace.restore()
        assert fingerprint(workspace.context) == before
        first, second = workspace.context / "src/main.py", workspace.context / "hollow/second-name.py"
        assert first.samefile(second)
        assert first.stat().st_nlink == 2
    assert fingerprint(source) == before
    assert list(root.iterdir()) == []


def test_a_command_runs_in_the_copy_with_the_nonce(workspace: Workspace) -> None:
    workspace.apply([Run('echo "$LAYERBENCH_NONCE {nonce} $PWD" >> app.py')], "n0")
    text = (workspace.context / "app.py").read_text()
    assert text.endswith(f"n0 n0 {workspace.context}\n")


def test_words_are_given_as_they_are(workspace: Workspace) -> None:
    workspace.apply([Run(("cp", "app.py", "$HOME {nonce}"))], "n0")
    assert (workspace.context / "$HOME n0").read_bytes() == (workspace.context / "app.py").read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        "echo x >> app.py",
        "printf 'same sizes!' | dd of=app.py conv=notrunc status=none",
        "printf X | dd of=app.py conv=notrunc status=none; touch -r src/main.py app.py",
        "printf X | dd of=src/main.py conv=notrunc status=none",
        "sed -i s/y/z/ src/main.py",
        "rm -rf src",
        "rm -rf ..?* .[!.]* *",
        'rm -rf "$PWD"',
        "mv src lib; mkdir src; cp lib/main.py src/",
        "rm app.py; mkdir app.py; touch app.py/x",
        "rm -rf src; echo x > src",
        "rm -rf src; ln -s docs src",
        "ln -sf requirements.txt link",
        "rm fifo; echo x > fifo",
        "rm fifo",
        "mkdir -p deep/er/est; touch deep/er/est/file; chmod 0 deep/er; chmod 500 deep",
        "chmod -R a-w .",
        "chmod 700 hollow",
        "chmod +x app.py",
        "rmdir docs 2>/dev/null; rm -r docs hollow; mkdir hollow",
        "ln app.py hollow/hard",
        "find . -exec touch -h -d @0 {} +; echo > new",
        "git init -q . && git -c user.name=n -c user.email=e add . && rm -r .git/hooks",
    ],
)
@pytest.mark.parametrize("times", [1, 2])
def test_whatever_a_command_does_comes_back(workspace: Workspace, source: Path, command: str, times: int) -> None:
    for number in range(times):
        workspace.apply([Run(command)], f"n{number}")
        workspace.restore()
        assert fingerprint(workspace.context) == fingerprint(source)


def test_commands_and_declared_edits_come_back_together(workspace: Workspace, source: Path) -> None:
    for number in range(2):
        workspace.apply(
            [
                Append("app.py", "# {nonce}\n"),
                Delete("docs"),
                Run("sed -i s/n./m/ app.py; echo x > new"),
                Rename("new", "src/new"),
                Run("rm -r src/pkg; mkdir docs"),
                Write("docs/x", "y"),
            ],
            f"n{number}",
        )
        assert (workspace.context / "app.py").read_bytes().endswith(b"# m\n")
        workspace.restore()
        assert fingerprint(workspace.context) == fingerprint(source)
        workspace.apply([Append("src/main.py", "# declared only\n"), Rename("app.py", "b"), Delete("b")], "n")
        workspace.restore()
        assert fingerprint(workspace.context) == fingerprint(source)


@pytest.mark.parametrize(
    "command",
    [
        "true",
        "sed -i s/never-there/x/ app.py requirements.txt",
        "touch app.py src",
        "mv app.py b; mv b app.py",
        "chmod 644 app.py",
        "cp app.py b && cat b > app.py && rm b",
        "touch -d @0 app.py",
    ],
)
def test_a_command_that_changes_nothing_is_said(workspace: Workspace, command: str) -> None:
    with pytest.raises(UsageError, match=r'run: ".*" changed no name, content or mode in the context .*touch edit'):
        workspace.apply([Run(command)], "n")


def test_a_command_that_leaves_an_earlier_edit_alone_is_said(workspace: Workspace) -> None:
    edits = [Append("app.py", "# {nonce}\n"), Run("sed -i s/never-there/x/ app.py")]
    with pytest.raises(UsageError, match="changed no name, content or mode"):
        workspace.apply(edits, "n")


def test_a_command_that_undoes_an_earlier_edit_changes_something(workspace: Workspace) -> None:
    workspace.apply([Append("app.py", "x"), Run("truncate -s -1 app.py; printf y >> app.py")], "n")
    assert (workspace.context / "app.py").read_bytes().endswith(b"y")


def test_what_a_command_writes_has_a_fresh_time(workspace: Workspace) -> None:
    """BuildKit would take the new content for the old, as size and time are equal."""
    times = {(workspace.context / "src/main.py").stat().st_mtime_ns}
    for number in range(5):
        workspace.apply([Run(f"printf 'y = {number + 3}\\n' > src/main.py; touch -r app.py src/main.py")], "n")
        times.add((workspace.context / "src/main.py").stat().st_mtime_ns)
        workspace.restore()
    assert len(times) == 6


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("echo one; echo two >&2; exit 3", 'run: "echo one; echo two >&2; exit 3" ended with exit code 3:\none\ntwo'),
        ("exit 4", 'run: "exit 4" ended with exit code 4 and printed nothing'),
        ("kill -TERM $$", 'run: "kill -TERM $$" was ended by SIGTERM and printed nothing'),
        (("false", "a b"), "run: \"false 'a b'\" ended with exit code 1 and printed nothing"),
        ("yes line | head -n 100000; exit 1", "exit code 1:\n" + "\n".join(["line"] * 10)),
    ],
)
def test_a_failing_command_is_said_with_its_last_lines(
    workspace: Workspace, command: str | tuple[str, ...], message: str
) -> None:
    with pytest.raises(BuildError) as caught:
        workspace.apply([Run(command)], "n")
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("no-such-program-here", "x"), 'run: cannot run "no-such-program-here x": No such file or directory'),
        (("./app.py",), 'run: cannot run "./app.py": Permission denied'),
        ("", "run: the command is empty"),
        ((), "run: the command is empty"),
    ],
)
def test_a_command_that_cannot_start_is_said(
    workspace: Workspace, command: str | tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        workspace.apply([Run(command)], "n")
    assert str(caught.value).startswith(message)


def test_what_a_command_leaves_running_is_ended(workspace: Workspace, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    started = time.monotonic()
    workspace.apply([Run(f"sleep 600 & echo $! > {pid_file}; echo x > new")], "n")
    assert time.monotonic() - started < 60
    assert ended(int(pid_file.read_text()))


def ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie that only waits for init."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


INTERRUPTED = """
import sys
from pathlib import Path
from layerbench.config.models import Run
from layerbench.workspace import Workspace

source, root, pids = map(Path, sys.argv[1:])
try:
    with Workspace.create(source, root, independent=True) as workspace:
        workspace.apply([Run(f"sleep 600 & echo $! > {pids}.new; mv {pids}.new {pids}; sleep 600")], "n")
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_ends_the_command_with_its_children(source: Path, root: Path, tmp_path: Path) -> None:
    before = fingerprint(source)
    pids = tmp_path / "pids"
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(source), str(root), str(pids)])
    deadline = time.monotonic() + 60
    while not pids.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert ended(int(pids.read_text()))
    assert list(root.iterdir()) == []
    assert fingerprint(source) == before


def test_a_source_that_changed_meanwhile_is_said(source: Path, root: Path) -> None:
    with Workspace.create(source, root, independent=True) as workspace:
        workspace.apply([Run("echo x >> app.py")], "n")
        (source / "app.py").write_bytes(b"saved by the person")
        with pytest.raises(
            LayerbenchError, match=r'"app.py" was changed in the context .*leave it alone and run again'
        ):
            workspace.restore()
    assert (source / "app.py").read_bytes() == b"saved by the person"


def test_a_source_that_changed_elsewhere_does_not_matter(source: Path, root: Path) -> None:
    before = fingerprint(source)
    with Workspace.create(source, root, independent=True) as workspace:
        workspace.apply([Append("app.py", "x")], "n")
        workspace.restore()
        (source / "app.py").write_bytes(b"saved by the person")
        workspace.apply([Run("echo x >> requirements.txt")], "n")
        workspace.restore()
        assert fingerprint(workspace.context) == before


def test_a_command_cannot_reach_the_source_by_a_link(source: Path, root: Path) -> None:
    (source / "src/absolute").symlink_to(source / "app.py")
    before = fingerprint(source)
    with Workspace.create(source, root, independent=True) as workspace:
        with pytest.raises(UsageError, match='run: the symbolic link "src/absolute" points into your own tree'):
            workspace.apply([Run("echo x >> src/absolute")], "n")
        workspace.apply([Delete("src/absolute"), Run("echo x >> app.py")], "n")
    assert fingerprint(source) == before
