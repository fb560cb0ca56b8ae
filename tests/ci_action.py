"""The action's second step in a scratch repository, with a layerbench that only notes what it is asked for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.repository.scratch import Scratch

ROOT = Path(__file__).parent.parent
MEASURE = ROOT / "ci/github/measure.sh"
INSTALL = ROOT / "ci/github/install.sh"

FAKE = r"""#!/usr/bin/env bash
printf '%s\n' "$*" >> "$CALLS"
command=$1; shift
output= format=table previous= reports=
for word in "$@"; do
    case $previous in
        -o) output=$word ;;
        --format) format=$word ;;
        --report) reports="$reports $word" ;;
    esac
    previous=$word
done
form() {
    if [ "$1" = table ]; then printf '%s' "$SAID"; else echo "in $1"; fi
}
echo "::error::from a build"
case $command in
    ab)
        [ -z "$NO_RESULT" ] || exit "${MEASURED:-0}"
        echo '{}' > "$output/head.json"
        echo '{}' > "$output/base.json"
        for report in $reports; do form "${report%%=*}" > "${report#*=}"; done
        exit "${MEASURED:-0}" ;;
    run) [ -z "$NO_RESULT" ] && echo '{}' > "$output"; exit "${MEASURED:-0}" ;;
    compare) echo "compared" ;;
    check)
        [ "${CHECKED:-0}" != 2 ] || exit 2
        if [ -n "$output" ]; then form "$format" > "$output"; else form "$format"; fi
        exit "${CHECKED:-0}" ;;
esac
"""


class Action:
    """One job's checkout and what the step leaves."""

    def __init__(self, folder: Path) -> None:
        self.scratch = Scratch.new(folder / "repository")
        self.checkout = self.scratch.top
        self.commit = self.scratch.commit("one")
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.program = folder / "layerbench"
        self.program.write_text(FAKE)
        self.program.chmod(0o755)
        self._folder = folder

    def check_out(self, commit: str, depth: int) -> None:
        """Put a shallow checkout in the repository's place, as GitHub's own action makes one."""
        clone = Scratch.new(self._folder / "clone")
        clone.git("remote", "add", "origin", f"file://{self.scratch.top}")
        clone.git("fetch", "--quiet", f"--depth={depth}", "origin", commit)
        clone.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
        self.checkout = clone.top

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        known = {
            "LAYERBENCH": str(self.program),
            "CALLS": str(self._folder / "calls"),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(self._folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self._folder / "summary"),
            "BENCH_FILE": "app/layerbench.toml",
            "SAID": "a table\nverdict: ok\n",
            "NO_RESULT": "",
        }
        return subprocess.run(
            ["bash", str(MEASURE)],
            cwd=self.checkout,
            env={**os.environ, **known, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in (self._folder / "output").read_text().splitlines())

    @property
    def summary(self) -> str:
        return (self._folder / "summary").read_text()

    def left(self, name: str) -> str:
        """A file of the report's folder."""
        return Path(self.outputs["report-path"], name).read_text()
