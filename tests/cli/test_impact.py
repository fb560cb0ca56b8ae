"""`layerbench impact` on scratch repositories: stages, links, named contexts, submodules, and what is not counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from layerbench.cli.impact import impact
from layerbench.cli.predict import predict
from tests.repository.scratch import Scratch

NAMED = """name = "n"
[variants.v]
dockerfile = "Dockerfile"
context = "app"
build_contexts = { cfg = "cfg", whole = "." }
"""
TAKES_NAMED = """FROM alpine
COPY --from=cfg settings.toml /etc/
RUN configure
COPY . /app
RUN --mount=from=whole,source=tool.sh,target=/t sh /t
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    made = Scratch.new(tmp_path / "project")
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return made


@pytest.fixture
def named(scratch: Scratch) -> Scratch:
    """A bench with two named contexts; one of them holds all."""
    for name, text in {
        "layerbench.toml": NAMED,
        "Dockerfile": TAKES_NAMED,
        "app/main.py": "1",
        "app/.dockerignore": ".dockerignore\n",
        "cfg/settings.toml": "1",
        "cfg/.dockerignore": "secret\n",
        "cfg/secret": "1",
        "tool.sh": "1",
    }.items():
        scratch.write(name, text)
    scratch.commit()
    return scratch


def called(command: Any, *arguments: str) -> str:
    done = CliRunner().invoke(command, [*arguments], standalone_mode=False)
    assert (done.exception, done.stderr) == (None, "")
    return done.stdout


def only(*arguments: str) -> dict[str, Any]:
    """The one variant."""
    [found] = json.loads(called(impact, *arguments, "--json"))["variants"]
    assert isinstance(found, dict)
    return found


def rows(found: dict[str, Any]) -> dict[str, list[str]]:
    """The instructions that run again, by folder or file."""
    return {
        group["path"]: [step["instruction"] for step in row["steps"]]
        for row in found["files"]
        for group in row["groups"]
    }


def predicted(*arguments: str) -> list[str]:
    steps = json.loads(called(predict, *arguments, "--json"))["steps"]
    return [step["instruction"] for step in steps if step["outcome"] == "ran"]


def test_files_of_named_contexts_have_rows_of_their_own(named: Scratch) -> None:
    found = rows(only())
    takes = ["RUN --mount=from=whole,source=tool.sh,target=/t sh /t"]
    copies = ["COPY . /app", *takes]
    assert found["../cfg/settings.toml"] == ["COPY --from=cfg settings.toml /etc/", "RUN configure", *copies]
    assert found["../tool.sh"] == takes
    assert found["./"] == copies  # in two contexts, and told of once
    assert "../app/main.py" not in found
    assert found["../app/"] == []  # what `whole` has of it, and `app` has not
    assert found["../cfg/secret"] == []  # `cfg` ignores it, `whole` does not
    for path, file in {
        "../cfg/settings.toml": "cfg/settings.toml",
        "../tool.sh": "tool.sh",
        "./": "app/main.py",
    }.items():
        assert found[path] == predicted("--edit", file)


def test_files_of_named_contexts_in_a_table(named: Scratch) -> None:
    shown = called(impact)
    assert "../cfg/settings.toml" in shown
    assert "../tool.sh" in shown


def test_commits_count_what_they_change_in_named_contexts(named: Scratch) -> None:
    named.write("cfg/settings.toml", "2")
    named.commit()
    named.write("tool.sh", "2")
    named.commit()
    named.write("cfg/secret", "2")
    named.commit()
    found = only("--git", "3")["commits"]
    assert (found["commits"], found["touching"]) == (3, 2)
    assert {one["path"] for one in found["worst_files"]} == {"../cfg/settings.toml", "../tool.sh"}


