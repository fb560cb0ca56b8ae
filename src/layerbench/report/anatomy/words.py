"""Names of what is found in images; the same for the terminal and for Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from layerbench.analysis.anatomy.models import (
    ImageContents,
    ImageDiff,
    LayerDelta,
    PackageDelta,
    PathBytes,
    PathDelta,
    Waste,
    WasteKind,
)
from layerbench.units import format_bytes, format_bytes_delta, format_percent

ADDED, CHANGED, REMOVED = "+", "~", "-"
UNKNOWN_INSTRUCTION = "(nothing says what made it)"

_SHORT_DIGEST = re.compile(r"^(?P<algorithm>[a-z0-9+._-]+:)(?P<start>[0-9a-f]{12})[0-9a-f]+$")
_ECOSYSTEMS = {"debian": "Debian", "alpine": "Alpine", "rpm": "RPM", "python": "Python", "node": "Node"}
# `usr/local/lib/python3.12/site-packages` says no more than `usr/local`, nor `app/node_modules/a` more than `app`.
_SITE_PACKAGES = re.compile(r"(?:^|/)lib(?:64)?/(?:python|pypy)[\d.]*/(?:site|dist)-packages$")
_NODE_MODULES = re.compile(r"(?:^|/)node_modules/.*$")
_WASTE_WORDS: dict[WasteKind, str] = {
    "overwritten": "written again",
    "deleted": "deleted",
    "pycache-twice": "__pycache__ made twice",
    "apt-lists": "apt's package lists",
    "apt-archives": "apt's package archives",
    "apk-cache": "apk's cache",
    "rpm-cache": "dnf's cache",
    "pip-cache": "pip's cache",
    "npm-cache": "npm's cache",
    "yarn-cache": "yarn's cache",
    "uv-cache": "uv's cache",
    "poetry-cache": "poetry's cache",
    "build-tools": "build tools",
    "headers": "headers",
    "git": "git repository",
    "venv-installer": "installer in a venv",
    "tests": "tests of packages",
    "docs": "docs of packages",
    "duplicate": "duplicate files",
}
_MARKS = {"added": ADDED, "changed": CHANGED, "removed": REMOVED}


def count(number: int, noun: str) -> str:
    """`1 file`, `1,234 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def short_digest(digest: str) -> str:
    """A digest as people quote it: twelve digits."""
    found = _SHORT_DIGEST.match(digest)
    return f"{found['algorithm']}{found['start']}" if found else digest


def image_identity(image: ImageContents) -> str:
    """Name, platform and digest, as far as they are known."""
    digest = short_digest(image.manifest_digest or image.config_digest)
    return ", ".join(part for part in (image.name, image.platform, digest) if part)


def diff_title(diff: ImageDiff, arrow: str = "->") -> str:
    """Both images by name; the platform once where it is the same."""
    before, after = diff.before, diff.after
    if before.platform == after.platform:
        return f"{before.name} {arrow} {after.name}{f', {after.platform}' if after.platform else ''}"
    first, second = (f"{one.name} ({one.platform or 'platform not known'})" for one in (before, after))
    return f"{first} {arrow} {second}"


def shown_path(path: str) -> str:
    """A path as it is in a container."""
    return f"/{path}"


def shown_layers(positions: Sequence[int]) -> str:
    """Positions with runs drawn together: `0`, `2-4, 7`."""
    runs = []
    for _, run in groupby(enumerate(positions), lambda numbered: numbered[1] - numbered[0]):
        members = [position for _, position in run]
        runs.append(f"{members[0]}-{members[-1]}" if len(members) > 1 else f"{members[0]}")
    return ", ".join(runs)


def package_origin(ecosystem: str, location: str) -> str:
    """Where a package comes from, and where it is if that says something: `Debian`, `Python in /venv`."""
    name = _ECOSYSTEMS.get(ecosystem, ecosystem)
    if ecosystem not in {"python", "node"}:
        return name
    place = (_SITE_PACKAGES if ecosystem == "python" else _NODE_MODULES).sub("", location)
    return f"{name} in {shown_path(place)}"


def package_places(package: PackageDelta, arrow: str = "->") -> str:
    """Where a package comes from, and where to it moved: `Python in /usr/local -> /venv`."""
    origin = package_origin(package.ecosystem, package.location)
    if package.location_before is None:
        return origin
    _, _, place = origin.rpartition(" in ")
    return f"{package_origin(package.ecosystem, package.location_before)} {arrow} {place}"


def package_change(package: PackageDelta) -> str:
    """`+ numpy 2.2.1`, `- numpy 2.1.0`, `~ numpy 2.1.0 -> 2.2.1`."""
    if package.before is None:
        return f"{ADDED} {package.name} {package.after or ''}".rstrip()
    if package.after is None:
        return f"{REMOVED} {package.name} {package.before}".rstrip()
    versions = package.after if package.before == package.after else f"{package.before} -> {package.after}"
    return f"{CHANGED} {package.name} {versions}".rstrip()


def path_change(path: PathDelta) -> str:
    """`+ /app/a.py`."""
    return f"{_MARKS[path.change]} {shown_path(path.path)}"


def waste_title(waste: Waste) -> str:
    """What kind of waste it is."""
    words = _WASTE_WORDS[waste.kind]
    if waste.later_layer is not None:
        words += f" in layer {waste.later_layer}"
    return f"{words} (optional)" if waste.optional else words


def total_bytes(parts: Iterable[PathBytes | Waste]) -> int:
    """Sum of their bytes."""
    return sum(part.uncompressed_bytes for part in parts)


def total_delta(parts: Iterable[PackageDelta | PathDelta]) -> int:
    """Sum of their differences."""
    return sum(part.uncompressed_bytes_delta for part in parts)


def more_deltas(rest: Sequence[PackageDelta | PathDelta]) -> str:
    """What stands under a list that was cut."""
    return f"and {len(rest):,} more, {format_bytes_delta(total_delta(rest))} in all"


@dataclass(frozen=True, slots=True)
class TotalRow:
    """One of the two sizes of an image, before and after."""

    name: str
    before: str
    after: str
    delta: str
    """Says why there is none where the two do not compare."""
    percent: str


def total_rows(diff: ImageDiff) -> tuple[TotalRow, TotalRow]:
    """Compressed and uncompressed bytes."""
    before, after = diff.before, diff.after
    return (
        _total_row("compressed", before.compressed_bytes, after.compressed_bytes, diff.compressed_bytes_delta),
        _total_row("uncompressed", before.uncompressed_bytes, after.uncompressed_bytes, diff.uncompressed_bytes_delta),
    )


def layer_mark(layer: LayerDelta) -> str:
    """Whether one image only has it."""
    if layer.position_before is None:
        return ADDED
    return REMOVED if layer.position_after is None else CHANGED


def layer_text(instruction: str) -> str:
    """The instruction, or that it is not known."""
    return instruction or UNKNOWN_INSTRUCTION


def same_layers(diff: ImageDiff) -> str:
    """What stayed, in a line."""
    number = diff.unchanged_layers
    if not number:
        return "no layer is the same"
    everything = number == len(diff.layers)
    subject = f"{'all ' if everything and number > 1 else ''}{count(number, 'layer')}"
    return f"{subject} {'is' if number == 1 else 'are'} the same ({format_bytes(diff.unchanged_uncompressed_bytes)})"


def section_title(title: str, parts: Sequence[PackageDelta | PathDelta]) -> str:
    """What a list of differences holds: `packages: 60 differ, -261.9 MB`."""
    verb = "differs" if len(parts) == 1 else "differ"
    return f"{title}: {len(parts):,} {verb}, {format_bytes_delta(total_delta(parts))}"


def _total_row(name: str, before: int, after: int, delta: int | None) -> TotalRow:
    shown = format_bytes(before), format_bytes(after)
    if delta is None:
        return TotalRow(name, *shown, "not of the same kind", "")
    percent = format_percent(delta / before) if before and delta else ""
    return TotalRow(name, *shown, format_bytes_delta(delta), f"+{percent}" if percent and delta > 0 else percent)
