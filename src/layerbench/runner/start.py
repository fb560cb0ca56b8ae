"""The result file before the first build, and what a resumed run keeps of an earlier one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from layerbench import __version__
from layerbench.config.models import BenchFile
from layerbench.errors import UsageError
from layerbench.plan import make_plan
from layerbench.results.models import SCHEMA_VERSION, Build, Machine, Result
from layerbench.runner.connect import Connection, machine_record
from layerbench.runner.records import bench_record


def start_result(bench: BenchFile, connection: Connection, resumed: Result | None) -> Result:
    """The result file before the first build; a resumed run keeps what was built.

    Raises:
        UsageError: the result file to be resumed measured something else, or elsewhere.
    """
    record = bench_record(bench)
    machine, builder = machine_record(), connection.record()
    if resumed is None:
        return Result(
            schema_version=SCHEMA_VERSION,
            tool_version=__version__,
            started_at=now(),
            finished_at=None,
            complete=False,
            machine=machine,
            builder=builder,
            bench=record,
        )
    if resumed.bench.digest != record.digest:
        raise UsageError(
            "the result file to be resumed measured other variants or scenarios; "
            "give the same bench file and selection, or start a new run"
        )
    if resumed.builder != builder or _essence(resumed.machine) != _essence(machine):
        raise UsageError(
            "the result file to be resumed comes from another machine or builder, whose times do not compare; "
            "start a new run"
        )
    kept = tuple(build for build in resumed.builds if build.outcome == "built")
    rounds = max([record.rounds, *(build.round for build in kept)])
    return replace(resumed, finished_at=None, complete=False, bench=replace(record, rounds=rounds), builds=kept)


def in_planned_order(bench: BenchFile, result: Result) -> Result:
    """The same builds in the order of a run that was never interrupted; those that are not planned come last."""
    order = {build.key: at for at, build in enumerate(make_plan(bench).builds)}

    def place(build: Build) -> int:
        return order.get((build.variant, build.scenario, build.round), len(order))

    builds = tuple(sorted(result.builds, key=place))
    return result if builds == result.builds else replace(result, builds=builds)


def now() -> str:
    """This moment, as result files say it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _essence(machine: Machine) -> Machine:
    """A machine without what may change while it stays the same, such as a virtual one's memory."""
    return replace(machine, memory_bytes=None)
