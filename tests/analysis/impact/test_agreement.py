"""What is said of each file is what `layerbench predict --edit` says of it, whatever the Dockerfile."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.impact.models import Effect
from layerbench.analysis.predict.foresee import foresee
from layerbench.config.models import Variant
from layerbench.foresight.edits import edit_files
from layerbench.foresight.impact import impact_of
from layerbench.foresight.sources import Source, SourceReader
from tests.generator.case import File, Link, Node, Project, Site
from tests.generator.generate import generate

STAGES = """FROM alpine AS s
COPY . /s
FROM nginx
COPY --from=s /s/site /h
RUN q
"""
NODES: dict[str, Node] = {
    "real.txt": File("1"),
    "other.txt": File("2"),
    "link.txt": Link("real.txt"),
    "chain.txt": Link("near/../link.txt"),
    "dir/one/a": File("3"),
    "dir/one/b": File("4"),
    "dir/inner": Link("one/a"),
    "near": Link("/dir"),
    "gone": Link("nowhere"),
    "site/i": File("5"),
}
DOCKERFILES = {
    "a folder of a stage": STAGES,
    "a stage that is mounted": (
        "FROM a AS s\nCOPY . /s\nFROM b\nRUN --mount=from=s,source=/s/site,target=/m x\n"
        "RUN --mount=from=s,target=/m y\n"
    ),
    "a stage of a stage": (
        "FROM a AS s\nCOPY . /s\nFROM a AS t\nCOPY --from=s --chmod=700 /s/dir /t\nFROM b\nCOPY --from=t /t/one/a /\n"
    ),
    "what a RUN left": "FROM a AS s\nCOPY site /s\nRUN make\nFROM b\nCOPY other.txt /\nCOPY --from=s /o /o\n",
    "an archive and another file": "FROM a AS s\nADD . /s\nFROM b\nCOPY --from=s /s/site /h\nCOPY dir /d\n",
    "a link": "FROM a\nCOPY link.txt /\nRUN q\nCOPY other.txt /\n",
    "a link to a link": "FROM a\nCOPY chain.txt other.txt /c/\nRUN q\n",
    "a linked folder": "FROM a\nCOPY near /d/\nRUN q\nCOPY near/one/b /b\n",
    "a link into a stage": "FROM a AS s\nCOPY link.txt near/one/b /s/\nFROM b\nCOPY --from=s /s/link.txt /\nRUN q\n",
    "links by a pattern": "FROM a\nCOPY *.txt /d/\nRUN q\nCOPY ne*/one/a /e/\n",
    "links of a stage by a pattern": (
        "FROM a AS s\nCOPY . /s/\nFROM b\nCOPY --from=s /s/l* /d/\nCOPY --from=s /s/n* /e/\nRUN q\n"
        "COPY --from=s /s/dir/i* /f/\nRUN q\nCOPY --from=s --exclude=*.txt /s /g/\n"
    ),
    "a part of a stage with links": (
        "FROM a AS s\nCOPY . /s/\nFROM b\nCOPY --from=s --parents /s/./near/one /s/./chain.txt /d/\nRUN q\n"
    ),
    "links that are taken as they are": "FROM a AS s\nCOPY . /s/\nFROM b\nCOPY --from=s /s/near /d\nCOPY dir /f\n",
    "with the folders above": "FROM a\nCOPY --parents near/one/a link.txt /d/\nRUN q\n",
    "without some": "FROM a\nCOPY --exclude=*.txt . /d/\nRUN --mount=type=bind,source=link.txt,target=/m q\n",
    "a link that leads nowhere": "FROM a\nCOPY g* real.txt /d/\nRUN q\n",
    "a covered file": "FROM a AS s\nCOPY other.txt /o/x\nCOPY link.txt /o/x\nFROM b\nCOPY --from=s /o/x /x\nRUN q\n",
}


def source_of(project: Project, folder: Path) -> Source:
    site = Site(folder / "context", project, "nonce")
    variant = Variant(
        "v", site.dockerfile, site.context, project.target, project.build_args, extra_args=project.extra_args
    )
    return SourceReader(lambda _: None).read(variant)


def impact_by_file(source: Source) -> dict[str, tuple[StepName, ...]]:
    """The steps of each file's row."""
    paths = [path for path, entry in source.inputs.contexts[""].entries.items() if entry.kind != "folder"]
    effects = impact_of(source, lambda *_: None, None).effects
    assert sum(effect.file_count for effect in effects) == len(paths)
    return {path: row_of(path, effects).steps for path in paths}


def row_of(path: str, effects: tuple[Effect, ...]) -> Effect:
    [found] = [
        effect
        for effect in effects
        if any(group.path in (path, "./") or (group.path[-1] == "/" and path.startswith(group.path))
               for group in effect.groups)
    ]  # fmt: skip
    return found


def predicted(source: Source, path: str) -> tuple[StepName, ...]:
    [change] = edit_files([source], [source.folders[""] / path])
    return tuple(one.step for one in foresee(change.before, change.after) if one.outcome == "ran")


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values(), ids=DOCKERFILES.keys())
def test_each_kind_of_reading(dockerfile: str, tmp_path: Path) -> None:
    source = source_of(Project(dockerfile, NODES), tmp_path)
    found = impact_by_file(source)
    assert found == {path: predicted(source, path) for path in found}


@pytest.mark.parametrize("seed", range(60))
def test_generated_builds(seed: int, tmp_path: Path) -> None:
    source = source_of(generate(seed).before, tmp_path)
    found = impact_by_file(source)
    assert found == {path: predicted(source, path) for path in found}


def test_files_that_a_later_stage_takes_apart(tmp_path: Path) -> None:
    source = source_of(Project(STAGES, {"V/aa": File("1"), "site/i": File("1")}), tmp_path)
    found = {path: [step.instruction for step in steps] for path, steps in impact_by_file(source).items()}
    assert found == {"V/aa": ["COPY . /s"], "site/i": ["COPY . /s", "COPY --from=s /s/site /h", "RUN q"]}


def test_what_a_link_leads_to_is_read(tmp_path: Path) -> None:
    source = source_of(Project(DOCKERFILES["a link"], NODES), tmp_path)
    found = {path: len(steps) for path, steps in impact_by_file(source).items()}
    assert {path: found[path] for path in ("link.txt", "real.txt", "other.txt", "site/i")} == {
        "link.txt": 3, "real.txt": 3, "other.txt": 1, "site/i": 0,
    }  # fmt: skip
