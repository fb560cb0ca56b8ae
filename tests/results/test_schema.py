from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from layerbench.results.file import read_result, write_result
from layerbench.results.schema import json_schema, write_schema
from tests.results import factory

KEPT = Path(__file__).parents[2] / "docs" / "result.schema.json"


def test_the_schema_in_docs_is_that_of_the_records(tmp_path: Path) -> None:
    write_schema(tmp_path / "result.schema.json")
    assert KEPT.read_text() == (tmp_path / "result.schema.json").read_text(), (
        "docs/result.schema.json is not that of layerbench.results.models; write it again with: python -c "
        "'import pathlib, layerbench.results.schema as s; s.write_schema(pathlib.Path(\"docs/result.schema.json\"))'"
    )


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.fixture
def written(tmp_path: Path) -> dict[str, object]:
    whole = factory.fail(factory.result(rounds=2), "multi", "cold", (1,))
    write_result(whole, tmp_path / "result.json")
    content: dict[str, object] = json.loads((tmp_path / "result.json").read_text())
    return content


def test_a_written_file_is_valid(written: dict[str, object]) -> None:
    jsonschema.validate(written, json.loads(KEPT.read_text()))


@pytest.mark.parametrize(
    "change", [{"schema_version": 2}, {"complete": "yes"}, {"surprise": 1}, {"builds": [{"variant": "naive"}]}]
)
def test_what_the_reader_refuses_is_not_valid(change: dict[str, object], written: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written | change, json.loads(KEPT.read_text()))


def test_every_figure_says_its_unit_and_every_key_is_described() -> None:
    schema = json_schema()
    step = schema["$defs"]["Step"]["properties"]
    assert step["seconds"]["description"].startswith("Time in which the step was at work")
    assert schema["properties"]["started_at"]["description"] == "ISO 8601 with the offset of UTC."
    numbers = {
        name
        for record in schema["$defs"].values()
        for name, value in record["properties"].items()
        if "number" in str(value)
    }
    ratios = {"efficiency", "user_wasted_ratio"}
    assert all(name.endswith("seconds") for name in numbers - ratios)


def test_making_the_schema_leaves_reading_as_quick_as_it_was(tmp_path: Path) -> None:
    json_schema()
    from layerbench.results.models import Result

    assert "use_attribute_docstrings" not in Result.__pydantic_config__
    write_result(factory.result(rounds=1), tmp_path / "result.json")
    assert read_result(tmp_path / "result.json") == factory.result(rounds=1)
