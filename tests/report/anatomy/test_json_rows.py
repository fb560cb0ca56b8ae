from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from layerbench.report.anatomy.json_rows import dump, objects
from tests.report.anatomy import factory

SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=8)
VALUES = SCALARS | st.dictionaries(st.text(max_size=4), SCALARS, max_size=3)


@given(st.dictionaries(st.text(max_size=6), VALUES | st.lists(VALUES, max_size=4), min_size=1, max_size=5))
def test_it_is_the_same_object(figures: dict[str, object]) -> None:
    text = "".join(dump({key: iter(value) if isinstance(value, list) else value for key, value in figures.items()}))
    assert text.isascii()
    assert text.endswith("}\n")
    assert json.loads(text) == figures


def test_a_row_has_a_line() -> None:
    assert "".join(dump({"a": iter([{"b": 1}, {"b": 2}]), "c": iter(()), "d": "\udcff"})) == (
        '{\n  "a": [\n    {"b": 1},\n    {"b": 2}\n  ],\n  "c": [],\n  "d": "\\udcff"\n}\n'
    )


def test_objects_have_all_fields_in_their_order() -> None:
    file = factory.single().files[3]
    assert list(next(objects((file,))).items()) == [
        ("path", "var/lib/dpkg/status"),
        ("uncompressed_bytes", 1_048_576),
        ("files", 1),
        ("layers", (0, 1, 2)),
    ]
    assert list(objects(())) == []
