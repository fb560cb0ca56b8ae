"""A build's timeline: lanes from top to bottom, seconds from left to right."""

from __future__ import annotations

from collections.abc import Iterator

from layerbench.report.svg.axis import draw_axis, seconds_label
from layerbench.report.svg.chart import AXIS_HEIGHT, Chart, count_of
from layerbench.report.svg.elements import clipped, element, line, number, percent, rectangle, text
from layerbench.report.svg.timeline_spans import Span, SpanKind, Timeline

_LANE_HEIGHT, _BAR_HEIGHT, _BAR_TOP = 44, 20, 18
_LEAST_LABELLED_SHARE = 0.05
_MARK_WIDTH = 4
_LEAST_PATH_SHARE = 0.003
"""What is shorter could not be seen, only the turns to and fro."""
_HATCHED: tuple[SpanKind, ...] = ("start", "other")
"""Letters on hatching could not be read."""


def draw_timeline(timeline: Timeline, title: str, description: str = "") -> Chart:
    """The chart; the critical path is a line below the bars that are on it.

    Args:
        timeline: from `layerbench.report.svg.timeline_spans.lay_out`.
        title: of the chart.
        description: what the chart says, for who does not see it.
    """
    whole = timeline.duration_seconds or 1.0
    height = AXIS_HEIGHT + len(timeline.lanes) * _LANE_HEIGHT
    axis = draw_axis(whole, height, seconds_label)
    lanes = "".join(
        text(name, 0, AXIS_HEIGHT + at * _LANE_HEIGHT + 12, "lane") for at, name in enumerate(timeline.lanes)
    )
    bars = "".join(_bar(span, whole) for span in timeline.spans)
    drawn = element("g", axis, class_="axis") + element("g", lanes, bars, *_path(timeline, whole), class_="marks")
    return Chart(title, description or _description(timeline), height, drawn)


def _bar(span: Span, whole: float) -> str:
    top = AXIS_HEIGHT + span.lane * _LANE_HEIGHT + _BAR_TOP
    left, share = span.start_seconds / whole, (span.end_seconds - span.start_seconds) / whole
    if span.kind == "cached":
        return element(
            "rect",
            x=percent(left),
            y=top + 3,
            width=_MARK_WIDTH,
            height=_BAR_HEIGHT - 6,
            rx=2,
            class_="s-cached",
            data_tip=span.tip,
        )
    bar = element(
        "rect",
        x=percent(left),
        y=top,
        width=percent(max(share, 0.0025)),
        height=_BAR_HEIGHT,
        rx=2,
        class_=f"s-{span.kind}",
        data_tip=span.tip,
    )
    if share < _LEAST_LABELLED_SHARE or span.kind in _HATCHED:
        return bar
    return bar + clipped(span.label, percent(left), top, percent(share), _BAR_HEIGHT, f"on-{span.kind}")


def _path(timeline: Timeline, whole: float) -> Iterator[str]:
    """A line below each bar on the path, and from lane to lane."""
    lanes = {span.step: span.lane for span in timeline.spans if span.step is not None}
    stretches: list[tuple[int, float, float]] = []
    for part in timeline.path:
        if part.end_seconds - part.start_seconds < _LEAST_PATH_SHARE * whole:
            continue
        lane = lanes.get(part.step, len(timeline.lanes) - 1) if part.step is not None else len(timeline.lanes) - 1
        start = part.start_seconds
        if stretches and stretches[-1][0] == lane:
            start = stretches.pop()[1]
        stretches.append((lane, start, part.end_seconds))
    before = None
    for lane, start, end in stretches:
        height = AXIS_HEIGHT + lane * _LANE_HEIGHT + _BAR_TOP + _BAR_HEIGHT + 2.5
        left = percent(start / whole)
        if before is not None:
            yield line(left, before, left, height, "path-turn")
        yield line(left, height, percent(end / whole), height, "path")
        before = height


_KIND_NAMES: dict[SpanKind, str] = {
    "ran": "step ran",
    "cached": "step cached",
    "source": "base image",
    "failed": "failed",
    "start": "start",
    "transfer": "transfer of the context",
    "export": "writing the image",
    "other": "belongs to no step",
}
_LEGEND_COLUMNS = 4
_LEGEND_ROW_HEIGHT = 20


def legend_marks() -> tuple[tuple[str, str], ...]:
    """Each kind of bar with its name, in the order of a legend."""
    return tuple(
        (element("svg", rectangle("0", 0, "100%", 12, f"s-{kind}"), class_="key", width=16, height=12), name)
        for kind, name in _KIND_NAMES.items()
    )


def draw_legend(timeline: Timeline) -> Chart:
    """The kinds of bars that a timeline has, for a picture that stands alone."""
    kinds = {span.kind for span in timeline.spans}
    entries = [(_key(f"s-{kind}"), name) for kind, name in _KIND_NAMES.items() if kind in kinds]
    if timeline.path:
        entries.append((line("0", 6, "16", 6, "path"), "critical path"))
    drawn = "".join(
        element(
            "svg",
            mark,
            text(name, 22, 10),
            x=percent(at % _LEGEND_COLUMNS / _LEGEND_COLUMNS),
            y=at // _LEGEND_COLUMNS * _LEGEND_ROW_HEIGHT,
            overflow="visible",
        )
        for at, (mark, name) in enumerate(entries)
    )
    rows = -(-len(entries) // _LEGEND_COLUMNS)
    said = ", ".join(name for _, name in entries)
    return Chart("", f"Legend: {said}", rows * _LEGEND_ROW_HEIGHT, drawn)


def _key(class_: str) -> str:
    return element("rect", x=0, y=0, width=16, height=12, class_=class_)


def _description(timeline: Timeline) -> str:
    steps = sum(span.step is not None for span in timeline.spans)
    return (
        f"{count_of(steps, 'step')} in {count_of(len(timeline.lanes) - 1, 'lane')} over"
        f" {number(timeline.duration_seconds)} seconds"
    )
