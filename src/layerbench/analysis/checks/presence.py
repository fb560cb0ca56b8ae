"""Whether files or packages are in an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from layerbench.analysis.checks.conditions import PresenceCondition
from layerbench.analysis.checks.findings import Finding
from layerbench.analysis.checks.growth import Source, reference_of
from layerbench.analysis.checks.models import Place
from layerbench.analysis.wording import join_words, step_label
from layerbench.config.names import fits
from layerbench.results.models import Build, ImageSummary
from layerbench.units import format_bytes

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import ImageContents

_MOST_NAMED = 3
_NO_FILES = frozenset({"folder", "whiteout", "opaque"})
_PATH_PART = re.compile(r"(?P<folders>\*\*/)|(?P<all>\*\*)|(?P<some>\*)|(?P<one>\?)|(?P<text>.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file or package that fits, with the layer that has it."""

    name: str
    uncompressed_bytes: int
    layer: int


def find(condition: PresenceCondition, head: Source) -> Finding:
    """Confirm or refute that something is in the image that stands for a variant, or that it is not."""
    measured = head.measured
    scenario = reference_of(head.figures, condition.variant)
    build = measured.image_build(condition.variant, scenario) if measured and scenario else None
    if measured is None or build is None:
        return Finding("not-measured", f"This run has no image of {condition.variant}.")
    contents = head.contents(build)
    if contents is not None:
        found = list(
            _files(contents, condition.pattern) if condition.what == "file" else _packages(contents, condition)
        )
        return _finding(condition, found, measured.dockerfile(condition.variant), build, is_whole=True)
    summary = head.measured.result.summary_of(build.image) if head.measured else None
    if summary is None:
        return Finding("not-measured", f"What is in the image of {condition.variant} was not kept.")
    found, is_whole = _summarised(condition, summary)
    return _finding(condition, found, measured.dockerfile(condition.variant), build, is_whole=is_whole)


def path_fits(path: str, pattern: str) -> bool:
    """Whether a path is like a pattern: `*` stays within a folder, `**` crosses them. A `/` in front is left aside."""
    return _path_pattern(pattern.lstrip("/")).fullmatch(path.lstrip("/")) is not None


@cache
def _path_pattern(pattern: str) -> re.Pattern[str]:
    words = {"folders": "(?:.*/)?", "all": ".*", "some": "[^/]*", "one": "[^/]"}
    parts = (words.get(match.lastgroup or "") or re.escape(match[0]) for match in _PATH_PART.finditer(pattern))
    return re.compile("".join(parts), re.DOTALL)


def _files(contents: ImageContents, pattern: str) -> Iterator[_Found]:
    """Files that are there in the end, not those that a later layer takes away."""
    from layerbench.analysis.anatomy.walk import walk

    for members in walk([layer.profile for layer in contents.layers]):
        row, layer, later, _ = members[-1]
        if later is None and row[1] not in _NO_FILES and path_fits(row[0], pattern):
            yield _Found(f"/{row[0]}", row[3], layer)


def _packages(contents: ImageContents, condition: PresenceCondition) -> Iterator[_Found]:
    from layerbench.analysis.anatomy.examine import examine

    wanted = {
        package.name
        for layer in contents.layers
        for package in layer.profile.packages
        if fits(package.name, condition.pattern)
    }
    if not wanted:
        return
    for one in examine(contents, top=1).packages:
        if one.name in wanted:
            yield _Found(f"{one.name} {one.version}", one.uncompressed_bytes, one.layer)


def _summarised(condition: PresenceCondition, summary: ImageSummary) -> tuple[list[_Found], bool]:
    """What fits of the largest that a summary names, and whether it names all that there are."""
    found = []
    is_whole = True
    for at, layer in enumerate(summary.layers):
        if condition.what == "package":
            packages = layer.packages.largest
            found += [
                _Found(f"{one.name} {one.version}", one.uncompressed_bytes, at)
                for one in packages
                if fits(one.name, condition.pattern)
            ]
            is_whole = is_whole and len(packages) == layer.packages.count
        else:
            files = layer.files.largest
            found += [
                _Found(f"/{one.path}", one.uncompressed_bytes, at)
                for one in files
                if path_fits(one.path, condition.pattern)
            ]
            is_whole = is_whole and len(files) >= layer.files.added + layer.files.changed
    return found, is_whole


def _finding(
    condition: PresenceCondition, found: list[_Found], dockerfile: Place | None, build: Build, *, is_whole: bool
) -> Finding:
    what = f'{condition.what} like "{condition.pattern}"'
    if not found:
        if not is_whole:
            text = f"None of the largest is a {what}; all of them stand in the side file, which is not there."
            return Finding("not-measured", text, dockerfile)
        outcome: bool = not condition.is_there
        return Finding("confirmed" if outcome else "refuted", f"No {what} is in {condition.variant}.", dockerfile)
    named = [f"{one.name} ({format_bytes(one.uncompressed_bytes)}{_made_by(build, one.layer)})" for one in found]
    more = [f"{len(named) - _MOST_NAMED} more"] if len(named) > _MOST_NAMED else []
    text = f"{condition.variant} has {join_words([*named[:_MOST_NAMED], *more])}."
    line = _line(build, found[0].layer)
    place = Place(dockerfile.path, line) if dockerfile else None
    return Finding("confirmed" if condition.is_there else "refuted", text, place)


def _made_by(build: Build, layer: int) -> str:
    step = build.image.layers[layer].step if build.image and layer < len(build.image.layers) else None
    if step is None or not 0 <= step < len(build.steps):
        return ", from the base"
    return f", from {step_label(build.steps[step].instruction)}"


def _line(build: Build, layer: int) -> int | None:
    step = build.image.layers[layer].step if build.image and layer < len(build.image.layers) else None
    return build.steps[step].line_start if step is not None and 0 <= step < len(build.steps) else None
