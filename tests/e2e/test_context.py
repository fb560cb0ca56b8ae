"""The context as a real build sees it: what is sent, what COPY takes of it, and by which keys BuildKit knows that."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from layerbench.buildx.docker import DockerClient
from layerbench.context.fingerprint import take_fingerprint
from layerbench.context.ignore import read_ignore
from layerbench.context.models import Entry
from layerbench.context.selection import select, selectors_of
from layerbench.errors import UsageError
from tests.context.content_digests import ContentDigests, ListFormat
from tests.context.trees import write_tree

pytestmark = pytest.mark.e2e

IGNORE = r"""
# a comment
*.log
!keep.log
 **/*.pyc
/build/
build2/*
!build2/keep/
docs/**
!docs/**/*.md
[*]star
\d?
a[^b]c
**/deep/x
deep
!deep/kept/file
twice
!twice/again
twice
.hidden/..//.secret
no-such/!odd
?ne
vendor/**/test*
!**/test_kept
"""
IGNORED_TREE: dict[str, str | None] = {
    "Dockerfile": "FROM scratch\nCOPY . /c/\n", ".dockerignore": IGNORE,
    "app.log": "1", "keep.log": "2", "sub/app.log": "3", "a.pyc": "4", "sub/b.pyc": "5", "build/x": "6",
    "sub/build/x": "7", "build2/x": "8", "build2/keep/y": "9", "docs/a/b.md": "10", "docs/a/b.txt": "11",
    "docs/c.md": "12", "docs/empty": None, "[]star": "13", "*star": "14", "7x": "15", "dx": "16", "axc": "17",
    "abc": "18", "a/c": "19", "one/deep/x/y": "20", "one/deep/z": "21", "deep/kept/file": "22", "deep/other": "23",
    "twice/again/f": "24", "twice/g": "25", ".secret": "26", ".hidden/s": "27", "one2": "28", "tne": "29",
    "vendor/a/tests/u": "30", "vendor/a/test_kept": "31", "vendor/testing": "32", "link.pyc": "-> app.log",
    "to-docs": "-> docs", "broken": "-> nowhere", "empty": None, "ümlaut [x] .txt": "33", "new\nline.log": "34",
    "new\nline/a.pyc": "35",
}  # fmt: skip

TREE: dict[str, str | None] = {
    "a.py": "1", "b.py": "2", "b.txt": "3", ".env": "4", "*x": "5", "src/m.py": "6", "src/n.md": "7",
    "src/deep/o.py": "8", "src/deep/p.md": "9", "lib/src/q.py": "10", "empty": None, "to-file": "-> a.py",
    "to-folder": "-> src", "src/inner": "-> m.py", "lib/up": "-> ../src", "abs": "-> /src/deep", "src.d/x": "11",
    "src-x": "12", "lib/broken": "-> none", "s/p c/f": "13", "e\u0301": "14",
}  # fmt: skip


@dataclass(frozen=True)
class Copy:
    """One COPY of the build; `--parents` is not in the frontend that engines have built in."""

    sources: tuple[str, ...]
    excludes: tuple[str, ...] = ()

    def instruction(self, number: int) -> str:
        flags = " ".join(f"--exclude={pattern}" for pattern in self.excludes)
        return f"COPY {flags} {json.dumps([*self.sources, f'/n/{number}/'], ensure_ascii=False)}"


COPIES = [
    *(
        Copy((source,))
        for source in (
            ".", "./x/../a.py", "src/", "empty", "[^a].py", "[*]x", "**/*.py", "s*", ".*", "no*", "to-file",
            "to-folder/inner", "to-folder/*.md", "to-*", "lib/up/*", "abs/o.py", "lib",
        )
    ),
    Copy(("a.py", "src/deep", "src", "*.txt", "src/deep/o.py", "s/p c", "e\u0301")),
    *(
        Copy((source,), excludes)
        for source, excludes in (
            ("src", ("*.md", "src/inner")), ("src", ("deep/*", "!deep/o.py")), ("s?c", ("deep",)), ("*.py", ("b.py",)),
            (".", ("src", "**/q.py")), ("to-folder", ("*.md",)), ("src", ("d*", "!deep/p.md")),
        )
    ),
]  # fmt: skip
KEY_BEYOND_COPY = {".", "to-folder"}
"""Sources of which, when they are filtered, a link is in the image, but all that it leads to in the key."""


def test_what_is_sent_is_what_the_fingerprint_holds(containerd_docker: DockerClient, tmp_path: Path) -> None:
    context = write_tree(tmp_path / "ignored-context", IGNORED_TREE)
    (context / "7x").chmod(0o755)
    (context / "one/deep").chmod(0o700)
    build(containerd_docker, context, "--no-cache", f"--output=type=local,dest={tmp_path / 'out'}")
    expected = take_fingerprint(context, read_ignore(context / "Dockerfile", context)).entries
    emptied = dataclasses.replace(expected["twice/again/f"], size_bytes=0)
    assert expected["twice/again/f"] != emptied
    assert found_in(tmp_path / "out/c") == {**expected, "twice/again/f": emptied}
    assert {"keep.log", "docs/a/b.md", "deep/kept/file", "*star", "twice/again/f"} <= expected.keys()


def test_copies_take_what_is_selected_under_the_keys_that_are_computed(
    containerd_docker: DockerClient, tmp_path: Path
) -> None:
    context = write_tree(tmp_path / "copied-context", TREE)
    (context / "src/m.py").chmod(0o750)
    (context / "src").chmod(0o711)
    instructions = "\n".join(copy.instruction(number) for number, copy in enumerate(COPIES))
    (context / "Dockerfile").write_text(f"FROM scratch\n{instructions}\n")
    (tmp_path / "copied-context/.dockerignore").write_text("Dockerfile\n.dockerignore\n")
    fingerprint = take_fingerprint(context, read_ignore(context / "Dockerfile", context))
    build(containerd_docker, context, "--no-cache", f"--output=type=local,dest={tmp_path / 'out'}")
    keys = keys_of(containerd_docker, context, tmp_path / "metadata.json")
    digests = ContentDigests(context, fingerprint.entries, list_format(containerd_docker))
    for number, copy in enumerate(COPIES):
        assert digests.key(selectors_of(copy.sources, copy.excludes)) in keys, copy
        selected = select(fingerprint, copy.sources, copy.excludes)
        if copy.excludes and copy.sources[0] in KEY_BEYOND_COPY:
            continue
        copied = found_in(tmp_path / f"out/n/{number}")
        assert contents(copied) == contents(selected), copy


@pytest.mark.parametrize(
    ("ignore", "message"),
    [("[", "syntax error in pattern"), ("a\n[z-a]", "syntax error in pattern"), ("!", "illegal exclusion pattern")],
)
def test_what_is_refused_here_is_refused_there(
    containerd_docker: DockerClient, tmp_path: Path, ignore: str, message: str
) -> None:
    files = {"Dockerfile": "FROM scratch\nCOPY . /\n", "a": "1", "Dockerfile.dockerignore": ignore}
    context = write_tree(tmp_path / "refused", files)
    with pytest.raises(UsageError):
        read_ignore(context / "Dockerfile", context)
    done = containerd_docker.run("buildx", "build", "--progress=plain", str(context))
    assert done.returncode != 0
    assert message in done.stderr


def test_an_empty_ignore_file_of_the_dockerfile_stands_in_too(containerd_docker: DockerClient, tmp_path: Path) -> None:
    files = {
        "d.Dockerfile": "FROM scratch\nCOPY . /c/\n",
        "d.Dockerfile.dockerignore": "",
        ".dockerignore": "a",
        "a": "1",
    }
    context = write_tree(tmp_path / "own", files)
    dockerfile = context / "d.Dockerfile"
    build(containerd_docker, context, f"--output=type=local,dest={tmp_path / 'out'}", f"--file={dockerfile}")
    expected = take_fingerprint(context, read_ignore(dockerfile, context)).entries
    assert found_in(tmp_path / "out/c") == expected
    assert "a" in expected


def build(docker: DockerClient, context: Path, *options: str) -> None:
    done = docker.run("buildx", "build", "--progress=plain", *options, str(context), timeout_seconds=120)
    assert done.returncode == 0, done.stderr


def keys_of(docker: DockerClient, context: Path, metadata: Path) -> set[str]:
    """All digests of the key graph that the inline cache of a build holds."""
    build(
        docker, context, "--provenance=false", "--cache-to=type=inline", "--output=type=image,store=false",
        f"--metadata-file={metadata}",
    )  # fmt: skip
    facts = json.loads(metadata.read_text())
    reference = facts["buildx.build.ref"].rpartition("/")[2]
    digest = facts["containerimage.config.digest"]
    config = json.loads(docker.ask("buildx", "history", "inspect", "attachment", reference, digest))
    return {record["digest"] for record in json.loads(base64.b64decode(config["moby.buildkit.cache.v0"]))}


def list_format(docker: DockerClient) -> ListFormat:
    """How the engine's BuildKit puts several files together."""
    version = docker.ask("buildx", "inspect", "default").partition("BuildKit version:")[2].split()[0].lstrip("v")
    major, minor = map(int, version.split(".")[:2])
    return "names" if (major, minor) <= (0, 25) else "paths"


def found_in(folder: Path) -> dict[str, Entry]:
    """What a build has copied there."""
    found: dict[str, Entry] = {}
    for path in sorted(folder.rglob("*")):
        facts, name = path.lstat(), str(path.relative_to(folder))
        if stat.S_ISLNK(facts.st_mode):
            found[name] = Entry("link", 0o777, target=str(path.readlink()))
        elif stat.S_ISDIR(facts.st_mode):
            found[name] = Entry("folder", stat.S_IMODE(facts.st_mode))
        else:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[name] = Entry("file", stat.S_IMODE(facts.st_mode), facts.st_size, digest)
    return found


def contents(entries: dict[str, Entry] | Sequence[Entry]) -> set[tuple[str | None, str | None]]:
    """What of a selection can be told in the image, where names and folders depend on the destination."""
    values = entries.values() if isinstance(entries, dict) else entries
    return {(entry.digest, entry.target) for entry in values if entry.kind != "folder"}
