"""Where files come to lie, and what a COPY of a stage selects of them."""

from __future__ import annotations

import pytest

from layerbench.cachekeys.planning import plan_steps
from tests.cachekeys.projects import build


@pytest.mark.parametrize(
    ("stage", "path", "files"),
    [
        ("COPY a.txt /x", "/x", ["x"]),
        ("COPY a.txt /x/", "/x/a.txt", ["x/a.txt"]),
        ("COPY a.txt b.txt /x", "/x/b.txt", ["x/b.txt"]),
        ("COPY src /x", "/x/x.py", ["x/x.py"]),
        ("COPY src/*.py /x/", "/x/*.py", ["x/x.py"]),
        ("COPY --exclude=*.md src /x", "/x/x.py", ["x/x.py"]),
        ("WORKDIR /w\nCOPY a.txt .", "/w/a.txt", ["w/a.txt"]),
        ("WORKDIR /w\nCOPY a.txt b", "/w/b", ["w/b"]),
        ("COPY a.txt /x/\nCOPY b.txt /x/a.txt", "/x/a.txt", ["x/a.txt"]),
        ("COPY <<note /x/\ntext\nnote", "/x/note", ["x/note"]),
    ],
)
def test_known_files(stage: str, path: str, files: list[str]) -> None:
    text = f"FROM base:1 AS s\nRUN before\n{stage}\nFROM base:1\nCOPY --from=s {path} /\n"
    [content] = plan_steps(build(text)).steps[-1].contents
    assert list(content.content.entries) == files
    if "*" not in path:
        assert content.content.opaque == ()


@pytest.mark.parametrize(
    ("stage", "path"),
    [
        ("RUN make", "/x"),
        ("COPY a.txt /x\nRUN make", "/x"),
        ("COPY a.txt x", "/x"),
        ("ADD a.tar /x/", "/x/a.tar"),
        ("ADD https://example.org/x /x", "/x"),
        ("COPY --parents src/x.py /x/", "/x/src/x.py"),
        ("COPY --chmod=u+x a.txt /x", "/x"),
        ("COPY a.txt /x/", "/x"),
    ],
)
def test_what_is_not_known_file_by_file_is_said_so(stage: str, path: str) -> None:
    text = f"FROM base:1 AS s\n{stage}\nFROM base:1\nCOPY --from=s {path} /\n"
    [content] = plan_steps(build(text, {"a.tar": "t"})).steps[-1].contents
    assert content.content.opaque


def test_chmod_and_chown_are_part_of_what_a_copy_of_a_stage_sees() -> None:
    text = "FROM base:1 AS s\nCOPY {} a.txt /x\nFROM base:1\nCOPY --from=s /x /\n"
    digests = {
        plan_steps(build(text.format(flags))).steps[-1].contents[0].content.digest
        for flags in ("", "--chmod=755", "--chown=1:1")
    }
    assert len(digests) == 3


def test_a_link_on_the_way_makes_all_of_a_stage_count() -> None:
    from dataclasses import replace

    from layerbench.context.models import Entry, Fingerprint

    inputs = build("FROM base:1 AS s\nCOPY src /x\nFROM base:1\nCOPY --from=s /x/link/file /\n")
    entries = {**inputs.contexts[""].entries, "src/link": Entry("link", 0o777, target="elsewhere")}
    [content] = plan_steps(replace(inputs, contexts={"": Fingerprint(entries)})).steps[-1].contents
    assert any(opaque.kind == "place" for opaque in content.content.opaque)
