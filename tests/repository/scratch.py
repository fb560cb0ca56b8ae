"""Scratch repositories with all that a checkout can hold, and what has to be as before when they were read."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2024-05-06T07:08:09Z",
    "GIT_COMMITTER_DATE": "2024-05-06T07:08:09Z",
}


@dataclass(frozen=True)
class Scratch:
    """A repository in a folder of the test's own."""

    top: Path

    @classmethod
    def new(cls, top: Path) -> Scratch:
        top.mkdir(parents=True)
        scratch = cls(top)
        scratch.git("init", "--quiet", "--initial-branch=main")
        return scratch

    def git(self, *arguments: str | bytes) -> bytes:
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.top,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def write(self, name: str, text: str | bytes, mode: int = 0o644) -> Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path

    def commit(self, message: str = "change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").decode().strip()

    def state(self) -> dict[str, object]:
        """All that must be as before. The index is read first: git status is free to write it."""
        git_dir = self.top / self.git("rev-parse", "--git-dir").decode().strip()
        index = git_dir / "index"
        return {
            "index": hashlib.sha256(index.read_bytes()).hexdigest() if index.exists() else None,
            "git": sorted(
                str(path.relative_to(git_dir)) for path in git_dir.rglob("*") if path.is_file() and path.name != "index"
            ),
            "tree": tree_of(self.top),
            "status": self.git("--no-optional-locks", "status", "--porcelain=v2", "--branch", "--show-stash"),
            "stash": self.git("stash", "list"),
            "worktrees": self.git("worktree", "list", "--porcelain"),
            "refs": self.git("for-each-ref"),
        }


def tree_of(top: Path) -> dict[bytes, tuple[str, bytes]]:
    """Everything below a folder but `.git`: kind with permissions, and content."""
    found: dict[bytes, tuple[str, bytes]] = {}
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top)
        if ".git" in name.parts:
            continue
        content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[os.fsencode(name)] = (stat.filemode(path.lstat().st_mode), content)
    return found


def everything(top: Path) -> Scratch:
    """A repository with a submodule in a submodule, links, modes, and names of every kind; its checkout is clean."""
    inner = Scratch.new(top.with_name("inner"))
    inner.write("deep.txt", "deep")
    inner.commit()
    library = Scratch.new(top.with_name("library"))
    library.write("lib.py", "lib = 1\n")
    library.git("submodule", "--quiet", "add", str(inner.top), "nested")
    library.commit()
    scratch = Scratch.new(top)
    scratch.write("app.py", "print(1)\n")
    scratch.write("run.sh", "#!/bin/sh\n", 0o755)
    scratch.write("folder/with space/ünï.txt", "text")
    scratch.write("gone.txt", "will be deleted")
    scratch.write(".gitignore", "ignored.txt\n*.secret\n")
    (scratch.top / "link").symlink_to("folder/with space")
    (scratch.top / os.fsdecode(b"latin-\xe9.txt")).write_text("not UTF-8")
    (scratch.top / "two\nlines").write_text("a line break")
    scratch.git("submodule", "--quiet", "add", str(library.top), "libs/library")
    scratch.git("submodule", "--quiet", "update", "--init", "--recursive")
    scratch.commit("first")
    return scratch
