"""What all records of the result file have in common."""

from __future__ import annotations

from typing import Any

# Read by pydantic when a dataclass is used in a TypeAdapter: unknown keys are errors, and NaN, which JSON does not
# have, is no figure. All records share this object, since `layerbench.results.schema` adds `use_attribute_docstrings`.
FILE_RECORD: dict[str, Any] = {"extra": "forbid", "allow_inf_nan": False}
