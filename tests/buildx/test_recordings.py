"""The recordings themselves: complete, and of no machine in particular."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.buildx.cases import CASES, DATA, ENGINES, RECORDED
from tests.busybox import CHECKOUT

# Addresses, and paths that are no part of the Dockerfiles.
_MACHINE = re.compile(rb"\b(?:127|10|172|192)\.\d+\.\d+\.\d+|/tmp/|/home/|/work/|/var/|unix:|context-[0-9a-f]{8}")


def test_every_case_is_recorded_and_every_recording_belongs_to_one() -> None:
    expected = {case.stream_path(engine) for engine, case in RECORDED}
    assert {path for engine in ENGINES for path in (DATA / engine).iterdir()} == expected
    assert {path.stem for path in (DATA / "steps").iterdir()} == set(CASES)
    used = {case.dockerfile_path for case in CASES.values()}
    assert set((DATA / "dockerfiles").iterdir()) == used


def test_nothing_tells_the_machine() -> None:
    for engine, case in RECORDED:
        found = _MACHINE.search(case.stream_path(engine).read_bytes())
        assert found is None, f"{engine} {case.name}: {found}"


def test_recorder_knows_its_cases() -> None:
    done = subprocess.run(
        [sys.executable, CHECKOUT / "tools" / "record-streams", "no-such-case"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no case no-such-case; there are one-stage, " in done.stderr
