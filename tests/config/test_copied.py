"""Which files a Dockerfile copies, as far as the rough rules go."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.config import copied
from layerbench.config.copied import context_files, copied_files
from layerbench.instructions import parse_dockerfile


def how(tmp_path: Path, dockerfile: str, path: str, ignore: str = "", own_ignore: str | None = None) -> str | None:
    (tmp_path / ".dockerignore").write_text(ignore)
    if own_ignore is not None:
        (tmp_path / "Dockerfile.dockerignore").write_text(own_ignore)
    found = copied_files(parse_dockerfile(dockerfile), tmp_path / "Dockerfile", tmp_path)
    return found.how(path)


@pytest.mark.parametrize(
    ("instruction", "path", "expected"),
    [
        ("COPY . .", "a/b.py", "with its folder"),
        ("COPY / /", "b.py", "with its folder"),
        ("ADD ./ /", "b.py", "with its folder"),
        ("COPY src/ .", "src/deep/b.py", "with its folder"),
        ("COPY /src .", "src/b.py", "with its folder"),
        ("COPY src .", "srcs/b.py", None),
        ("COPY app.py ./", "app.py", "named"),
        ("COPY ./app.py requirements.txt ./", "requirements.txt", "named"),
        ("COPY app.py ./", "other/app.py", None),
        ("COPY *.py ./", "app.py", "named"),
        ("COPY *.py ./", "src/app.py", None),
        ("COPY package*.json ./", "package.json", "named"),
        ("COPY package?.json ./", "package.json", None),
        ("COPY [a-c]x ./", "bx", "named"),
        ("COPY [^a-c]x ./", "bx", None),
        ("COPY [*]x ./", "bx", None),
        ("COPY [*]x ./", "*x", "named"),
        ("COPY s*c ./", "src/app.py", "with its folder"),
        ('COPY ["a b.py", "./"]', "a b.py", "named"),
        ("COPY --from=x . .", "a.py", None),
        ("COPY --link --chown=1 a.py .", "a.py", "named"),
        ("COPY --exclude=*.md . .", "a.md", None),
        ("COPY --exclude=*.md . .", "a.py", "with its folder"),
        ("COPY --exclude=docs . .", "docs/a.py", None),
        ("COPY ./src/./app.py .", "src/app.py", "named"),
        ("ADD https://x.example/a.py /", "a.py", None),
        ("COPY <<a.py /b\nx\na.py", "a.py", None),
        ("RUN --mount=type=bind,source=go.mod,target=/m x", "go.mod", "named"),
        ("RUN --mount=src=go.mod,target=/m x", "go.mod", "named"),
        ("RUN --mount=target=/m x", "a/b.go", "with its folder"),
        ("RUN --mount=type=bind,from=x,source=go.mod,target=/m x", "go.mod", None),
        ("RUN --mount=type=cache,source=go.mod,target=/m x", "go.mod", None),
        ("ARG D=src\nCOPY $D/ .", "src/a.py", "with its folder"),
        ("ARG BASE\nCOPY $BASE.py .", "main.py", "named"),
        ("ENV D=src E=x\nCOPY ${D}/a.py .", "src/a.py", "named"),
        ("COPY ${} .", "a.py", None),
        ("LABEL a.py=b", "a.py", None),
    ],
)
def test_sources_of_copies_are_understood(tmp_path: Path, instruction: str, path: str, expected: str | None) -> None:
    assert how(tmp_path, f"ARG BASE=main\nFROM a AS x\nFROM b\n{instruction}\n", path) == expected


def test_named_counts_more_than_copied_with_its_folder(tmp_path: Path) -> None:
    assert how(tmp_path, "FROM a\nCOPY . .\nCOPY a.py b/\n", "a.py") == "named"


def test_stages_that_are_not_built_copy_nothing(tmp_path: Path) -> None:
    dockerfile = "FROM a AS used\nCOPY a.py .\nFROM b AS skipped\nCOPY . .\nFROM c\nCOPY --from=used /a.py .\n"
    assert how(tmp_path, dockerfile, "a.py") == "named"
    assert how(tmp_path, dockerfile, "b.py") is None


@pytest.mark.parametrize(
    ("ignore", "path", "is_copied"),
    [
        ("", "a.py", True),
        ("a.py", "a.py", False),
        ("/a.py\n", "a.py", False),
        ("a.py", "src/a.py", True),
        ("*.py", "src/a.py", True),
        ("**/*.py", "src/deep/a.py", False),
        ("**/*.py", "a.py", False),
        ("src", "src/a.py", False),
        ("src/", "src/a.py", False),
        ("src/**", "src/deep/a.py", False),
        ("  src  \r\n", "src/a.py", False),
        ("# a.py\n", "a.py", True),
        ("*\n!src\n", "src/a.py", True),
        ("*\n!src\n", "a.py", False),
        ("*\n!src\nsrc/a.py\n", "src/a.py", False),
        ("\n.\n!\n", "a.py", True),
        ("src/[ab].py", "src/b.py", False),
        ("[", "a.py", True),
        ("[z-a]", "a.py", True),
    ],
)
def test_ignored_files_are_not_copied(tmp_path: Path, ignore: str, path: str, is_copied: bool) -> None:
    assert (how(tmp_path, "FROM a\nCOPY . .\n", path, ignore) is not None) is is_copied


def test_a_dockerfiles_own_ignore_file_stands_in_for_the_contexts(tmp_path: Path) -> None:
    assert how(tmp_path, "FROM a\nCOPY . .\n", "a.py", ignore="a.py", own_ignore="b.py") == "with its folder"
    assert how(tmp_path, "FROM a\nCOPY . .\n", "b.py", ignore="a.py", own_ignore="b.py") is None


def test_files_near_the_top_come_first_and_what_nobody_edits_is_left_out(tmp_path: Path) -> None:
    for path in (
        "z.py", "a/b/c.py", "a/a.py", ".git/config", ".env", "node_modules/x.js", "a/node_modules/y.js",
        "env/pyvenv.cfg", "env/lib.py", "target/debug.rs", "with space.py",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "link.py").symlink_to("z.py")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "bad\udcff.py").write_text("")
    (tmp_path / "bad\n.py").write_text("")
    assert context_files(tmp_path) == [".env", "with space.py", "z.py", "a/a.py", "a/b/c.py"]


def test_a_huge_context_is_looked_at_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / f"{number}.py").write_text("")
    monkeypatch.setattr(copied, "_MOST_FILES", 3)
    assert context_files(tmp_path) == ["0.py", "1.py", "2.py"]
