r"""What changed between two images as JSON, for programs.

One object, keys in this order; bytes are whole numbers, a difference is what the second image has more, unknown is
null:

- `format_version` (1)
- `before`, `after`: `name` (as it was called), `platform`, `manifest_digest`, `config_digest`, `compressed_bytes`,
  `compressed_bytes_source`, `uncompressed_bytes`
- `compressed_bytes_delta` (null where the two are not of the same kind), `uncompressed_bytes_delta`,
  `unattributed_bytes` (0, or it is a bug), `end_bytes_delta`
- `layers[]`, in the order of the second image: `instruction`, `instruction_before` (where it differs),
  `position_before`, `position_after` (null where one image only has it), `compressed_bytes_delta`,
  `uncompressed_bytes_delta`, `is_same`
- `packages[]`: `ecosystem`, `name`, `location`, `before`, `after` (versions), `uncompressed_bytes_delta`,
  `location_before` (where it moved from)
- `unowned[]` (a partition of what belongs to no package), `folders[]` (a partition of all), `files[]` (each that
  differs): `path`, `change` (`added`, `removed`, `changed`), `uncompressed_bytes_delta`, `package`
- `unchanged_layers`, `unchanged_uncompressed_bytes`, `notes[]`

Paths have no `/` in front; a byte that is no UTF-8 is a lone surrogate, `\udc80` to `\udcff`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layerbench.analysis.anatomy.models import ImageContents, ImageDiff
from layerbench.report.anatomy.json_rows import dump, objects

FORMAT_VERSION = 1


def render(diff: ImageDiff) -> Iterator[str]:
    """The difference as JSON in ASCII, in pieces, with a line break at its end."""
    figures: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "before": _image(diff.before),
        "after": _image(diff.after),
        "compressed_bytes_delta": diff.compressed_bytes_delta,
        "uncompressed_bytes_delta": diff.uncompressed_bytes_delta,
        "unattributed_bytes": diff.unattributed_bytes,
        "end_bytes_delta": diff.end_bytes_delta,
        "layers": objects(diff.layers),
        "packages": objects(diff.packages),
        "unowned": objects(diff.unowned),
        "folders": objects(diff.folders),
        "files": objects(diff.files),
        "unchanged_layers": diff.unchanged_layers,
        "unchanged_uncompressed_bytes": diff.unchanged_uncompressed_bytes,
        "notes": iter(diff.notes),
    }
    return dump(figures)


def _image(image: ImageContents) -> dict[str, Any]:
    return {
        "name": image.name,
        "platform": image.platform,
        "manifest_digest": image.manifest_digest,
        "config_digest": image.config_digest,
        "compressed_bytes": image.compressed_bytes,
        "compressed_bytes_source": image.compressed_bytes_source,
        "uncompressed_bytes": image.uncompressed_bytes,
    }
