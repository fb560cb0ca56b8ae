"""Images as the tiles of a treemap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from layerbench.report.anatomy.words import layer_text, package_change, path_change
from layerbench.report.svg.bars import layer_class
from layerbench.report.svg.treemap import Tile
from layerbench.units import format_bytes, format_bytes_delta

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageDiff
    from layerbench.analysis.anatomy.parts import FilePart, GroupPart, LayerPart
    from layerbench.results.image_models import ImageSummary
    from layerbench.results.models import Image

_MOST_FILES = 12
_LONGEST_TIP = 300


def part_tiles(layers: Sequence[LayerPart], image: Image) -> tuple[Tile, ...]:
    """Layer, package or folder, file; what is waste has the class `w`, `wo` where it is a matter of taste."""
    classes = _layer_classes(image)
    return tuple(
        Tile(
            f"L{layer.position} {layer_text(layer.instruction)}",
            layer.uncompressed_bytes,
            _tip(f"L{layer.position} {layer_text(layer.instruction)}", layer.uncompressed_bytes),
            classes[layer.position],
            tuple(_group_tile(group, classes[layer.position]) for group in layer.groups if group.uncompressed_bytes),
        )
        for layer in layers
        if layer.uncompressed_bytes
    )


def summary_tiles(image: Image, instructions: Sequence[str], summary: ImageSummary | None) -> tuple[Tile, ...]:
    """Layer and package, as far as the result file names them without its side file."""
    tiles = []
    for at, (layer, instruction, class_) in enumerate(
        zip(image.layers, instructions, _layer_classes(image), strict=True)
    ):
        told = summary.layers[at] if summary and at < len(summary.layers) else None
        parts = [
            Tile(f"{one.name} {one.version}", one.uncompressed_bytes, _tip(one.name, one.uncompressed_bytes), class_)
            for one in (told.packages.largest if told else ())
        ]
        rest = layer.uncompressed_bytes - sum(int(part.size) for part in parts)
        if parts and rest > 0:
            parts.append(Tile("everything else", rest, _tip("everything else", rest), class_))
        name = f"L{at} {layer_text(instruction)}"
        if layer.uncompressed_bytes:
            tip = _tip(name, layer.uncompressed_bytes)
            tiles.append(Tile(name, layer.uncompressed_bytes, tip, class_, tuple(parts)))
    return tuple(tiles)


def diff_tiles(diff: ImageDiff) -> tuple[Tile, ...]:
    """What head has more, and what it has less; the area is the difference."""
    parts = [
        *((package_change(one), one.uncompressed_bytes_delta) for one in diff.packages),
        *((path_change(one), one.uncompressed_bytes_delta) for one in diff.unowned),
    ]
    tiles = []
    for name, sign in (("more", 1), ("less", -1)):
        children = tuple(
            Tile(
                f"{words} {format_bytes_delta(delta)}",
                abs(delta),
                f"{words[:_LONGEST_TIP]} — {format_bytes_delta(delta)}",
                f"x-{name}",
            )
            for words, delta in parts
            if delta * sign > 0
        )
        if children:
            size = sum(int(child.size) for child in children)
            words = f"{name}: {format_bytes_delta(sign * size)}"
            tiles.append(Tile(words, size, words, f"x-{name}", children))
    return tuple(tiles)


def _group_tile(group: GroupPart, class_: str) -> Tile:
    name = group.name if group.ecosystem else f"/{group.name}"
    shown = group.files[:_MOST_FILES]
    tiles = [_file_tile(file, class_) for file in shown if file.uncompressed_bytes]
    rest = group.files[_MOST_FILES:]
    for is_waste in (False, True):
        some = [file for file in rest if (file.waste is not None) == is_waste]
        if size := sum(file.uncompressed_bytes for file in some):
            words = f"{len(some)} more files"
            waste = f" {_waste_class(some[0])}" if is_waste else ""
            tiles.append(Tile(words, size, _tip(f"{words} of {name}", size), f"{class_}{waste}"))
    # A package of one file, or one of waste only, is that.
    classes = {tile.class_ for tile in tiles}
    return Tile(
        name,
        group.uncompressed_bytes,
        _tip(name, group.uncompressed_bytes),
        classes.pop() if len(classes) == 1 else class_,
        tuple(tiles) if len(tiles) > 1 else (),
    )


def _file_tile(file: FilePart, class_: str) -> Tile:
    name = f"/{file.path}"
    waste = f", waste: {file.waste}{' (optional)' if file.is_optional else ''}" if file.waste else ""
    mark = f" {_waste_class(file)}" if file.waste else ""
    tip = f"{_tip(name, file.uncompressed_bytes)}{waste}"
    return Tile(file.path.rpartition("/")[2] or name, file.uncompressed_bytes, tip, f"{class_}{mark}")


def _waste_class(file: FilePart) -> str:
    return "wo" if file.is_optional else "w"


def _layer_classes(image: Image) -> list[str]:
    return [layer_class(at, is_base=layer.step is None) for at, layer in enumerate(image.layers)]


def _tip(name: str, size: float) -> str:
    return f"{name[:_LONGEST_TIP]} — {format_bytes(size)}"
