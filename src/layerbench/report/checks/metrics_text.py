"""OpenMetrics text: families of samples with help, type and unit, ended by `# EOF`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from layerbench.report.printable import printable

Labels = tuple[tuple[str, str], ...]

_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
_PREFIX = "layerbench_"


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure."""

    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """Figures of one meaning. A name ends with its unit; a family without samples is left out."""

    name: str
    help: str
    unit: str = ""
    samples: list[Sample] = field(default_factory=list)
    type: Literal["gauge", "info"] = "gauge"


def exposition(families: Iterable[Family]) -> str:
    """The families as text."""
    lines = [line for family in families if family.samples for line in _lines(family)]
    return "".join(f"{line}\n" for line in (*lines, "# EOF"))


def metric_name(figure: str, unit: str) -> str:
    """The name of a figure's family, with its unit at the end as the format demands; counts have none."""
    name = _PREFIX + _NOT_IN_A_NAME.sub("_", figure)
    return name if unit == "count" or name.endswith(f"_{unit}") else f"{name}_{unit}"


def _lines(family: Family) -> Iterator[str]:
    yield f"# TYPE {family.name} {family.type}"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    yield f"# HELP {family.name} {_escaped(family.help)}"
    name = f"{family.name}_info" if family.type == "info" else family.name
    for sample in family.samples:
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels)
        yield f"{name}{{{labels}}} {_number(sample.value)}" if labels else f"{name} {_number(sample.value)}"


def _escaped(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
