"""The result file's JSON Schema, made from the records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from layerbench.results.atomic import write_atomically
from layerbench.results.models import SCHEMA_VERSION, Result


class _WithoutFieldTitles(GenerateJsonSchema):
    """Keys speak for themselves; a title made from each would only repeat it."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No field gets a title."""
        return False


def json_schema() -> dict[str, Any]:
    """The schema of what `layerbench.results.file` reads (JSON Schema, draft 2020-12)."""
    config = Result.__pydantic_config__
    # Fields' docstrings are read from the source, which takes as long as all the rest of building the validator: so
    # only the schema asks for them.
    config["use_attribute_docstrings"] = True
    try:
        generated = TypeAdapter(Result).json_schema(schema_generator=_WithoutFieldTitles)
    finally:
        del config["use_attribute_docstrings"]
    generated["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **generated,
        "title": "layerbench result file",
    }


def write_schema(path: Path) -> None:
    """Write the schema as `docs/result.schema.json` holds it.

    Raises:
        LayerbenchError: the file cannot be written.
    """
    write_atomically(path, (json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n").encode())
