"""What a failed comparison of a build's figures shows. pytest cuts it at eight lines, so that it is shorter."""

from __future__ import annotations

from layerbench.pytest_plugin.figures import CONTEXT_BYTES, Bytes, Seconds
from layerbench.pytest_plugin.tables import largest_parts, slowest_steps
from layerbench.units import format_bytes, format_seconds

_ORDERINGS = frozenset({"<", "<=", ">", ">="})
_MOST_OF_ONE, _MOST_OF_TWO = 4, 2


def explain_comparison(operator: str, left: object, right: object) -> list[str] | None:
    """Lines for `assert left operator right`; None where neither side is a figure of a build.

    Args:
        operator: as Python writes it.
        left: one side.
        right: the other.
    """
    figures = [side for side in (left, right) if isinstance(side, Bytes | Seconds)]
    if not figures:
        return None
    lines = [f"{_number(left)} {operator} {_number(right)}{_by_how_much(operator, left, right)}"]
    for figure in figures:
        lines += _told(figure, _MOST_OF_TWO if len(figures) == 2 else _MOST_OF_ONE)
    return lines


def _number(value: object) -> str:
    if isinstance(value, Bytes):
        return f"{int(value):,} ({format_bytes(value)})"
    if isinstance(value, Seconds):
        return format_seconds(value)
    return f"{value:,}" if isinstance(value, int) else repr(value)


def _by_how_much(operator: str, left: object, right: object) -> str:
    if operator not in _ORDERINGS or not isinstance(left, int | float) or not isinstance(right, int | float):
        return ""
    difference = abs(left - right)
    is_time = isinstance(left, Seconds) or isinstance(right, Seconds)
    text = format_seconds(difference) if is_time else format_bytes(difference)
    return f", by {text}"


def _told(figure: Bytes | Seconds, most: int) -> list[str]:
    build = figure.outcome.build
    if isinstance(figure, Seconds):
        return [f"{figure.what}, {figure.outcome.title}; the longest steps:", *slowest_steps(build.steps, most)]
    if build.image is None or figure.what == CONTEXT_BYTES:
        return [f"{figure.what}, {figure.outcome.title}"]
    return [
        f"{figure.what}, {figure.outcome.title}; what it is made of:",
        *largest_parts(build.image, build.steps, most),
    ]
