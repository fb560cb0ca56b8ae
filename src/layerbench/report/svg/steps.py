"""Steps and scenarios of a variant as a picture."""

from __future__ import annotations

from layerbench.analysis.steps import StepCell, StepTable
from layerbench.report.step_rows import instruction_text, line_text, step_cell
from layerbench.report.svg.chart import Chart
from layerbench.report.svg.elements import clipped, percent, rectangle, text

HEAT_SHARES = (0.01, 0.05, 0.2, 0.5)
"""Shares of the longest step at which the colour gets a shade darker."""
_ROW_HEIGHT, _HEADER_HEIGHT = 24, 24
_TEXT_SHARE = 0.42
_LEAST_TEXT_SHARE = 0.25
_COLUMN_SHARE = 0.1


def heat_class(cell: StepCell, longest_seconds: float) -> str:
    """How a cell is coloured: `h1` to `h5` where the step ran, else what it did."""
    match cell.state:
        case "ran" if cell.seconds is not None and longest_seconds > 0:
            share = cell.seconds.median / longest_seconds
            return f"h{sum(share >= level for level in HEAT_SHARES) + 1}"
        case "cached" | "varies" | "failed" | "source":
            return cell.state
        case _:
            return "none"


def draw_steps(table: StepTable, title: str, longest_seconds: float) -> Chart:
    """A row a step in the Dockerfile's order, a column a scenario."""
    names = max(_LEAST_TEXT_SHARE, min(_TEXT_SHARE, 1 - _COLUMN_SHARE * len(table.scenarios)))
    width = (1 - names) / max(1, len(table.scenarios))
    drawn = [
        clipped(scenario, percent(names + at * width), 0, percent(width), _HEADER_HEIGHT, "tick")
        for at, scenario in enumerate(table.scenarios)
    ]
    shown = [row for row in table.rows if any(cell.state != "source" for cell in row.cells)]
    for number, row in enumerate(shown):
        top = _HEADER_HEIGHT + number * _ROW_HEIGHT
        line = line_text(row.line_start, row.line_end)
        drawn.append(text(line, percent(0.03), top + 16, "tick", "end"))
        words = instruction_text(row.key.instruction)
        drawn.append(clipped(words, percent(0.035), top, percent(names - 0.045), _ROW_HEIGHT, "code"))
        for at, cell in enumerate(row.cells):
            class_ = heat_class(cell, longest_seconds)
            left = names + at * width
            drawn.append(rectangle(percent(left), top + 1, percent(width * 0.97), _ROW_HEIGHT - 2, class_))
            drawn.append(text(step_cell(cell), percent(left + width * 0.485), top + 16, f"c-{class_}", "middle"))
    height = _HEADER_HEIGHT + len(shown) * _ROW_HEIGHT
    return Chart(title, f"{len(shown)} steps in {len(table.scenarios)} scenarios", height, "".join(drawn))
