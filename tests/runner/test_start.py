"""What a resumed run keeps, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.buildx.docker import BuilderFacts, DockerClient, EngineFacts
from layerbench.config.models import COLD, WARM, BenchFile, Variant
from layerbench.errors import UsageError
from layerbench.plan import make_plan
from layerbench.results.models import Build, Result
from layerbench.runner.connect import Connection
from layerbench.runner.start import in_planned_order, start_result

CONNECTION = Connection(
    DockerClient(),
    EngineFacts("id", "28.5.2", "containerd", "/var/lib/docker", "linux/amd64"),
    BuilderFacts("default", "docker", "0.29.1", None),
    None,
    None,
)


def bench(variants: str = "ab", rounds: int = 2) -> BenchFile:
    made = tuple(Variant(name, Path("/p/Dockerfile"), Path("/p")) for name in variants)
    return BenchFile("bench", Path("/p"), made, (COLD, WARM), rounds)


def build(variant: str, scenario: str, round_: int, outcome: str = "built") -> Build:
    return Build(variant, scenario, round_, outcome, 1.0, None, None)  # type: ignore[arg-type]


def fresh(**fields: object) -> Result:
    return replace(start_result(bench(), CONNECTION, None), **fields)  # type: ignore[arg-type]


def test_a_fresh_result_is_incomplete_and_empty() -> None:
    result = fresh()
    assert not result.complete
    assert result.finished_at is None
    assert result.builds == ()
    assert result.builder.image_store == "containerd"


def test_only_what_was_built_is_kept() -> None:
    cut_short = fresh(
        builds=(build("a", "cold", 1), build("b", "cold", 1, "failed"), build("a", "warm", 1, "cancelled"))
    )
    resumed = start_result(bench(), CONNECTION, cut_short)
    assert [one.variant for one in resumed.builds] == ["a"]
    assert resumed.started_at == cut_short.started_at
    done = [(one.variant, one.scenario, one.round) for one in resumed.builds]
    assert len(make_plan(bench(), done).builds) == len(make_plan(bench()).builds) - 1


def test_more_rounds_go_on_with_the_same_file() -> None:
    resumed = start_result(bench(rounds=3), CONNECTION, fresh(builds=(build("a", "cold", 1),), complete=True))
    assert resumed.bench.rounds == 3
    assert not resumed.complete


def test_fewer_rounds_lose_no_build() -> None:
    resumed = start_result(bench(rounds=1), CONNECTION, fresh(builds=(build("a", "cold", 2),)))
    assert resumed.bench.rounds == 2
    assert len(resumed.builds) == 1


def test_another_bench_is_refused() -> None:
    with pytest.raises(UsageError, match="measured other variants or scenarios"):
        start_result(bench("abc"), CONNECTION, fresh())


def test_another_machine_or_builder_is_refused_but_more_memory_is_no_other_machine() -> None:
    result = fresh()
    for other in (
        replace(result, machine=replace(result.machine, cpu_count=result.machine.cpu_count + 1)),
        replace(result, builder=replace(result.builder, engine_version="26.1.5")),
    ):
        with pytest.raises(UsageError, match="another machine or builder"):
            start_result(bench(), CONNECTION, other)
    start_result(bench(), CONNECTION, replace(result, machine=replace(result.machine, memory_bytes=1)))


def test_builds_stand_in_the_order_of_a_run_that_was_never_cut_short() -> None:
    planned = [build(*one.key) for one in make_plan(bench()).builds]
    stray = build("b", "cold", 9)
    result = fresh(builds=(stray, *reversed(planned)))
    assert list(in_planned_order(bench(), result).builds) == [*planned, stray]
    in_order = fresh(builds=tuple(planned))
    assert in_planned_order(bench(), in_order) is in_order
