"""One image for a terminal: its layers, its largest packages, folders and files, and its waste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layerbench.analysis.anatomy.models import Anatomy, LayerAnatomy, PackageBytes, PathBytes, Waste
from layerbench.report.anatomy.layout import Field, print_rows
from layerbench.report.anatomy.words import (
    ADDED,
    CHANGED,
    REMOVED,
    UNKNOWN_INSTRUCTION,
    count,
    image_identity,
    package_origin,
    shown_layers,
    shown_path,
    total_bytes,
    waste_title,
)
from layerbench.report.grid import Cell
from layerbench.report.interface import Options
from layerbench.report.page import INDENT, Page, render_page
from layerbench.units import format_bytes, format_percent

_BYTES = Field("uncompressed")
_READING_HELP = (
    "How to read it: uncompressed bytes are shares of the layers' tars, headers and padding included. Layers count from"
    " 0, the base's first; +added ~changed -removed files. What lies in several layers counts in each."
)


def render(anatomy: Anatomy, options: Options, *, top: int) -> str:
    """The image as text.

    Args:
        anatomy: the whole image, or one layer of it (`layerbench.analysis.anatomy.one_layer`).
        options: width, colour and characters.
        top: rows of each list, layers excepted.
    """
    return render_page(options, lambda page: _print(anatomy, page, top))


def _print(anatomy: Anatomy, page: Page, top: int) -> None:
    image = anatomy.image
    sizes = f"{format_bytes(image.compressed_bytes)} compressed, {format_bytes(image.uncompressed_bytes)} uncompressed"
    page.line(f"{image_identity(image)}: {count(len(image.layers), 'layer')}, {sizes}", "bold", hang=2)
    is_whole = len(anatomy.layers) == len(image.layers)
    if not is_whole:
        page.line(f"Of it only layer {shown_layers([layer.position for layer in anatomy.layers])}:", hang=2)
    _print_layers(anatomy.layers, page)
    _print_packages(anatomy.packages, page, top)
    _print_unowned(anatomy.unowned, page, top)
    _print_files(anatomy.files, page, top)
    _print_tree(anatomy.tree, page)
    _print_waste(anatomy.waste, page, top)
    page.blank()
    if is_whole:
        page.line(_efficiency(anatomy), hang=2)
    for note in anatomy.notes:
        page.line(f"Note: {note}", "yellow", hang=2)
    if image.compressed_bytes_source == "gzip":
        page.line("Note: Compressed bytes are what gzip makes of the layers; none are stored.", "yellow", hang=2)
    page.line(_READING_HELP, "dim", hang=2)


def _print_layers(layers: Sequence[LayerAnatomy], page: Page) -> None:
    if not layers:
        return
    page.blank()
    page.line("layers", "bold")
    fields = (
        Field("layer"),
        Field("compressed"),
        _BYTES,
        Field("files"),
        Field("instruction", "left", least_width=12),
    )
    changes = _file_changes(layers)
    rows = [
        (
            Cell(str(layer.position), "dim"),
            Cell(format_bytes(layer.compressed_bytes)),
            Cell(format_bytes(layer.uncompressed_bytes)),
            Cell(change),
            _instruction(layer.instruction),
        )
        for layer, change in zip(layers, changes, strict=True)
    ]
    print_rows(page, fields, rows)


def _print_packages(packages: Sequence[PackageBytes], page: Page, top: int) -> None:
    if not packages:
        return
    page.blank()
    total = sum(package.uncompressed_bytes for package in packages)
    # A package with files in two layers is one package.
    number = len({(package.ecosystem, package.name, package.location) for package in packages})
    page.line(f"largest packages: {count(number, 'package')}, {format_bytes(total)} in all", "bold")
    fields = (
        Field("package", "left", least_width=16),
        Field("version", "left", least_width=8),
        Field("from", "left", least_width=8),
        _BYTES,
        Field("layer"),
    )
    rows = [
        (
            Cell(package.name, "bold"),
            Cell(package.version),
            Cell(_origin(package)),
            Cell(format_bytes(package.uncompressed_bytes)),
            Cell(str(package.layer), "dim"),
        )
        for package in packages[:top]
    ]
    print_rows(page, fields, rows)
    _print_rest([package.uncompressed_bytes for package in packages[top:]], page)


def _print_unowned(folders: Sequence[PathBytes], page: Page, top: int) -> None:
    if not folders:
        return
    page.blank()
    page.line(f"outside of packages: {format_bytes(total_bytes(folders))} in all", "bold")
    fields = (Field("folder", "left", least_width=20), Field("files"), _BYTES, Field("layers"))
    rows = [
        (
            Cell(shown_path(folder.path)),
            Cell(f"{folder.files:,}", "dim"),
            Cell(format_bytes(folder.uncompressed_bytes)),
            Cell(shown_layers(folder.layers), "dim"),
        )
        for folder in folders[:top]
    ]
    print_rows(page, fields, rows)
    _print_rest([folder.uncompressed_bytes for folder in folders[top:]], page)


def _print_files(files: Sequence[PathBytes], page: Page, top: int) -> None:
    if not files:
        return
    page.blank()
    page.line("largest files", "bold")
    fields = (Field("file", "left", least_width=20), _BYTES, Field("layers"))
    rows = [
        (
            Cell(shown_path(file.path)),
            Cell(format_bytes(file.uncompressed_bytes)),
            Cell(shown_layers(file.layers), "dim"),
        )
        for file in files[:top]
    ]
    print_rows(page, fields, rows)


def _print_tree(tree: Sequence[PathBytes], page: Page) -> None:
    if not tree:
        return
    page.blank()
    page.line("folders", "bold")
    fields = (_BYTES, Field("files"), Field("folder", "left", least_width=20))
    rows = [
        (
            Cell(format_bytes(folder.uncompressed_bytes)),
            Cell(f"{folder.files:,}", "dim"),
            Cell(_branch(folder.path)),
        )
        for folder in tree
    ]
    print_rows(page, fields, rows)


def _print_waste(waste: Sequence[Waste], page: Page, top: int) -> None:
    page.blank()
    if not waste:
        page.line("waste: none", "bold")
        return
    page.line(f"waste: {_waste_sums(waste)}", "bold")
    fields = (
        Field("what", "left", least_width=16),
        _BYTES,
        Field("files"),
        Field("layer"),
        Field("where (largest)", "left", least_width=12),
    )
    shown = waste[:top]
    rows = [
        (
            Cell(waste_title(one), "dim" if one.optional else "yellow"),
            Cell(format_bytes(one.uncompressed_bytes)),
            Cell(f"{one.files:,}", "dim"),
            Cell(str(one.layer), "dim"),
            Cell(shown_path(one.paths[0]) if one.paths else ""),
        )
        for one in shown
    ]

    def mend(number: int) -> Iterator[tuple[str, str]]:
        if number and shown[number].mend == shown[number - 1].mend:
            return
        text = f"mend: {shown[number].mend}"
        yield text.replace("…", "...") if page.ascii_only else text, "dim"

    print_rows(page, fields, rows, mend)
    _print_rest([one.uncompressed_bytes for one in waste[top:]], page)


def _print_rest(rest: Sequence[int], page: Page) -> None:
    """What a list that was cut leaves out."""
    if rest:
        page.line(f"and {len(rest):,} more, {format_bytes(sum(rest))} in all", "dim", indent=INDENT)


def _efficiency(anatomy: Anatomy) -> str:
    dive = anatomy.dive
    needless = format_bytes(total_bytes(one for one in anatomy.waste if not one.optional))
    return (
        f"Waste without what is optional: {needless}. In dive's terms: efficiency {dive.efficiency:.2%},"
        f" {format_bytes(dive.wasted_bytes)} wasted, {format_percent(dive.user_wasted_ratio)} of the layers above the"
        " first."
    )


def _waste_sums(waste: Sequence[Waste]) -> str:
    needless = format_bytes(total_bytes(one for one in waste if not one.optional))
    optional = [one for one in waste if one.optional]
    return f"{needless}, and {format_bytes(total_bytes(optional))} that are optional" if optional else needless


def _origin(package: PackageBytes) -> str:
    origin = package_origin(package.ecosystem, package.location)
    if package.environment is None:
        return origin
    return f"{origin.partition(' in ')[0]} in {shown_path(package.environment)}"


def _instruction(instruction: str) -> Cell:
    return Cell(instruction) if instruction else Cell(UNKNOWN_INSTRUCTION, "dim")


def _file_changes(layers: Sequence[LayerAnatomy]) -> list[str]:
    """`+120 ~3 -0` of each layer, aligned."""
    parts = [
        (f"{ADDED}{layer.files_added:,}", f"{CHANGED}{layer.files_changed:,}", f"{REMOVED}{layer.files_removed:,}")
        for layer in layers
    ]
    widths = [max(len(row[at]) for row in parts) for at in range(3)]
    return [" ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in parts]


def _branch(path: str) -> str:
    """The folder's own name, indented by its depth."""
    if not path:
        return "/"
    return f"{'  ' * (path.count('/') + 1)}{path.rpartition('/')[2]}"
