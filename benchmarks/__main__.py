"""Run every benchmark here, one after the other, and say which limits held.

Some need a Docker Engine; where none answers, a private one is started for as long as each takes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from layerbench.engine import start, stop
from layerbench.errors import EngineError
from layerbench.runner.connect import client_of, find_client

ENGINE_NAME = "benchmark"
NEED_ENGINE = {"known_images", "paired_verdicts", "run_overhead", "what_if"}
HERE = Path(__file__).resolve().parent


def main() -> int:
    """Exit code: 0 when every limit held, else 1."""
    scripts = sorted(path for path in HERE.glob("*.py") if path.name not in {"__main__.py", "__init__.py"})
    broken = [script.stem for script in scripts if _run(script) != 0]
    print(f"\n{len(scripts) - len(broken)} of {len(scripts)} benchmarks within their limits", end="")
    print(f"; above: {', '.join(broken)}" if broken else "")
    return int(bool(broken))


def _run(script: Path) -> int:
    print(f"\n== {script.stem}", flush=True)
    if script.stem not in NEED_ENGINE:
        return subprocess.run([sys.executable, script], check=False).returncode
    return _run_with_engine(script)


def _run_with_engine(script: Path) -> int:
    try:
        docker, _ = find_client()
        return subprocess.run([sys.executable, script], check=False, env=docker.environ()).returncode
    except EngineError:
        engine = start(ENGINE_NAME, fetch=True, notify=lambda text: print(text, file=sys.stderr))
    try:
        return subprocess.run([sys.executable, script], check=False, env=client_of(engine).environ()).returncode
    finally:
        stop(ENGINE_NAME, purge=True, notify=lambda text: print(text, file=sys.stderr))


if __name__ == "__main__":
    sys.exit(main())
