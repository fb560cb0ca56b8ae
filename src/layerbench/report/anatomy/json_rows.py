"""JSON with a row on each line: quick to write where there are 100,000 of them, and lines that `grep` finds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def objects(rows: Sequence[DataclassInstance]) -> Iterator[dict[str, Any]]:
    """Rows of one class as objects; their values are JSON's own kinds already."""
    if rows:
        names = tuple(field.name for field in fields(rows[0]))
        values = attrgetter(*names)
        yield from (dict(zip(names, values(row), strict=True)) for row in rows)


def dump(figures: Mapping[str, Any]) -> Iterator[str]:
    """The object in ASCII, lone surrogates as escapes, in pieces; iterators become lists."""
    separator = "{\n"
    for key, value in figures.items():
        yield f"{separator}  {json.dumps(key)}: "
        yield from _list(value) if isinstance(value, Iterator) else (json.dumps(value),)
        separator = ",\n"
    yield "\n}\n"


def _list(rows: Iterator[Any]) -> Iterator[str]:
    separator = "["
    for row in rows:
        yield f"{separator}\n    {json.dumps(row)}"
        separator = ","
    yield "[]" if separator == "[" else "\n  ]"
