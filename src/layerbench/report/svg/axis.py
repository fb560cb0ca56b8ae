"""An axis of seconds or bytes from 0: round numbers, few enough to be read on a telephone."""

from __future__ import annotations

import math
from collections.abc import Callable

from layerbench.report.svg.chart import AXIS_HEIGHT
from layerbench.report.svg.elements import element, percent, text

_STEPS = (1, 2, 5, 10)
_MOST_TICKS = 5


def ticks(most: float) -> tuple[float, ...]:
    """Round numbers from 0 up to at most `most`: 1, 2 or 5 times a power of ten apart."""
    if not 0 < most < math.inf:
        return (0.0,)
    rough = most / _MOST_TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in _STEPS if factor * power >= rough * (1 - 1e-9))
    return tuple(at * step for at in range(math.floor(most / step + 1e-9) + 1))


def draw_axis(most: float, height: float, label: Callable[[float], str]) -> str:
    """Lines at round numbers with what each stands for above them.

    Args:
        most: What the whole width stands for.
        height: Of the whole chart in pixels.
        label: Words for a number.
    """
    drawn = []
    for value in ticks(most):
        share = value / most if most else 0.0
        # The last one would be cut off at the edge, the first one too if it stood around its line.
        anchor = None if share < 0.04 else "end" if share > 0.94 else "middle"
        mark = element("line", y1=AXIS_HEIGHT - 4, y2=height, class_="grid")
        words = text(label(value), 0, AXIS_HEIGHT - 7, "tick", anchor)
        drawn.append(element("svg", mark, words, x=percent(share), overflow="visible"))
    return "".join(drawn)


def seconds_label(value: float) -> str:
    """A round number of seconds: `0`, `0.5 s`, `20 s`, `5 min`."""
    if not value:
        return "0"
    if value >= 60 and value % 60 == 0:
        return f"{value / 60:g} min"
    return f"{value:g} s"


def bytes_label(value: float) -> str:
    """A round number of bytes: `0`, `50 MB`."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= factor:
            return f"{value / factor:g} {unit}"
    return f"{value:g} B" if value else "0"
