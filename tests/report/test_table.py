from __future__ import annotations

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from layerbench.report.interface import Options
from layerbench.report.table import print_table, render
from layerbench.results.models import Result
from tests.report import examples
from tests.results import factory, strategies


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
def test_the_web_example(width: int, snapshot: SnapshotAssertion) -> None:
    assert render(factory.result(), Options(width=width)) == snapshot


@pytest.mark.parametrize("width", [40, 60, 100, 140])
def test_the_steps_of_the_web_example(width: int, snapshot: SnapshotAssertion) -> None:
    assert render(factory.result(), Options(width=width, steps=True)) == snapshot


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("steps", [False, True])
def test_a_run_in_which_much_went_wrong(width: int, steps: bool, snapshot: SnapshotAssertion) -> None:
    assert render(examples.damaged(), Options(width=width, steps=steps)) == snapshot


def test_with_nothing_but_ascii(snapshot: SnapshotAssertion) -> None:
    text = render(examples.foreign(), Options(ascii_only=True))
    assert text.isascii()
    assert text == snapshot


@pytest.mark.parametrize("steps", [False, True])
def test_in_colour(steps: bool, snapshot: SnapshotAssertion) -> None:
    options = Options(steps=steps, color_system="standard")
    result = examples.damaged()
    text = render(result, options)
    assert text == snapshot
    plain = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert [line.rstrip() for line in plain.splitlines()] == render(result, Options(steps=steps)).splitlines()


@pytest.mark.parametrize("steps", [False, True])
def test_hostile_names_stay_text(steps: bool, snapshot: SnapshotAssertion) -> None:
    text = render(examples.hostile(), Options(steps=steps))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)
    assert r"\x1b[31mred\x1b[0m|`x`\n<b>@team</b>" in text.replace("\n  ", "")
    assert text == snapshot


def test_foreign_names_are_aligned_by_what_they_take_up(snapshot: SnapshotAssertion) -> None:
    assert render(examples.foreign(), Options(width=80)) == snapshot


def test_figures_of_all_magnitudes(snapshot: SnapshotAssertion) -> None:
    assert render(examples.fast_and_slow(), Options()) == snapshot


def test_one_variant_has_nobody_to_be_compared_with(snapshot: SnapshotAssertion) -> None:
    text = render(factory.result([factory.plan("single")], rounds=1), Options())
    assert "vs best" not in text
    assert text == snapshot


def test_without_a_single_build(snapshot: SnapshotAssertion) -> None:
    import dataclasses

    assert render(dataclasses.replace(factory.result(), builds=(), complete=False), Options(width=80)) == snapshot


@pytest.mark.parametrize("steps", [False, True])
@pytest.mark.parametrize("example", [factory.result, examples.damaged, examples.foreign, examples.fast_and_slow])
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(example: object, steps: bool) -> None:
    result: Result = example()  # type: ignore[operator]
    widest = _figures(render(result, Options(width=400, steps=steps)))
    for width in range(50, 161, 9):
        text = render(result, Options(width=width, steps=steps))
        too_wide = [line for line in text.splitlines() if cell_len(line) > width]
        assert not too_wide
        assert widest <= _figures(text)


def _figures(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.])[\d.–/]+ ?(?:s|kB|MB|GB)(?!\w)|\d+/\d+(?!\w)", " ".join(text.split())))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@given(strategies.result(), st.integers(20, 200), st.booleans(), st.booleans())
def test_any_result_at_any_width(result: Result, width: int, steps: bool, ascii_only: bool) -> None:
    text = render(result, Options(width=width, steps=steps, ascii_only=ascii_only))
    assert text.endswith("\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", text)
    assert text.isascii() or not ascii_only


def test_it_prints_on_a_console_of_somebody_else() -> None:
    stream = io.StringIO()
    print_table(factory.result(), Console(file=stream, width=100, color_system=None), ascii_only=False)
    printed = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert printed == render(factory.result(), Options()).splitlines()


def test_console_markup_in_names_is_no_markup() -> None:
    import dataclasses

    plans = [dataclasses.replace(factory.plan("naive"), name=name) for name in ("[red]x[/red]", ":smile:")]
    stream = io.StringIO()
    print_table(factory.result(plans), Console(file=stream, width=100, color_system=None))
    assert "[red]x[/red]" in stream.getvalue()
    assert ":smile:" in stream.getvalue()
