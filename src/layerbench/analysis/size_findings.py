"""The strongest difference in size between images, as a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from layerbench.analysis.figures import ScenarioTable, VariantFigures
from layerbench.analysis.steps import is_valid
from layerbench.analysis.wording import step_label
from layerbench.results.models import Build
from layerbench.units import format_bytes

_LEAST_SHARE = 0.005
_LEAST_BYTES = 100_000
_SAME_SHARE = 0.001
_TELLING_SHARE = 0.5
"""A layer explains at least this share of the difference that it is named for."""
_COUNTERPART_SHARE = 0.25
"""A layer of the small image makes up for the large one's if it has at least this share of its bytes."""

_MEANING = {"manifest": "compressed", "gzip": "compressed with gzip"}
_BASE = ""


def size_finding(tables: Sequence[ScenarioTable], builds: Mapping[tuple[str, str], Sequence[Build]]) -> str | None:
    """The largest image against the smallest one that works, or None where they hardly differ.

    `builds` is keyed by scenario and variant. Sizes are compared in one scenario, the cold one where it was measured,
    and only where they have the same meaning.
    """
    table = _comparable_table(tables)
    if table is None:
        return None
    rows = _rows(table)
    large, small = _pair(rows)
    difference = _median(large) - _median(small)
    if difference < _LEAST_BYTES or difference < _LEAST_SHARE * _median(small):
        return None
    meaning = _MEANING[large.compressed_bytes_source or "manifest"]
    cause = _cause(builds.get((table.scenario, large.variant), ()), builds.get((table.scenario, small.variant), ()))
    return (
        f"The {large.variant} image is {format_bytes(difference)} larger than {small.variant}"
        f" ({format_bytes(_median(large))} against {format_bytes(_median(small))} {meaning})"
        f"{cause.format(large=large.variant, small=small.variant)}."
    )


def layer_bytes(build: Build) -> dict[str, int]:
    """Compressed bytes of a build's layers by the label of the step that made them; "" stands for the base's."""
    found: defaultdict[str, int] = defaultdict(int)
    for layer in build.image.layers if build.image else ():
        made_here = layer.step is not None and 0 <= layer.step < len(build.steps)
        label = step_label(build.steps[layer.step].instruction) if made_here and layer.step is not None else _BASE
        found[label] += layer.compressed_bytes
    return dict(found)


def _comparable_table(tables: Sequence[ScenarioTable]) -> ScenarioTable | None:
    order = {"cold": 0, "warm": 1, "edit": 2}
    fit = [
        table
        for table in tables
        if len(rows := _rows(table)) > 1 and len({row.compressed_bytes_source for row in rows}) == 1
    ]
    return min(fit, key=lambda table: order[table.kind], default=None)


def _rows(table: ScenarioTable) -> list[VariantFigures]:
    return [row for row in table.rows if row.compressed_bytes is not None and row.works is not False]


def _median(row: VariantFigures) -> int:
    return row.compressed_bytes.median if row.compressed_bytes else 0


def _pair(rows: Sequence[VariantFigures]) -> tuple[VariantFigures, VariantFigures]:
    """The largest and the smallest; of images that are as good as equal, the first in the bench file."""
    most, least = max(map(_median, rows)), min(map(_median, rows))
    large = next(row for row in rows if _median(row) >= most * (1 - _SAME_SHARE))
    small = next(row for row in rows if _median(row) <= least * (1 + _SAME_SHARE))
    return large, small


def _cause(large: Sequence[Build], small: Sequence[Build]) -> str:
    """The layers that the difference lies in, as the end of a sentence with `{large}` and `{small}` to be filled in."""
    large_build, small_build = _with_image(large), _with_image(small)
    if large_build is None or small_build is None:
        return ""
    in_large, in_small = layer_bytes(large_build), layer_bytes(small_build)
    whole = sum(in_large.values()) - sum(in_small.values())
    deltas = {label: in_large.get(label, 0) - in_small.get(label, 0) for label in (*in_large, *in_small)}
    label = max(deltas, key=lambda one: deltas[one])
    if deltas[label] < _TELLING_SHARE * whole or whole <= 0:
        return ""
    bytes_text = format_bytes(in_large[label])
    if label == _BASE:
        return f": its base has {bytes_text}, {{small}}'s {format_bytes(in_small.get(label, 0))}"
    name = _braces(label)
    if label in in_small:
        return f": its {name} layer has {bytes_text}, {{small}}'s {format_bytes(in_small[label])}"
    other = min(deltas, key=lambda one: deltas[one])
    is_counterpart = other not in in_large and other != _BASE and -deltas[other] >= _COUNTERPART_SHARE * deltas[label]
    if is_counterpart:
        # Two steps that do the same by different means, such as a copied venv and an install in place.
        return (
            f": its {name} layer has {bytes_text}, {{small}}'s {_braces(other)} layer {format_bytes(in_small[other])}"
        )
    return f": {name} adds {bytes_text}, which {{small}} does not have"


def _with_image(builds: Sequence[Build]) -> Build | None:
    return next((build for build in builds if is_valid(build) and build.image and build.image.layers), None)


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
