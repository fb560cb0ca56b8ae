"""What changed between two images in GitHub's Markdown, for a pull request: totals, with details folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layerbench.analysis.anatomy.models import ImageDiff, LayerDelta, PackageDelta, PathDelta
from layerbench.report.anatomy.words import (
    image_identity,
    layer_mark,
    layer_text,
    more_deltas,
    package_places,
    path_change,
    same_layers,
    section_title,
    total_rows,
)
from layerbench.report.printable import markdown_code, markdown_table, markdown_text
from layerbench.units import format_bytes, format_bytes_delta

_LONGEST = 200
"""Characters of a name or an instruction; a comment has room for 65,536."""


def render(diff: ImageDiff, *, top: int) -> str:
    """The difference as Markdown; each list has at most `top` rows."""
    return "".join(f"{line}\n" for line in _lines(diff, top))


def _lines(diff: ImageDiff, top: int) -> Iterator[str]:
    yield f"## {_code(diff.before.name)} → {_code(diff.after.name)}: {_verdict(diff)}"
    yield ""
    rows = [(row.name, row.before, row.after, f"**{row.delta}**", row.percent) for row in total_rows(diff)]
    yield from markdown_table(("", "before", "after", "difference", ""), rows, left=1)
    yield from _packages(diff.packages, top)
    yield from _layers(diff, top)
    yield from _unowned(diff.unowned, top)
    yield from _files(diff.files, top)
    if diff.notes or diff.unattributed_bytes:
        yield ""
    if diff.unattributed_bytes:
        yield f"- Unattributed: {format_bytes(diff.unattributed_bytes)}"
    yield from (f"- Note: {markdown_text(note)}" for note in diff.notes)
    yield ""
    identities = f"{image_identity(diff.before)} → {image_identity(diff.after)}"
    yield f"<sub>{markdown_text(_cut(identities))}</sub>"


def _verdict(diff: ImageDiff) -> str:
    compressed, uncompressed = total_rows(diff)
    row = uncompressed if diff.compressed_bytes_delta is None else compressed
    return f"{row.delta} {row.name} ({row.percent})" if row.percent else f"{row.delta} {row.name}"


def _packages(packages: Sequence[PackageDelta], top: int) -> Iterator[str]:
    if not packages:
        return
    yield from _details(section_title("Packages", packages))
    rows = [
        (
            _code(package.name),
            markdown_text(_cut(package_places(package, "→"))),
            markdown_text(_cut(package.before or "")),
            markdown_text(_cut(package.after or "")),
            format_bytes_delta(package.uncompressed_bytes_delta),
        )
        for package in packages[:top]
    ]
    yield from markdown_table(("package", "from", "before", "after", "difference"), rows, left=4)
    yield from _end(packages[top:])


def _layers(diff: ImageDiff, top: int) -> Iterator[str]:
    differing = [layer for layer in diff.layers if not layer.is_same]
    if not differing:
        yield from ("", markdown_text(same_layers(diff)))
        return
    verb = "differs" if len(differing) == 1 else "differ"
    yield from _details(f"Layers: {len(differing)} {verb}; {same_layers(diff)}")
    columns = 4 if diff.compressed_bytes_delta is not None else 3
    rows = [_layer(layer)[:columns] for layer in differing[:top]]
    yield from markdown_table(("", "instruction", "uncompressed", "compressed")[:columns], rows, left=2)
    if differing[top:]:
        yield from ("", f"and {len(differing) - top} more")
    yield from ("", "</details>")


def _layer(layer: LayerDelta) -> tuple[str, ...]:
    text = _code(layer_text(layer.instruction))
    if layer.instruction_before is not None:
        text += f"<br>changed from {_code(layer_text(layer.instruction_before))}"
    deltas = layer.uncompressed_bytes_delta, layer.compressed_bytes_delta
    return (_code(layer_mark(layer)), text, *map(format_bytes_delta, deltas))


def _unowned(folders: Sequence[PathDelta], top: int) -> Iterator[str]:
    if not folders:
        return
    yield from _details(section_title("Outside of packages", folders))
    rows = [(_code(path_change(path)), format_bytes_delta(path.uncompressed_bytes_delta)) for path in folders[:top]]
    yield from markdown_table(("folder", "difference"), rows, left=1)
    yield from _end(folders[top:])


def _files(files: Sequence[PathDelta], top: int) -> Iterator[str]:
    if not files:
        return
    yield from _details(section_title("Files", files))
    rows = [
        (
            _code(path_change(path)),
            markdown_text(_cut(path.package or "")),
            format_bytes_delta(path.uncompressed_bytes_delta),
        )
        for path in files[:top]
    ]
    yield from markdown_table(("file", "package", "difference"), rows, left=2)
    yield from _end(files[top:])


def _details(summary: str) -> Iterator[str]:
    yield from ("", f"<details><summary>{markdown_text(summary)}</summary>", "")


def _end(rest: Sequence[PackageDelta | PathDelta]) -> Iterator[str]:
    if rest:
        yield from ("", more_deltas(rest))
    yield from ("", "</details>")


def _code(text: str) -> str:
    return markdown_code(_cut(text))


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 + 1 :]}"
