"""The baseline file: the figures of a run that do not depend on the machine's speed, small enough to be committed.

A line a figure, always in the same order, so that its diff in a review says what a change costs.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from layerbench.errors import UsageError
from layerbench.results.atomic import write_atomically
from layerbench.results.record import FILE_RECORD

BASELINE_NAME = "layerbench-baseline.json"
BASELINE_VERSION = 1
BASELINE_KIND: Literal["layerbench-baseline"] = "layerbench-baseline"
_MEND = "write it again with `layerbench baseline update RESULT`"

StepState = Literal["cached", "ran", "varies"]


@dataclass(frozen=True, slots=True)
class ScenarioFigures:
    """What one variant has in one scenario, over the builds that count; None is unknown."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    compressed_bytes: int | None = None
    uncompressed_bytes: int | None = None
    layers: int | None = None
    waste_bytes: int | None = None
    """Uncompressed bytes that the steps' layers could do without: neither the base's, nor what is a matter of taste."""
    redeploy_bytes: int | None = None
    cached_steps: int | None = None
    """Steps that were cached in every round."""
    steps: dict[str, StepState] = field(default_factory=dict)
    """By `[stage] instruction`."""
    layer_compressed_bytes: dict[str, int] = field(default_factory=dict)
    """By instruction, the base's layers first. In the file for the scenario that stands for the image only."""
    layer_uncompressed_bytes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The content of a baseline file."""

    __pydantic_config__: ClassVar[dict[str, Any]] = FILE_RECORD

    kind: Literal["layerbench-baseline"]
    schema_version: int
    bench: str
    """The bench's name."""
    platform: str | None
    image_store: Literal["containerd", "classic"] | None
    compressed_bytes_source: Literal["manifest", "gzip"] | None
    """What compressed bytes mean here; null where builds differ in it."""
    variants: dict[str, dict[str, ScenarioFigures]]
    """By variant and scenario, in the order of the bench file."""
    scenarios: dict[str, str] = field(default_factory=dict)
    """What each scenario does, as a short digest of its kind and edits. One that is not here may do anything."""


def baseline_json(baseline: Baseline) -> str:
    """The content of a baseline file; figures that are not known or not there are left out."""
    head = dataclasses.asdict(baseline)
    head["variants"] = {
        variant: {scenario: _known(figures) for scenario, figures in scenarios.items()}
        for variant, scenarios in baseline.variants.items()
    }
    return json.dumps(head, indent=2) + "\n"


def update_command(path: Path) -> str:
    """The command that writes a baseline file to a place; without the place where that is the default one."""
    is_default = str(path) == BASELINE_NAME
    return f"layerbench baseline update RESULT{'' if is_default else f' -o {shlex.quote(str(path))}'}"


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Replace a baseline file in one step.

    Raises:
        LayerbenchError: the file cannot be written; what was there before is untouched.
    """
    write_atomically(path, baseline_json(baseline).encode())


def is_baseline(path: Path) -> bool:
    """Whether a file is a baseline file rather than a result file.

    Raises:
        UsageError: it is not there, or cannot be read.
    """
    return b'"kind": "layerbench-baseline"' in _content(path)[:200]


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file.

    Raises:
        UsageError: it is not there, is damaged or has another schema version; names the mend.
    """
    content = _content(path)
    try:
        document = json.loads(content)
    except ValueError as error:
        raise UsageError(f"{path} is no JSON ({error}): {_MEND}") from None
    if not isinstance(document, dict) or document.get("kind") != BASELINE_KIND:
        raise UsageError(f"{path} is no baseline file: {_MEND}")
    version = document.get("schema_version")
    if version != BASELINE_VERSION:
        raise UsageError(
            f"{path} has schema version {version}, and this layerbench reads {BASELINE_VERSION}: {_mend(path)}"
        )
    return _validated(content, path)


def _mend(path: Path) -> str:
    return f"write it again with `{update_command(path)}`"


def _validated(content: bytes, path: Path) -> Baseline:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Baseline).validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path} is damaged: {where}: {first['msg']}; {_mend(path)}") from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"the baseline {path} is not there: give another one, or write it with `{update_command(path)}`"
        ) from None
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be read: {error.strerror}; give another one") from None


def _known(figures: ScenarioFigures) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(figures).items() if value is not None and value != {}}
