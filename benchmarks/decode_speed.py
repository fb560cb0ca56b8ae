"""Decoding 100,000 progress events, and making steps of them.

The events are those of a recorded build, repeated with digests of their own, and come in chunks as from a pipe. Both
versions of the stream are measured. Exits with 1 when the fastest of several runs takes longer than the limit.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from pathlib import Path

from layerbench.buildx.progress import ProgressDecoder
from layerbench.buildx.steps import StepTrace, trace_steps
from layerbench.buildx.trace import Trace
from layerbench.instructions import Dockerfile, parse_dockerfile

DATA = Path(__file__).resolve().parents[1] / "tests" / "buildx" / "data"
CASE = "many-stages"
EVENTS = 100_000
CHUNK_BYTES = 1 << 16
LIMIT_SECONDS = 1.0
RUNS = 7

_DIGEST = re.compile(rb"sha256:([0-9a-f]{56})[0-9a-f]{8}")


def events_of(content: bytes) -> int:
    """How many vertexes, statuses and logs a stream tells of."""
    members = ("vertexes", "statuses", "logs", "warnings")
    return sum(len(found.get(name) or ()) for found in ProgressDecoder().feed(content) for name in members)


def repeated(content: bytes, events: int) -> bytes:
    """The stream so often, each time with other digests, that it tells of that many events."""
    times = -(-events // events_of(content))
    return b"".join(_DIGEST.sub(rb"sha256:\g<1>" + b"%08x" % number, content) for number in range(times))


def decode(content: bytes, dockerfile: Dockerfile) -> tuple[Trace, tuple[StepTrace, ...]]:
    """What a run does with a build's progress."""
    decoder, trace = ProgressDecoder(), Trace()
    for start in range(0, len(content), CHUNK_BYTES):
        for message in decoder.feed(content[start : start + CHUNK_BYTES]):
            trace.add(message)
    for message in decoder.close():
        trace.add(message)
    return trace, trace_steps(trace, dockerfile)


def main() -> int:
    """Measure, print a line a version, and say by the exit code whether the limit holds."""
    dockerfile = parse_dockerfile((DATA / "dockerfiles" / f"{CASE}.Dockerfile").read_text())
    slow = 0
    for recording in sorted(DATA.glob(f"buildx-*/{CASE}.rawjson")):
        once = recording.read_bytes()
        content = repeated(once, EVENTS)
        vertices, steps = len(decode(once, dockerfile)[0].vertices), len(decode(once, dockerfile)[1])
        seconds, cpu_seconds = [], []
        for _ in range(RUNS):
            started, cpu_started = time.perf_counter(), time.process_time()
            trace, found = decode(content, dockerfile)
            seconds.append(time.perf_counter() - started)
            cpu_seconds.append(time.process_time() - cpu_started)
            assert len(trace.vertices) > 100 * vertices, "the digests were not changed"
            assert len(found) == steps
        fastest = min(seconds)
        slow += fastest > LIMIT_SECONDS
        print(
            f"{recording.parent.name}: {EVENTS} events, {len(content) / 1e6:.0f} MB: fastest {fastest:.2f} s, "
            f"median {statistics.median(seconds):.2f} s, processor {min(cpu_seconds):.2f} s, limit {LIMIT_SECONDS} s: "
            f"{'ok' if fastest <= LIMIT_SECONDS else 'TOO SLOW'}"
        )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
