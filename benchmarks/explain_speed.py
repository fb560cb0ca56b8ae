"""How long it takes to explain a build of 200 steps, beyond reading its files.

A Dockerfile of 200 steps over a context of 2,000 files is explained against itself with one file edited near the top.
Exits with 1 where explaining takes more than 0.3 s.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from layerbench.analysis.explain.build import KnownBuild, explain_pair  # noqa: E402
from layerbench.analysis.predict.foresee import foresee  # noqa: E402
from layerbench.cachekeys.models import BuildInputs, Invocation  # noqa: E402
from layerbench.context.models import Entry, Fingerprint  # noqa: E402
from layerbench.foresight.edits import edited  # noqa: E402
from layerbench.results.models import Build, Step  # noqa: E402

STEPS = 200
FILES = 2_000
LIMIT_SECONDS = 0.3
ROUNDS = 5


def main() -> int:
    before = inputs()
    after = edited(before, ["part-3/file-1.py"])
    reference, build = record(before, before), record(before, after)
    seconds = min(explaining_seconds(reference, before, build, after) for _ in range(ROUNDS))
    print(f"explain of {len(build.steps)} steps: {seconds:.3f} s, limit {LIMIT_SECONDS} s")
    return int(seconds > LIMIT_SECONDS)


def inputs() -> BuildInputs:
    """A Dockerfile of 200 steps over a context of folders."""
    folders = STEPS // 2
    lines = ["FROM scratch AS one"]
    for number in range(folders):
        lines += [f"COPY part-{number} /part-{number}/", f"RUN build part-{number}"]
    entries: dict[str, Entry] = {}
    for number in range(FILES):
        folder = f"part-{number % folders}"
        entries.setdefault(folder, Entry("folder", 0o755))
        entries[f"{folder}/file-{number // folders}.py"] = Entry("file", 0o644, 10, f"{number:064x}")
    return BuildInputs("\n".join(lines) + "\n", Invocation(), {"": Fingerprint(entries)})


def record(before: BuildInputs, after: BuildInputs) -> Build:
    """The build as a run would have recorded it."""
    steps = tuple(
        Step(
            one.step.stage, one.step.index, STEPS, one.step.instruction, one.step.line, one.step.line,
            one.outcome == "hit", 0.0, 0.0, (at - 1,) if at else (),
        )
        for at, one in enumerate(foresee(before, after))
    )  # fmt: skip
    return Build("v", "edit", 1, "built", 1.0, 0.1, None, steps)


def explaining_seconds(reference: Build, before: BuildInputs, build: Build, after: BuildInputs) -> float:
    """One explanation."""
    start = time.perf_counter()
    found = explain_pair(KnownBuild(reference, before), KnownBuild(build, after))
    seconds = time.perf_counter() - start
    assert any(step.outcome == "ran" for step in found.steps)
    assert found.unknown_count == 0
    return seconds


if __name__ == "__main__":
    sys.exit(main())
