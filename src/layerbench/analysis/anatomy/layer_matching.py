"""Which layers of two images are each other's counterparts."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from layerbench.analysis.anatomy.models import ImageLayer, LayerDelta

_LEAST_RATIO = 0.6
_MOST_CHARACTERS = 200
"""Longer instructions, such as those with heredocs, are compared by words, …"""
_MOST_WORDS = 100
"""… and those by no more than these."""
_MOST_COMPARISONS = 1000

Pair = tuple[int | None, int | None]
"""Positions in the first and the second image; None where there is no counterpart."""


def match_layers(before: Sequence[ImageLayer], after: Sequence[ImageLayer]) -> tuple[Pair, ...]:
    """Counterparts by content, then by instruction in the same order, then by a similar one in between.

    They come in the order of the second image; layers that only the first has stand behind what they stood behind.
    """
    pairs = _same_content(before, after)
    left = _left(pairs, len(before), len(after))
    unknown = _without_instruction(left[0], before), _without_instruction(left[1], after)
    pairs.update(zip(*unknown, strict=False))
    left = _left(pairs, len(before), len(after))
    same = _in_order(*left, lambda one, other: before[one].instruction == after[other].instruction)
    pairs.update(same)
    anchors = [(-1, -1), *same, (len(before), len(after))]
    for (before_start, after_start), (before_end, after_end) in pairwise(anchors):
        gap_before = [position for position in left[0] if before_start < position < before_end]
        gap_after = [position for position in left[1] if after_start < position < after_end]
        pairs.update(_similar(gap_before, gap_after, before, after))
    return _ordered(pairs, len(before), len(after))


def layer_deltas(before: Sequence[ImageLayer], after: Sequence[ImageLayer]) -> tuple[LayerDelta, ...]:
    """The layers of both images, side by side."""
    return tuple(
        _delta(
            None if one is None else before[one],
            None if other is None else after[other],
            (one, other),
        )
        for one, other in match_layers(before, after)
    )


def _delta(one: ImageLayer | None, other: ImageLayer | None, pair: Pair) -> LayerDelta:
    instruction_before = one.instruction if one else ""
    instruction = other.instruction if other else instruction_before
    return LayerDelta(
        instruction,
        instruction_before if one is not None and instruction_before != instruction else None,
        *pair,
        (other.compressed_bytes if other else 0) - (one.compressed_bytes if one else 0),
        (other.uncompressed_bytes if other else 0) - (one.uncompressed_bytes if one else 0),
        one is not None and other is not None and one.diff_id == other.diff_id,
    )


def _same_content(before: Sequence[ImageLayer], after: Sequence[ImageLayer]) -> dict[int, int]:
    """The n-th layer of a content with the n-th."""
    known: defaultdict[str, deque[int]] = defaultdict(deque)
    for position, layer in enumerate(before):
        known[layer.diff_id].append(position)
    return {
        known[layer.diff_id].popleft(): position for position, layer in enumerate(after) if known.get(layer.diff_id)
    }


def _left(pairs: dict[int, int], before_count: int, after_count: int) -> tuple[list[int], list[int]]:
    taken = set(pairs.values())
    return [one for one in range(before_count) if one not in pairs], [
        other for other in range(after_count) if other not in taken
    ]


def _without_instruction(positions: Sequence[int], layers: Sequence[ImageLayer]) -> list[int]:
    """Layers of a base that tells nothing: all that is known of them is their order."""
    return [position for position in positions if not layers[position].instruction]


def _in_order(
    before: Sequence[int], after: Sequence[int], is_same: Callable[[int, int], bool]
) -> list[tuple[int, int]]:
    """A longest common subsequence."""
    lengths = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for row in range(len(before) - 1, -1, -1):
        for column in range(len(after) - 1, -1, -1):
            lengths[row][column] = (
                lengths[row + 1][column + 1] + 1
                if is_same(before[row], after[column])
                else max(lengths[row + 1][column], lengths[row][column + 1])
            )
    found, row, column = [], 0, 0
    while row < len(before) and column < len(after):
        if is_same(before[row], after[column]):
            found.append((before[row], after[column]))
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            row += 1
        else:
            column += 1
    return found


def _similar(
    gap_before: Sequence[int], gap_after: Sequence[int], before: Sequence[ImageLayer], after: Sequence[ImageLayer]
) -> dict[int, int]:
    """The most similar ones first. Where there are too many to compare all, none is."""
    if len(gap_before) * len(gap_after) > _MOST_COMPARISONS:
        return {}
    ratios = [
        (ratio, one, other)
        for one in gap_before
        for other in gap_after
        if (ratio := _likeness(before[one].instruction, after[other].instruction)) >= _LEAST_RATIO
    ]
    found: dict[int, int] = {}
    for _, one, other in sorted(ratios, key=lambda rated: (-rated[0], rated[1], rated[2])):
        if one not in found and other not in found.values():
            found[one] = other
    return found


def _likeness(one: str, other: str) -> float:
    """Ratio of what two instructions share, 0 if their keywords differ or it is less than counts."""
    if one.partition(" ")[0].upper() != other.partition(" ")[0].upper():
        return 0.0
    matcher: SequenceMatcher[str]
    if max(len(one), len(other)) <= _MOST_CHARACTERS:
        matcher = SequenceMatcher(None, one, other, autojunk=False)
    else:
        words, other_words = (text.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS] for text in (one, other))
        matcher = SequenceMatcher(None, words, other_words, autojunk=False)
    is_possible = matcher.real_quick_ratio() >= _LEAST_RATIO and matcher.quick_ratio() >= _LEAST_RATIO
    return matcher.ratio() if is_possible else 0.0


def _ordered(pairs: dict[int, int], before_count: int, after_count: int) -> tuple[Pair, ...]:
    counterpart = {other: one for one, other in pairs.items()}
    behind: defaultdict[int, list[int]] = defaultdict(list)
    last = -1
    for one in range(before_count):
        if one in pairs:
            last = pairs[one]
        else:
            behind[last].append(one)
    ordered: list[Pair] = [(one, None) for one in behind[-1]]
    for other in range(after_count):
        ordered.append((counterpart.get(other), other))
        ordered.extend((one, None) for one in behind[other])
    return tuple(ordered)
