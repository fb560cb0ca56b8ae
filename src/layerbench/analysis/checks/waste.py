"""What an image could do without, of what the variant's own steps brought in.

What the base wastes is not the Dockerfile's to mend: it is in no figure here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from layerbench.analysis.steps import line_of_layer
from layerbench.results.image_models import WasteSummary
from layerbench.results.models import Build, Image, Result
from layerbench.units import format_bytes, format_bytes_delta

_MOST = 5


def own_waste(result: Result, image: Image) -> tuple[WasteSummary, ...] | None:
    """Waste in the layers that steps made, what is a matter of taste included; None where nobody looked for any."""
    summary = result.summary_of(image)
    return tuple(one for one in summary.waste if _is_own(image, one.layer)) if summary else None


def needless_bytes(waste: Iterable[WasteSummary]) -> int:
    """Bytes of waste; what is a matter of taste is not counted."""
    return sum(_by_kind(waste).values())


def waste_causes(after: Iterable[WasteSummary], before: Iterable[WasteSummary] | None) -> tuple[str, ...]:
    """The kinds of waste that grew since `before`, or all of them without it, the largest first."""
    shown = format_bytes if before is None else format_bytes_delta
    return tuple(f"{kind}: {shown(count)}" for kind, count in _grown(after, before).most_common(_MOST))


def line_of_waste(
    build: Build, after: Sequence[WasteSummary], before: Iterable[WasteSummary] | None = None
) -> int | None:
    """The line of the step with the largest piece of the kind that grew the most, or of the largest kind."""
    for kind, _ in _grown(after, before).most_common(1):
        pieces = [one for one in after if one.kind == kind and not one.optional]
        return line_of_layer(build, max(pieces, key=lambda one: one.uncompressed_bytes).layer)
    return None


def _is_own(image: Image, layer: int) -> bool:
    return 0 <= layer < len(image.layers) and image.layers[layer].step is not None


def _grown(after: Iterable[WasteSummary], before: Iterable[WasteSummary] | None) -> Counter[str]:
    """Bytes by kind that there are more than before."""
    return _by_kind(after) - _by_kind(before or ())


def _by_kind(waste: Iterable[WasteSummary]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for one in waste:
        if not one.optional:
            kinds[one.kind] += one.uncompressed_bytes
    return kinds
