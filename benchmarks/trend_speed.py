"""A history of 10,000 runs: `history trend` of one line at most 0.5 s, its page written in 2 s and opened in 1 s.

Whole processes, by the fastest of several runs; what the interpreter takes to start is in them. The page is opened in
Debian's chromium, which is running by then. The lines of a whole variant are timed as well, without a limit. Exits with
1 where a limit does not hold.
"""

from __future__ import annotations

import dataclasses
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "tools")]

from fetch_chromium import find_chromium  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from layerbench.analysis.trend.models import Entry, Figure, LineKey  # noqa: E402
from layerbench.history import open_history  # noqa: E402

ENTRIES = 10_000
RUNS = 5
TREND_LIMIT_SECONDS = 0.5
PAGE_LIMIT_SECONDS = 2.0
OPEN_LIMIT_SECONDS = 1.0
SCENARIOS = ("cold", "warm", "edit-source", "edit-deps")
_START = datetime(2024, 1, 1, tzinfo=UTC)


def main() -> int:
    """Print a line a command; 1 where a limit does not hold."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "history.sqlite"
        _fill(path)
        one = ("--variant", "multi", "--scenario", "edit-source", "--metric", "seconds")
        held = [
            _is_within(path, "trend of one line", TREND_LIMIT_SECONDS, *one),
            _is_within(path, "page of one line", PAGE_LIMIT_SECONDS, *one, "--format", "html"),
            _opens(path, *one),
        ]
        print(f"trend of {4 * len(SCENARIOS)} lines: {_fastest_seconds(path):.2f} s")
        print(f"page of {4 * len(SCENARIOS)} lines: {_fastest_seconds(path, '--format', 'html'):.2f} s")
    return 0 if all(held) else 1


def _fill(path: Path) -> None:
    chance = random.Random(7)
    with open_history(path) as history:
        history._connection.execute("PRAGMA synchronous = OFF")
        entry = None
        for number in range(ENTRIES):
            moment = (_START + timedelta(hours=number)).isoformat()
            entry = _entry(number, moment)
            history.add(entry, _figures(number, chance))


def _entry(number: int, moment: str) -> Entry:
    return Entry(
        digest=f"{number:064x}",
        path=f"/results/{number}.json",
        bench="web",
        bench_digest="sha256:1",
        started_at=moment,
        complete=True,
        commit=f"{number:040x}",
        branch="main",
        is_dirty=False,
        committed_at=moment,
        machine="x86_64, 2 CPUs, 8 GB",
        builder="docker driver, containerd store",
        tool_version="0.1.0",
    )


def _figures(number: int, chance: random.Random) -> list[Figure]:
    slow = 1.2 if number >= ENTRIES - 40 else 1.0
    found = []
    for scenario in SCENARIOS:
        key = LineKey("web", "multi", scenario, "seconds", "d", "x86_64, 2 CPUs")
        seconds = 3 * slow * chance.lognormvariate(0, 0.04)
        found.append(Figure(key, seconds, seconds * 0.98, seconds * 1.02, 5))
        count = 100_000_000 + number // 1000 * 50_000
        for metric in ("compressed_bytes", "uncompressed_bytes", "redeploy_bytes"):
            own = dataclasses.replace(key, metric=metric, conditions="linux/amd64")  # type: ignore[arg-type]
            found.append(Figure(own, count, count, count, 5))
    return found


def _opens(path: Path, *arguments: str) -> bool:
    page = path.with_suffix(".html")
    subprocess.run(_words(path, *arguments, "--format", "html", "-o", str(page)), check=True)
    chromium = find_chromium()
    seconds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.program,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
            env=dict(chromium.environment),
        )
        for _ in range(RUNS):
            tab = browser.new_page()
            begin = time.perf_counter()
            tab.goto(page.as_uri(), wait_until="load")
            seconds.append(time.perf_counter() - begin)
            tab.close()
        browser.close()
    return _told("opening that page", min(seconds), OPEN_LIMIT_SECONDS)


def _is_within(path: Path, what: str, limit_seconds: float, *arguments: str) -> bool:
    return _told(what, _fastest_seconds(path, *arguments), limit_seconds)


def _told(what: str, seconds: float, limit_seconds: float) -> bool:
    verdict = "" if seconds <= limit_seconds else ", ABOVE"
    print(f"{what}, {ENTRIES:,} runs: {seconds:.2f} s (limit {limit_seconds:g} s{verdict})")
    return seconds <= limit_seconds


def _fastest_seconds(path: Path, *arguments: str) -> float:
    seconds = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run(_words(path, *arguments), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def _words(path: Path, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("layerbench")), "history", "trend", "--history", str(path), *arguments]


if __name__ == "__main__":
    sys.exit(main())
