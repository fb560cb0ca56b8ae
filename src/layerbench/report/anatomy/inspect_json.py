r"""One image as JSON, for programs.

One object, keys in this order; bytes and counts are whole numbers, ratios are 0 to 1, unknown is null:

- `format_version` (1), `image` (as it was called), `platform`, `manifest_digest`, `config_digest`, `compressed_bytes`,
  `compressed_bytes_source` (`manifest`: what a pull transfers; `gzip`: what gzip makes of the layers),
  `uncompressed_bytes`: of the whole image, also with `--layer`
- `end_bytes`: what no entry of the layers' tars takes
- `layers[]`: `layer` (its position, from 0), `digest`, `diff_id`, `instruction`, `compressed_bytes`,
  `uncompressed_bytes`, `files_added`, `files_changed`, `files_removed`
- `packages[]`: `ecosystem`, `name`, `version`, `location`, `environment`, `uncompressed_bytes`, `files`, `layer`; a
  package with files in two layers is there twice
- `files[]` (the largest), `folders[]` (a partition of all by folder), `unowned[]` (a partition of what belongs to no
  package): `path`, `uncompressed_bytes`, `files`, `layers`
- `waste[]`: `kind`, `uncompressed_bytes`, `layer`, `instruction`, `later_layer`, `later_instruction`, `paths`, `files`,
  `optional`, `mend`
- `dive`: `efficiency`, `wasted_bytes`, `user_wasted_ratio`
- `notes[]`: sentences
- `tree[]`, with `--tree` only: folders as above, each with all that is below it

Paths have no `/` in front; a byte that is no UTF-8 is a lone surrogate, `\udc80` to `\udcff`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from layerbench.analysis.anatomy.models import Anatomy
from layerbench.report.anatomy.json_rows import dump, objects

FORMAT_VERSION = 1


def render(anatomy: Anatomy) -> Iterator[str]:
    """The image as JSON in ASCII, in pieces, with a line break at its end."""
    image = anatomy.image
    figures: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "image": image.name,
        "platform": image.platform,
        "manifest_digest": image.manifest_digest,
        "config_digest": image.config_digest,
        "compressed_bytes": image.compressed_bytes,
        "compressed_bytes_source": image.compressed_bytes_source,
        "uncompressed_bytes": image.uncompressed_bytes,
        "end_bytes": anatomy.end_bytes,
        "layers": map(_layer, objects(anatomy.layers)),
        "packages": objects(anatomy.packages),
        "files": objects(anatomy.files),
        "folders": objects(anatomy.folders),
        "unowned": objects(anatomy.unowned),
        "waste": objects(anatomy.waste),
        "dive": asdict(anatomy.dive),
        "notes": iter(anatomy.notes),
    }
    if anatomy.tree:
        figures["tree"] = objects(anatomy.tree)
    return dump(figures)


def _layer(layer: dict[str, Any]) -> dict[str, Any]:
    first = {"layer": layer["position"], "digest": layer["digest"], "diff_id": layer["diff_id"]}
    return first | {key: value for key, value in layer.items() if key != "position"}
