from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.anatomy.layer_matching import layer_deltas, match_layers
from layerbench.analysis.anatomy.models import ImageLayer
from tests.analysis.anatomy.build import file, layer
from tests.analysis.anatomy.layers_strategy import some

FROM, DEPS, COPY, MAKE = "", "RUN pip install -r requirements.txt", "COPY . /app", "RUN make"


def made(*steps: tuple[str, str]) -> list[ImageLayer]:
    """Layers of these instructions and contents."""
    return [layer(file("a", content), instruction=instruction) for instruction, content in steps]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], []),
        ([(FROM, "1"), (DEPS, "1")], [(FROM, "1"), (DEPS, "1")], [(0, 0), (1, 1)]),
        # A step in between moves nothing.
        (
            [(FROM, "1"), (DEPS, "1"), (COPY, "1")],
            [(FROM, "1"), ("RUN apt-get update", "n"), (DEPS, "2"), (COPY, "2")],
            [(0, 0), (None, 1), (1, 2), (2, 3)],
        ),
        # The same content is the same layer, whatever its instruction says and wherever it is.
        ([(DEPS, "1"), (COPY, "2")], [("COPY app /app", "2"), (DEPS, "1")], [(1, 0), (0, 1)]),
        # A base of two layers that became one of three.
        (
            [(FROM, "1"), (FROM, "2"), (COPY, "c")],
            [(FROM, "x"), (FROM, "y"), (FROM, "z"), (COPY, "c")],
            [(0, 0), (1, 1), (None, 2), (2, 3)],
        ),
        # A similar instruction, in the gap between others.
        (
            [(DEPS, "1"), ("RUN make all -j 4", "m"), (COPY, "1")],
            [(DEPS, "2"), ("RUN make all -j 8", "n"), (COPY, "2")],
            [(0, 0), (1, 1), (2, 2)],
        ),
        # Another keyword or other words are another layer; removed ones stay where they were.
        (
            [(DEPS, "1"), ("RUN make all", "m"), (COPY, "1")],
            [(DEPS, "2"), ("COPY make all", "n"), (COPY, "2")],
            [(0, 0), (1, None), (None, 1), (2, 2)],
        ),
        ([(MAKE, "1")], [("RUN python -m compileall /usr/lib", "2")], [(0, None), (None, 0)]),
        # In order: of two that crossed, one is matched.
        ([(DEPS, "1"), (COPY, "1")], [(COPY, "2"), (DEPS, "2")], [(0, None), (1, 0), (None, 1)]),
    ],
)
def test_counterparts(
    before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]], expected: list[tuple[int | None, int | None]]
) -> None:
    assert list(match_layers(made(*before), made(*after))) == expected


def test_a_delta_names_both_instructions_where_they_differ() -> None:
    [delta] = layer_deltas(made(("RUN make all -j 4", "m")), made(("RUN make all -j 8", "n" * 600)))
    assert (delta.instruction, delta.instruction_before) == ("RUN make all -j 8", "RUN make all -j 4")
    assert (delta.uncompressed_bytes_delta, delta.is_same) == (512, False)
    [gone, new] = layer_deltas(made((MAKE, "1")), made((COPY, "2")))
    assert (gone.instruction, gone.position_before, gone.position_after) == (MAKE, 0, None)
    assert (new.instruction, new.instruction_before, new.position_before) == (COPY, None, None)
    assert gone.uncompressed_bytes_delta == -new.uncompressed_bytes_delta


_steps = st.lists(st.tuples(st.sampled_from((FROM, DEPS, COPY, MAKE, "RUN make all")), st.sampled_from("1234")))


@some
@given(_steps, _steps)
def test_every_layer_is_told_of_once(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
    pairs = match_layers(made(*before), made(*after))
    assert sorted(one for one, _ in pairs if one is not None) == list(range(len(before)))
    assert [other for _, other in pairs if other is not None] == list(range(len(after)))


def test_long_instructions_are_compared_in_no_time() -> None:
    words = " ".join(f"word{number}" for number in range(20_000))
    before = made(*((f"RUN {number} {words}", "1" * number) for number in range(1, 30)))
    after = made(*((f"RUN {number} other {words}", "2" * number) for number in range(1, 30)))
    assert len(match_layers(before, after)) == 29
