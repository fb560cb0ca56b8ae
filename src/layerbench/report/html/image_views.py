"""What is in the images: layers side by side, one image as a treemap, the difference of two."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from layerbench.analysis.anatomy.models import ImageContents, ImageDiff
from layerbench.analysis.comparison.models import Comparison, Contents
from layerbench.analysis.steps import is_valid
from layerbench.analysis.wording import join_words, step_label
from layerbench.errors import LayerbenchError
from layerbench.report.anatomy.words import layer_text, package_change, path_change, waste_title
from layerbench.report.html.tiles import diff_tiles, part_tiles, summary_tiles
from layerbench.report.svg.bars import BarPart, BarRow
from layerbench.report.svg.chart import Chart
from layerbench.report.svg.treemap import draw_treemap
from layerbench.results.image_models import ImageSummary
from layerbench.results.models import Build, Image, Result
from layerbench.units import format_bytes, format_bytes_delta, format_percent

_MOST_IMAGES = 24
_MOST_DIFFS = 15
_MOST_ROWS = 30


@dataclass(frozen=True, slots=True)
class ImageTableRow:
    """Something that has bytes."""

    what: str
    where: str
    size: str
    size_bytes: int
    share: str


@dataclass(frozen=True, slots=True)
class ImageView:
    """A treemap with its table."""

    key: str
    name: str
    chart: Chart | None
    rows: tuple[ImageTableRow, ...]
    waste: tuple[tuple[str, str], ...]
    """What the image could do without: words and bytes."""
    is_diff: bool
    has_files: bool
    """Whether single files are shown; else the result holds a summary only."""
    note: str


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A layer in the table of all images."""

    variant: str
    layer: str
    instruction: str
    is_base: bool
    compressed: str
    uncompressed: str
    compressed_bytes: int
    uncompressed_bytes: int


def representative_builds(result: Result) -> tuple[Build, ...]:
    """One build with an image for each variant: in the first scenario that has one, the first that counts."""
    order = {one.name: at for at, one in enumerate(result.bench.scenarios)}
    chosen: dict[str, Build] = {}
    for build in sorted(result.builds, key=lambda one: (order.get(one.scenario, len(order)), one.round)):
        if build.image is not None and is_valid(build):
            chosen.setdefault(build.variant, build)
    names = dict.fromkeys((*(one.name for one in result.bench.variants), *chosen))
    return tuple(chosen[name] for name in names if name in chosen)


def layer_bars(result: Result, builds: Sequence[Build]) -> tuple[BarRow, ...]:
    """A bar an image, by compressed bytes."""
    return tuple(_bar_row(result, build, build.image) for build in builds if build.image is not None)


def layer_rows(result: Result, builds: Sequence[Build]) -> tuple[LayerRow, ...]:
    """The same with every figure."""
    return tuple(
        LayerRow(
            build.variant,
            f"L{at}",
            layer_text(instruction),
            layer.step is None,
            format_bytes(layer.compressed_bytes),
            format_bytes(layer.uncompressed_bytes),
            layer.compressed_bytes,
            layer.uncompressed_bytes,
        )
        for build in builds
        if build.image is not None
        for at, (layer, instruction) in enumerate(
            zip(build.image.layers, _instructions(result, build, build.image), strict=True)
        )
    )


def image_views(
    result: Result, builds: Sequence[Build], contents: Contents, comparison: Comparison | None
) -> Iterator[ImageView]:
    """All treemaps, single images first; of many images the first ones."""
    opened: list[tuple[Build, ImageContents]] = []
    for number, build in enumerate(builds[:_MOST_IMAGES]):
        image = None
        try:
            image = contents(build)
        except LayerbenchError as error:
            note = str(error)
        else:
            note = ""
        if image is not None:
            opened.append((build, image))
        yield _image_view(result, build, image, f"i{number}", note)
    yield from _diff_views(opened, comparison)


def left_out(builds: Sequence[Build], shown: Sequence[ImageView], comparison: Comparison | None) -> str:
    """What of all these images is not on the page; nothing where all is."""
    images = sum(not view.is_diff for view in shown)
    parts = []
    if images < len(builds):
        parts.append(f"{images} of {len(builds)} images are here")
    pairs = math.comb(images, 2) if comparison is None and all(view.has_files for view in shown) else 0
    if pairs > _MOST_DIFFS:
        parts.append(f"{_MOST_DIFFS} of {pairs} differences are here")
    return f"{join_words(parts)}; --variant chooses others." if parts else ""


def _diff_views(opened: Sequence[tuple[Build, ImageContents]], comparison: Comparison | None) -> Iterator[ImageView]:
    from layerbench.analysis.anatomy.compare import compare_images

    if comparison is not None:
        seen: set[tuple[str, str]] = set()
        for pair in comparison.pairs:
            if pair.diff is not None and (pair.variant_base, pair.variant_head) not in seen:
                seen.add((pair.variant_base, pair.variant_head))
                name = f"base: {pair.variant_base} → head: {pair.variant_head}"
                yield _diff_view(pair.diff, f"d{len(seen)}", name)
        return
    for number, ((one, before), (other, after)) in enumerate(combinations(opened, 2)):
        if number == _MOST_DIFFS:
            return
        yield _diff_view(compare_images(before, after), f"d{number}", f"{one.variant} → {other.variant}")


