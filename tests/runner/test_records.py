"""Result records of real builds, decoded from recorded streams; whole builds: tests/e2e/test_run.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.buildx.process import FinishedBuild
from layerbench.config.models import COLD, WARM, Append, BenchFile, Chmod, Patch, Run, Scenario, Secret, Variant
from layerbench.image import HistoryEntry, SavedImage, SavedLayer
from layerbench.runner.images import exported_digests
from layerbench.runner.records import (
    bench_record,
    context_bytes,
    error_record,
    export_seconds,
    image_record,
    step_records,
)
from tests.buildx.cases import ENGINES, NEW, OLD
from tests.buildx.streams import decoded


def finished(engine: str, name: str, exit_code: int = 0, *, timed_out: bool = False) -> FinishedBuild:
    found = decoded(engine, name)
    return FinishedBuild(found.trace, found.text, exit_code, 1.5, timed_out)


def plain(text: str) -> str:
    return text


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failed_run_tells_step_exit_code_and_last_lines(engine: str) -> None:
    build = finished(engine, "failed-run", 1)
    steps = step_records(build, decoded(engine, "failed-run").dockerfile)
    error = error_record(build, steps, None, plain)
    assert error.step is not None
    assert steps[error.step].instruction.startswith("RUN echo")
    assert error.exit_code == 7
    assert error.log_tail == ("to stdout", "to stderr", "no end of line")
    assert not any(step.cached for step in steps)


@pytest.mark.parametrize("engine", ENGINES)
def test_hits_of_a_failed_build_are_not_known(engine: str) -> None:
    build = finished(engine, "failed-after-hits", 1)
    assert [step.cached for step in step_records(build, None)].count(True) == 0
    assert any(step.cached for step in step_records(replace(build, exit_code=0), None))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failed_copy_names_the_file(engine: str) -> None:
    build = finished(engine, "failed-copy", 1)
    steps = step_records(build, decoded(engine, "failed-copy").dockerfile)
    error = error_record(build, steps, None, plain)
    assert error.step is not None
    assert steps[error.step].instruction.startswith("COPY missing.txt")
    assert '"/missing.txt": not found' in error.message
    assert error.exit_code is None


@pytest.mark.parametrize("engine", ENGINES)
def test_the_step_that_failed_counts_not_the_one_that_was_stopped_beside_it(engine: str) -> None:
    build = finished(engine, "failed-beside", 1)
    steps = step_records(build, decoded(engine, "failed-beside").dockerfile)
    error = error_record(build, steps, None, plain)
    assert error.step is not None
    assert steps[error.step].instruction == "RUN sleep 1; exit 3"
    assert error.exit_code == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failure_outside_of_steps_has_the_frontends_words(engine: str) -> None:
    error = error_record(finished(engine, "syntax-error", 1), (), None, plain)
    assert (error.step, error.exit_code) == (None, None)
    assert "unknown instruction: COPPY" in error.message
    assert "3 | >>> COPPY a.txt /" in error.log_tail


@pytest.mark.parametrize("engine", ENGINES)
def test_a_timeout_names_the_step_that_it_ended(engine: str) -> None:
    build = finished(engine, "cancelled", 130, timed_out=True)
    steps = step_records(build, decoded(engine, "cancelled").dockerfile)
    error = error_record(build, steps, 2.5, plain)
    assert error.message == "it was ended after 2.5 s in RUN echo begun; sleep 60 (`timeout`)"
    assert error.step is not None
    assert steps[error.step].instruction == "RUN echo begun; sleep 60"
    assert error.log_tail == ("begun",)
    assert error.exit_code is None


def test_words_of_errors_logs_and_steps_are_scrubbed() -> None:
    build = finished(NEW, "failed-run", 1)
    error = error_record(build, step_records(build, None), None, lambda text: text.replace("stdout", "***"))
    assert "stdout" not in error.message
    assert error.log_tail[0] == "to ***"
    steps = step_records(build, None, lambda text: text.replace("stdout", "***"))
    assert "to ***" in str([step.error for step in steps])


def test_export_and_context() -> None:
    for engine in ENGINES:
        build = finished(engine, "context-folder")
        seconds = export_seconds(build.trace)
        assert seconds is not None
        assert 0 < seconds < 10
        assert context_bytes(build.trace) == 50115
        assert export_seconds(finished(engine, "failed-run", 1).trace) is None
    assert context_bytes(finished(NEW, "failed-beside", 1).trace) is None


def test_exported_digests_are_the_manifests_and_the_configs() -> None:
    assert len(exported_digests(finished(NEW, "one-stage").trace)) == 2
    assert len(exported_digests(finished(NEW, "attestations").trace)) == 2
    assert len(exported_digests(finished(OLD, "one-stage").trace)) == 1
    assert exported_digests(finished(NEW, "failed-run", 1).trace) == frozenset()


def test_layers_are_given_to_the_steps_that_made_them() -> None:
    found = decoded(NEW, "one-stage")
    assert found.dockerfile is not None
    steps = step_records(finished(NEW, "one-stage"), found.dockerfile)
    # As BuildKit writes the history of that Dockerfile.
    history = (
        HistoryEntry("busybox", False),
        HistoryEntry("WORKDIR /app", False),
        HistoryEntry("COPY a.txt . # buildkit", False),
        HistoryEntry("RUN /bin/sh -c cat a.txt &&     echo done # buildkit", False),
        HistoryEntry("ENV GREETING=hello", True),
        HistoryEntry('CMD ["cat" "a.txt"]', True),
    )
    layers = tuple(SavedLayer(None, f"sha256:{at}", 10 + at, 100 + at) for at in range(4))
    saved = SavedImage(None, "sha256:config", layers, "gzip", history)
    image = image_record(saved, found.dockerfile, Variant("v", Path("Dockerfile"), Path()), steps)
    made_by = [None if layer.step is None else steps[layer.step].instruction for layer in image.layers]
    assert made_by == [None, "WORKDIR /app", "COPY a.txt .", "RUN cat a.txt && echo done"]
    assert (image.compressed_bytes, image.uncompressed_bytes) == (46, 406)


FOLDER = Path("/project")


def bench(*scenarios: Scenario, **fields: object) -> BenchFile:
    variant = Variant("v", FOLDER / "docker" / "v.Dockerfile", FOLDER / "app", **fields)  # type: ignore[arg-type]
    return BenchFile("bench", FOLDER, (variant,), scenarios or (COLD, WARM), 3)


def test_paths_are_relative_and_secrets_are_named_only() -> None:
    secrets = (Secret("token", env="TOKEN"), Secret("key", file=FOLDER / "private" / "key"))
    record = bench_record(bench(secrets=secrets, ssh=("default=/run/agent.sock", "other")))
    [variant] = record.variants
    assert (variant.dockerfile, variant.context) == ("docker/v.Dockerfile", "app")
    assert variant.secrets == ("token", "key")
    assert variant.ssh == ("default", "other")
    assert not any(word in repr(record) for word in ("TOKEN", "private", "agent.sock", "/project"))


def test_edits_are_told_as_the_bench_file_states_them() -> None:
    edits = (Append("a", "x"), Chmod("a", 0o755), Run(("make", "all")), Patch("--- a\n+++ b\n"))
    record = bench_record(bench(Scenario("e", "edit", "what", edits, ("v",)))).scenarios[0]
    assert [edit["operation"] for edit in record.edits] == ["append", "chmod", "run", "patch"]
    assert record.variants == ("v",)
    assert record.description == "what"


def test_the_digest_is_of_what_is_measured() -> None:
    digest = bench_record(bench()).digest
    assert bench_record(replace(bench(), rounds=9, name="other")).digest == digest
    assert bench_record(replace(bench(), folder=FOLDER)).digest == digest
    assert bench_record(bench(target="x")).digest != digest
    assert bench_record(bench(COLD)).digest != digest
    assert bench_record(bench(COLD, WARM, Scenario("e", "edit", edits=(Append("a", "x"),)))).digest != digest
