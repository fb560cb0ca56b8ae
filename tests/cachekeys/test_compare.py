"""Which steps miss, and why: the table of what misses, and the places where several things change at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from layerbench.cachekeys.compare import compare_builds
from layerbench.cachekeys.models import BuildInputs
from layerbench.context.models import Entry, Fingerprint
from tests.cachekeys.projects import build, causes, fingerprint, outcomes

SIMPLE = "FROM base:1\nARG V=1\nWORKDIR /w\nCOPY src/*.py ./\nRUN make\nCOPY a.txt ./\n"
WORKDIR, SOURCES, MAKE, LAST = "WORKDIR /w", "COPY src/*.py ./", "RUN make", "COPY a.txt ./"
STAGES = "FROM base:1 AS b\nCOPY a.txt /\nRUN make\nCOPY b.txt /out/\nFROM base:1\nCOPY --from=b {path} /x\nRUN use\n"


@pytest.mark.parametrize(
    ("new", "ran"),
    [
        (build(SIMPLE), []),
        (build(SIMPLE, {"src/x.py": "new"}), [SOURCES, MAKE, LAST]),
        (build(SIMPLE, {"src/new.py": "new"}), [SOURCES, MAKE, LAST]),
        (build(SIMPLE, {"src/y.md": "new"}), []),
        (build(SIMPLE, {"a.txt": "new"}), [LAST]),
        (build("# why\n" + SIMPLE.replace("RUN make", "RUN   make")), []),
        (build(SIMPLE + 'LABEL x=1\nCMD ["y"]\nEXPOSE 80\n'), []),
        (build(SIMPLE, build_args={"V": "2"}), [MAKE, LAST]),
        (build(SIMPLE, build_args={"OTHER": "2", "HTTP_PROXY": "x"}), []),
        (build(SIMPLE.replace("V=1", "V=2")), [MAKE, LAST]),
        (build(SIMPLE, network="none"), [MAKE, LAST]),
        (build(SIMPLE, add_hosts={"h": "1"}), [MAKE, LAST]),
        (build(SIMPLE, extra_args=("--shm-size", "1g")), [MAKE, LAST]),
        (build(SIMPLE, build_args={"SOURCE_DATE_EPOCH": "1"}), [WORKDIR, SOURCES, MAKE, LAST]),
        (build(SIMPLE.replace("base:1", "other:1")), [WORKDIR, SOURCES, MAKE, LAST]),
        (build(SIMPLE.replace("FROM", "FROM --platform=linux/arm64")), [WORKDIR, SOURCES, MAKE, LAST]),
    ],
)
def test_what_misses(new: BuildInputs, ran: list[str]) -> None:
    found = outcomes(build(SIMPLE), new)
    assert [name for name, outcome in found.items() if outcome == "ran"] == ran
    assert set(found.values()) <= {"ran", "hit"}


def test_the_date_is_in_the_key_of_a_workdir_alone() -> None:
    text = "FROM base:1\nCOPY a.txt /\nRUN make\nWORKDIR /w\n"
    found = outcomes(build(text), build(text, build_args={"SOURCE_DATE_EPOCH": "1"}))
    assert found == {"COPY a.txt /": "hit", "RUN make": "hit", "WORKDIR /w": "ran"}


@pytest.mark.parametrize(
    ("old", "new", "misses"),
    [
        ("type=cache,target=/c", "type=cache,target=/c,sharing=locked", True),
        ("type=cache,target=/c,id=x", "type=cache,target=/c,id=y,sharing=locked", False),
        ("type=cache,target=/c", "type=cache,target=/d", True),
        ("type=secret,id=x", "type=secret,id=x,required", True),
        ("type=bind,source=src,target=/m", "type=bind,source=./src/,target=/m", False),
        ("type=bind,source=src,target=/m", "type=bind,source=src,target=/m,rw", True),
        ("type=bind,source=src,target=/m", "type=bind,source=data,target=/m", True),
        ("type=tmpfs,target=/m", "type=tmpfs,target=/m,size=1k", True),
    ],
)
def test_mounts(old: str, new: str, misses: bool) -> None:
    text = "FROM base:1\nRUN --mount={} make\n"
    found = outcomes(build(text.format(old)), build(text.format(new)))
    assert list(found.values()) == ["ran" if misses else "hit"]


def test_a_mount_is_compared_by_what_is_in_it() -> None:
    text = "FROM base:1\nRUN --mount=source=src,target=/m make\n"
    assert causes(compare_builds(build(text), build(text, {"src/x.py": "new"}))) == {
        "RUN --mount=source=src,target=/m make": ("files", 2, "src/x.py changed (content)")
    }
    assert list(outcomes(build(text), build(text, {"a.txt": "new"})).values()) == ["hit"]


@pytest.mark.parametrize(
    ("path", "edit", "outcome", "kind"),
    [
        ("/out", {"a.txt": "new"}, "ran?", "stage-output"),
        ("/made", {"a.txt": "new"}, "ran?", "stage-output"),
        ("/out/b.txt", {"a.txt": "new"}, "hit", None),
        ("/out/b.txt", {"b.txt": "new"}, "ran", "stage-output"),
        ("/made", {"b.txt": "new"}, "hit", None),
    ],
)
def test_a_copy_of_a_stage_is_compared_by_what_it_selects(
    path: str, edit: dict[str, str], outcome: str, kind: str | None
) -> None:
    text = STAGES.format(path=path)
    comparison = compare_builds(build(text), build(text, edit))
    copy = f"COPY --from=b {path} /x"
    assert outcomes(build(text), build(text, edit))[copy] == outcome
    found = causes(comparison)
    assert (found[copy][0] if copy in found else None) == kind
    if kind is not None:
        changed = 2 if "a.txt" in edit else 4
        assert found[copy][1] == found["RUN use"][1] == changed


def test_what_really_happened_decides_what_hung_on_a_run() -> None:
    text = STAGES.format(path="/made")
    old, new = build(text), build(text, {"a.txt": "new"})
    hit = compare_builds(old, new, {4: "hit", 5: "hit"})
    assert [(step.outcome, step.certainty) for step in hit.steps[4:]] == [("hit", "derived"), ("hit", "derived")]
    assert hit.steps[4].reason == "what it takes from b is the same, though COPY b.txt /out/ ran"
    ran = compare_builds(old, new, {4: "ran", 5: "ran"})
    assert [(step.outcome, step.certainty) for step in ran.steps[4:]] == [("ran", "derived"), ("ran", "derived")]


def test_a_step_that_ran_without_need_is_not_explained_wrongly() -> None:
    found = compare_builds(build(SIMPLE), build(SIMPLE), {3: "ran"})
    assert found.steps[3].cause is not None
    assert (found.steps[3].cause.kind, found.steps[3].certainty) == ("unknown", "unknown")


def test_a_linked_copy_runs_its_link_alone() -> None:
    text = "FROM base:1\nRUN {}\nCOPY --link a.txt /\n"
    found = causes(compare_builds(build(text.format("1")), build(text.format("2"))))
    assert found["COPY --link a.txt /"] == (
        "parent",
        2,
        "RUN 2 above it ran; what it copies hit, only its link was made anew",
    )


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("RUN a b c", "RUN a d c", ("instruction", 3, "the instruction changed: `b` is now `d`")),
        ("RUN a", "RUN a --no-cache", ("instruction", 3, "the instruction changed: `--no-cache` was added")),
        ("RUN a  b", "RUN a b", ("instruction", 3, "its white space changed")),
        ("RUN --network=host a", "RUN --network=none a", ("instruction", 3, "--network was host, is none")),
        ("ENV E=1\nRUN a", "ENV E=2\nRUN a", ("instruction", 4, "ENV E was 1, is 2")),
        ("RUN a", "ENV E=2\nRUN a", ("instruction", 4, "ENV E is new (2)")),
        ("USER u\nRUN a", "RUN a", ("instruction", 3, "USER is gone (it was u)")),
        ("COPY --chmod=600 a.txt /", "COPY --chmod=644 a.txt /", ("instruction", 3, "--chmod was 600, is 644")),
        ("COPY --link a.txt /", "COPY a.txt /", ("instruction", 3, "the instruction changed: `--link` was removed")),
        ("COPY a.txt /x", "COPY a.txt /y", ("instruction", 3, "the instruction changed: `/x` is now `/y`")),
        ("COPY <<E /x\n1\nE", "COPY <<E /x\n2\nE", ("instruction", 3, "the document E in it changed")),
        ("ARG D=src\nCOPY $D /x", "ARG D=data\nCOPY $D /x", ("files", 4, "")),
    ],
)
def test_the_word_that_made_the_difference(old: str, new: str, cause: tuple[str, int, str]) -> None:
    text = "FROM base:1\nWORKDIR /w\n{}\n"
    [found] = causes(compare_builds(build(text.format(old)), build(text.format(new)))).values()
    assert found[:2] == cause[:2]
    assert found[2] == cause[2] or cause[0] == "files"


def test_options_of_the_invocation_are_called_so() -> None:
    text = "FROM base:1\nARG V\nRUN a\n"
    [found] = causes(compare_builds(build(text, build_args={"V": "1"}), build(text, build_args={"V": "2"}))).values()
    assert found == ("option", 3, "build argument V was 1, is 2")
    [found] = causes(compare_builds(build(text), build(text, network="host"))).values()
    assert found == ("option", 3, "--network is new (host)")


def test_a_new_and_a_removed_step() -> None:
    two = "FROM base:1\nRUN a\nRUN b\nRUN c\n"
    one = "FROM base:1\nRUN a\nRUN c\n"
    assert causes(compare_builds(build(one), build(two))) == {
        "RUN b": ("instruction", 3, "the instruction is new"),
        "RUN c": ("parent", 3, "RUN b above it ran"),
    }
    assert causes(compare_builds(build(two), build(one))) == {
        "RUN c": ("instruction", 3, "it builds on RUN a, and built on RUN b before")
    }


def test_another_digest_of_the_base() -> None:
    old = build("FROM base:1\nRUN a\n")
    new = BuildInputs(old.dockerfile, old.invocation, old.contexts, {"base:1": "sha256:9"})
    assert causes(compare_builds(old, new)) == {"RUN a": ("base", 2, "the base was sha256:1, is sha256:9")}


def test_a_folder_as_base_is_new_in_every_build() -> None:
    text = "FROM own\nCOPY a.txt /\nRUN make\n"
    inputs = replace(build(text), contexts={**build(text).contexts, "own": fingerprint({"x": "1"})})
    assert causes(compare_builds(inputs, inputs)) == {
        "COPY a.txt /": ("base", 2, "its base is the folder own, which is new to BuildKit in every build"),
        "RUN make": ("parent", 2, "COPY a.txt / above it ran"),
    }


def test_a_renamed_file_is_told_by_both_names() -> None:
    text = "FROM base:1\nCOPY . /\n"
    old = BuildInputs(text, build(text).invocation, {"": fingerprint({"old": "same"})})
    new = BuildInputs(text, build(text).invocation, {"": fingerprint({"new": "same"})})
    assert causes(compare_builds(old, new))["COPY . /"] == ("files", 2, "old was renamed to new")


def test_the_mode_of_a_folder_may_not_be_looked_at() -> None:
    text = "FROM base:1\nCOPY src /x/\n"
    old = build(text)
    entries = {**old.contexts[""].entries, "src": Entry("folder", 0o700)}
    new = replace(old, contexts={"": Fingerprint(entries)})
    [ran] = compare_builds(old, new).steps[1:]
    assert ran.cause is not None
    assert (ran.outcome, ran.certainty, ran.cause.text) == ("ran", "unknown", "src changed (mode)")
    [hit] = compare_builds(old, new, {1: "hit"}).steps[1:]
    assert (hit.outcome, hit.certainty) == ("hit", "derived")
    assert hit.reason == "src changed (mode): BuildKit does not compare it in a context that it was sent before"
    [really] = compare_builds(old, new, {1: "ran"}).steps[1:]
    assert really.cause is not None
    assert (really.certainty, really.cause.kind) == ("derived", "files")


def test_reasons_of_hits() -> None:
    text = "FROM base:1\nLABEL a=1\nCOPY a.txt /\n"
    [hit] = compare_builds(build(text), build(text, {"b.txt": "new"})).steps[1:]
    assert hit.reason == "b.txt changed (content), which it does not select"
    [hit] = compare_builds(build(text), build(text.replace("a=1", "a=2"))).steps[1:]
    assert hit.reason == "LABEL a=2 above it is new or changed, which a COPY does not see"
    [hit] = compare_builds(build(text), build("# c\n" + text)).steps[1:]
    assert hit.reason == "nothing but comments or empty lines of the Dockerfile changed"
    [hit] = compare_builds(build(text), build(text)).steps[1:]
    assert hit.reason is None


@pytest.mark.parametrize(
    "first", ["COPY a.txt /usr/bin", "RUN make\nCOPY a.txt /usr/bin", "COPY src /bin/\nCOPY a.txt /bin"]
)
def test_a_file_copied_to_what_may_be_a_folder_is_looked_for_in_it(first: str) -> None:
    folder, certain = ("/bin", "ran") if "/bin/" in first else ("/usr/bin", "ran?")
    text = f"FROM base:1 AS b\n{first}\nFROM base:1\nCOPY --from=b {folder}/a.txt /e\nRUN use\n"
    ran = outcomes(build(text), build(text, {"a.txt": "new"}))
    assert ran[f"COPY --from=b {folder}/a.txt /e"] == certain
    assert ran["RUN use"] == certain
