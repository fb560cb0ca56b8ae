"""How many files each layer adds, changes and removes."""

from __future__ import annotations

from collections.abc import Sequence

from layerbench.analysis.anatomy.models import ImageLayer, LayerAnatomy
from layerbench.analysis.anatomy.walk import Fated

_NO_FILES = frozenset({"folder", "whiteout", "opaque"})


class LayerCounts:
    """Counts files of all layers, path by path.

    A file that comes to an end is removed by the layer that ends it, unless that layer has a file in its place: then it
    is changed. So the files before a layer, with those it adds and without those it removes, are the files after it.
    """

    def __init__(self, layer_count: int) -> None:
        self._files = [0] * layer_count
        self._changed = [0] * layer_count
        self._removed = [0] * layer_count

    def add(self, members: Sequence[Fated]) -> None:
        """Count the entries of one path."""
        for row, layer, later, successor in members:
            if row[1] in _NO_FILES or later == layer:
                continue
            self._files[layer] += 1
            if later is None:
                continue
            if successor is None or not self._is_file_in_the_end(members, later):
                self._removed[later] += 1
            else:
                self._changed[later] += 1

    def add_plain(self, layer: int, files: int) -> None:
        """Count files of a layer that no other has and that are there in the end."""
        self._files[layer] += files

    def finish(self, layers: Sequence[ImageLayer]) -> tuple[LayerAnatomy, ...]:
        """The layers with their counts."""
        return tuple(
            LayerAnatomy(
                position,
                layer.instruction,
                layer.digest,
                layer.diff_id,
                layer.compressed_bytes,
                layer.uncompressed_bytes,
                self._files[position] - self._changed[position],
                self._changed[position],
                self._removed[position],
            )
            for position, layer in enumerate(layers)
        )

    @staticmethod
    def _is_file_in_the_end(members: Sequence[Fated], position: int) -> bool:
        """Whether what a layer has at the path last is a file."""
        kinds = [row[1] for row, layer, _, _ in members if layer == position and row[1] not in ("whiteout", "opaque")]
        return kinds[-1] not in _NO_FILES