def test_commits_of_a_context_in_another_place_are_told_of(named: Scratch, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (away / "settings.toml").write_text("1")
    named.write("layerbench.toml", NAMED.replace('"cfg"', f'"{away}"'))
    found = only("--git", "1")
    assert rows(found)["../../away/"] == predicted("--edit", str(away / "settings.toml"))
    assert found["notes"][-1] == (
        f'the context "cfg" ({away}) is outside of {named.top}: what changed it is not counted'
    )


def test_commits_outside_of_all_contexts_run_nothing(scratch: Scratch) -> None:
    scratch.write("app/Dockerfile", "FROM scratch\nCOPY . .\n")
    scratch.commit()
    scratch.write("elsewhere/app/Dockerfile", "1")
    scratch.commit()
    found = only("--git", "1", "app")["commits"]
    assert (found["commits"], found["touching"]) == (1, 0)


def test_files_that_a_later_stage_takes_apart(scratch: Scratch) -> None:
    scratch.write("Dockerfile", "FROM alpine AS s\nCOPY V /s\nFROM nginx\nCOPY --from=s /s/site /h\nRUN q\n")
    scratch.write("V/aa", "1")
    scratch.write("V/site/i", "1")
    found = rows(only())
    assert found["V/aa"] == predicted("--edit", "V/aa") == ["COPY V /s"]
    assert found["V/site/"] == predicted("--edit", "V/site/i") == ["COPY V /s", "COPY --from=s /s/site /h", "RUN q"]


def test_what_a_link_leads_to(scratch: Scratch) -> None:
    scratch.write("Dockerfile", "FROM alpine\nCOPY link.txt /\nRUN q\n")
    scratch.write("real.txt", "1")
    (scratch.top / "link.txt").symlink_to("real.txt")
    found = rows(only())
    assert found["real.txt"] == found["link.txt"] == predicted("--edit", "real.txt") == ["COPY link.txt /", "RUN q"]
    scratch.commit()
    scratch.write("real.txt", "2")
    scratch.commit()
    assert only("--git", "1")["commits"]["touching"] == 1


def test_an_edited_link_leads_to_something_else_and_lets_no_build_fail(scratch: Scratch) -> None:
    scratch.write("Dockerfile", "FROM alpine\nCOPY link.txt /\n")
    scratch.write("real.txt", "1")
    (scratch.top / "link.txt").symlink_to("real.txt")
    assert [note for note in only()["notes"] if "fail" in note] == []
    scratch.write("Dockerfile", "FROM alpine\nCOPY gone.txt /\n")
    assert [note for note in only()["notes"] if "fail" in note] == [
        "the build will fail at line 2: gone.txt is not in the context"
    ]


@pytest.mark.parametrize(
    ("ignore_file", "other"), [("my.Dockerfile.dockerignore", ".dockerignore"), (".dockerignore", "x.dockerignore")]
)
def test_the_ignore_file_that_counts_is_told_of(scratch: Scratch, ignore_file: str, other: str) -> None:
    scratch.write("my.Dockerfile", "FROM scratch\nCOPY . .\n")
    scratch.write(ignore_file, "*.md\n")
    scratch.write(other, "*.md\n")
    scratch.commit()
    scratch.write(ignore_file, "*.txt\n")
    scratch.commit()
    scratch.write(other, "*.txt\n")
    scratch.commit()
    [told] = [one for one in only("--git", "2", "-f", "my.Dockerfile")["notes"] if "changed" in one]
    assert told == f"{ignore_file} was changed by 1 commit: what the new text ran again is not counted"


def test_a_dockerfile_outside_of_the_context_is_told_of(scratch: Scratch) -> None:
    scratch.write("layerbench.toml", 'name = "n"\n[variants.v]\ndockerfile = "docker/Dockerfile"\ncontext = "app"\n')
    scratch.write("docker/Dockerfile", "FROM scratch\nCOPY . .\n")
    scratch.write("docker/Dockerfile.dockerignore", "*.md\n")
    scratch.write("app/main.py", "1")
    scratch.commit()
    scratch.write("docker/Dockerfile", "FROM scratch\nCOPY . /\n")
    scratch.write("docker/Dockerfile.dockerignore", "*.txt\n")
    scratch.commit()
    scratch.write("docker/Dockerfile", "FROM scratch\nCOPY . /app\n")
    scratch.commit()
    found = only("--git", "2")
    assert found["notes"][-1] == (
        "docker/Dockerfile was changed by 2 commits and docker/Dockerfile.dockerignore was changed by 1 commit: what "
        "the new text ran again is not counted"
    )
    assert found["commits"]["touching"] == 0


@pytest.fixture
def library(scratch: Scratch, tmp_path: Path) -> Scratch:
    """A repository that the first one has as a submodule below `app`."""
    made = Scratch.new(tmp_path / "library")
    made.write("used/lib.py", "1")
    made.write("unused/x.py", "1")
    made.commit()
    scratch.write("app/Dockerfile", "FROM alpine\nCOPY main.py /\nRUN q\nCOPY lib/used /lib\n")
    scratch.write("app/main.py", "1")
    scratch.git("submodule", "--quiet", "add", str(made.top), "app/lib")
    scratch.commit()
    return made


def take_in(scratch: Scratch, library: Scratch) -> None:
    """Another commit of the library, taken in by a commit."""
    library.write("used/lib.py", "2")
    library.commit()
    scratch.git("-C", "app/lib", "pull", "--quiet")
    scratch.commit()


def test_another_commit_of_a_submodule_is_an_edit_of_all_its_files(scratch: Scratch, library: Scratch) -> None:
    take_in(scratch, library)
    found = only("--git", "1", "app")["commits"]
    assert (found["touching"], found["worst_files"]) == (1, [{"path": "lib/", "commits": 1}])
    scratch.write("app/Dockerfile", "FROM alpine\nCOPY main.py /\n")
    assert only("--git", "1", "app")["commits"]["touching"] == 0


def test_a_context_in_a_submodule(scratch: Scratch, library: Scratch) -> None:
    bench = NAMED.replace('"Dockerfile"', '"app/Dockerfile"').replace(
        'cfg = "cfg", whole = "."', 'cfg = "app/lib/used"'
    )
    scratch.write("layerbench.toml", bench)
    scratch.write("app/Dockerfile", "FROM alpine\nCOPY --from=cfg lib.py /\n")
    take_in(scratch, library)
    found = only("--git", "1")["commits"]
    assert (found["touching"], found["worst_files"]) == (1, [{"path": "lib/", "commits": 1}])


def test_a_submodule_that_is_gone_counts_for_the_commit_that_changed_it(scratch: Scratch, library: Scratch) -> None:
    scratch.write("app/Dockerfile", "FROM alpine\nCOPY . /\n")
    scratch.git("rm", "--quiet", "-f", "app/lib")
    scratch.commit()
    assert only("--git", "1", "app")["commits"]["touching"] == 1