def _image_view(result: Result, build: Build, image: ImageContents | None, key: str, note: str) -> ImageView:
    summary = result.summary_of(build.image)
    assert build.image is not None  # noqa: S101 - only such builds are asked for
    whole = build.image.uncompressed_bytes
    if image is None:
        return _summary_view(result, build, summary, key, note)
    from layerbench.analysis.anatomy.parts import image_parts

    parts = image_parts(image)
    groups = [
        (group.name if group.ecosystem else f"/{group.name}", layer.position, group.uncompressed_bytes, group.ecosystem)
        for layer in parts.layers
        for group in layer.groups
    ]
    chart = draw_treemap(
        part_tiles(parts.layers, build.image), f"Image of {build.variant}", _image_words(build.variant, whole)
    )
    rows = _part_rows(
        (
            (f"{name} ({ecosystem} package)" if ecosystem else name, position, size)
            for name, position, size, ecosystem in groups
        ),
        whole,
    )
    waste = tuple(
        (f"{waste_title(one)}, L{one.layer}: {one.mend}", format_bytes(one.uncompressed_bytes)) for one in parts.waste
    )
    return ImageView(key, build.variant, chart, rows, waste, False, True, note)


def _summary_view(result: Result, build: Build, summary: ImageSummary | None, key: str, note: str) -> ImageView:
    """The image as far as the result file tells by itself."""
    image = build.image
    assert image is not None  # noqa: S101 - only such builds are asked for
    instructions = _instructions(result, build, image)
    tiles = summary_tiles(image, instructions, summary)
    whole = image.uncompressed_bytes
    chart = draw_treemap(tiles, f"Image of {build.variant}", _image_words(build.variant, whole))
    found = [
        (f"{package.name} {package.version} ({package.ecosystem} package)", at, package.uncompressed_bytes)
        for at, layer in enumerate(summary.layers if summary else ())
        for package in layer.packages.largest
    ] or [
        (layer_text(instruction), at, layer.uncompressed_bytes)
        for at, (layer, instruction) in enumerate(zip(image.layers, instructions, strict=True))
    ]
    rows = _part_rows(found, whole)
    waste = tuple(
        (f"{one.kind}, L{one.layer}{' (optional)' if one.optional else ''}", format_bytes(one.uncompressed_bytes))
        for one in (summary.waste if summary else ())
    )
    return ImageView(key, build.variant, chart, rows, waste, False, False, note)


def _diff_view(diff: ImageDiff, key: str, name: str) -> ImageView:
    delta = diff.uncompressed_bytes_delta
    said = f"{format_bytes_delta(delta)} uncompressed; what is larger in the second image has a plus, the rest a minus"
    tiles = diff_tiles(diff)
    parts = [
        *((package_change(one), one.ecosystem, one.uncompressed_bytes_delta) for one in diff.packages),
        *((path_change(one), "folder", one.uncompressed_bytes_delta) for one in diff.unowned),
    ]
    rows = _largest(
        [ImageTableRow(what, where, format_bytes_delta(size), size, "") for what, where, size in parts if size],
        lambda more: ImageTableRow(f"{len(more)} more", "", format_bytes_delta(_bytes_of(more)), _bytes_of(more), ""),
    )
    chart = draw_treemap(tiles, f"Difference {name}", said) if tiles else None
    note = "" if tiles else "The two images do not differ in bytes."
    return ImageView(key, f"{name} ({format_bytes_delta(delta)})", chart, rows, (), True, True, note)


def _part_rows(parts: Iterable[tuple[str, int, int]], whole: int) -> tuple[ImageTableRow, ...]:
    """Parts of an image of `whole` bytes, each with its layer's position and its bytes."""

    def row(what: str, where: str, size: int) -> ImageTableRow:
        return ImageTableRow(what, where, format_bytes(size), size, format_percent(size / whole) if whole else "")

    return _largest(
        [row(what, f"L{position}", size) for what, position, size in parts],
        lambda more: row(f"{len(more)} more", "", _bytes_of(more)),
    )


def _largest(
    rows: Sequence[ImageTableRow], told_together: Callable[[Sequence[ImageTableRow]], ImageTableRow]
) -> tuple[ImageTableRow, ...]:
    """The largest rows, and one that tells the others together."""
    ordered = sorted(rows, key=lambda row: -abs(row.size_bytes))
    if len(ordered) <= _MOST_ROWS:
        return tuple(ordered)
    return (*ordered[:_MOST_ROWS], told_together(ordered[_MOST_ROWS:]))


def _bytes_of(rows: Iterable[ImageTableRow]) -> int:
    return sum(row.size_bytes for row in rows)


def _image_words(variant: str, whole: int) -> str:
    return f"{format_bytes(whole)} uncompressed in the image of {variant}"


def _bar_row(result: Result, build: Build, image: Image) -> BarRow:
    instructions = _instructions(result, build, image)
    return BarRow(
        build.variant,
        tuple(
            BarPart(
                f"L{at} {step_label(instruction)}" if instruction else f"L{at}",
                layer.compressed_bytes,
                f"L{at} {layer_text(instruction)[:300]} — {format_bytes(layer.compressed_bytes)} compressed,"
                f" {format_bytes(layer.uncompressed_bytes)} uncompressed",
                layer.step is None,
            )
            for at, (layer, instruction) in enumerate(zip(image.layers, instructions, strict=True))
        ),
    )


def _instructions(result: Result, build: Build, image: Image) -> list[str]:
    """Of each layer the step that made it; of the base's what its own history told."""
    summary = result.summary_of(build.image)
    told = [one.instruction for one in summary.layers] if summary else []
    told += [""] * (len(image.layers) - len(told))
    return [
        " ".join(build.steps[layer.step].instruction.split())
        if layer.step is not None and 0 <= layer.step < len(build.steps)
        else text
        for layer, text in zip(image.layers, told, strict=False)
    ]
