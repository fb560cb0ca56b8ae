"""Key graphs that BuildKit 0.25 gave out, each beside the operations of its build.

`two-stages…` are builds of one Dockerfile in one namespace, one after the other; so are `odd…` and `levels…`. A file
has several walks where the builds of single stages were asked for, because the whole did not tell keys apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerbench.buildx.cache_keys import find_keys
from layerbench.buildx.key_graph import Walk, build_keys, read_records, walk
from layerbench.buildx.steps import StepTrace, trace_steps
from layerbench.buildx.trace import Trace
from layerbench.cachekeys.models import BuildKeys
from layerbench.instructions import Dockerfile, parse_dockerfile

FOLDER = Path(__file__).parent / "data" / "key_graphs"


@dataclass(frozen=True)
class Recording:
    """One build."""

    dockerfile: Dockerfile
    cached: list[bool | None]
    walks: list[dict[str, Any]]

    def trace(self, number: int = 0) -> Trace:
        trace = Trace()
        trace.add({"vertexes": self.walks[number]["vertices"]})
        return trace

    def steps(self, number: int = 0) -> tuple[StepTrace, ...]:
        return trace_steps(self.trace(number), self.dockerfile)

    def walk(self, number: int = 0) -> Walk:
        return walk(read_records(self.walks[number]["records"]), self.trace(number), self.steps(number))

    def keys(self) -> tuple[BuildKeys, bool]:
        """The keys of all steps, and whether they are whole."""
        numbers = iter(range(len(self.walks)))
        found, is_whole = find_keys(lambda _target: self.walk(next(numbers)), self.dockerfile)
        return build_keys(found, self.steps()), is_whole


def recording(name: str) -> Recording:
    content = json.loads((FOLDER / f"{name}.json").read_text())
    return Recording(parse_dockerfile(content["dockerfile"]), content["cached"], content["walks"])


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))
