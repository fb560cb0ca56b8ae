"""What becomes of every entry of an image: which layer writes it again, and which deletes it.

Rules of OCI image-spec, layer.md: a whiteout removes its path and all below it, an opaque whiteout all below its
folder, both only what lower layers brought; what is no folder hides what lower layers have below its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from layerbench.analysis.anatomy.merge import Placed, paths
from layerbench.image.profile import EntryRow, LayerProfile

Fated: TypeAlias = tuple[EntryRow, int, int | None, EntryRow | None]
"""An entry, the position of its layer, the position of the layer that takes it away (None where it is there in the
end), and the entry of the same path that takes its place (None where it is deleted).

Of two entries of one path in one layer the first is written again by that same layer. Whiteouts are never taken away.
"""

_REMOVERS = frozenset({"whiteout", "opaque"})
# Paths below which layers hide something, with a bit for each such layer: the enclosing ones, outermost first.
_Hiders: TypeAlias = list[tuple[str, int]]


def walk(profiles: Sequence[LayerProfile]) -> Iterator[list[Fated]]:
    """The fate of all entries, path by path in tree order, those of a path from the lowest layer up."""
    hiders: _Hiders = []
    last = ""
    last_bit = 0
    for members in paths(profiles):
        position, row = members[0]
        path = row[0]
        while hiders and not path.startswith(hiders[-1][0]):
            hiders.pop()
        # A path that is no folder hides something only where the next one is below it.
        if last_bit and path.startswith(last) and path[len(last) : len(last) + 1] == "/":
            hiders.append((f"{last}/", (hiders[-1][1] if hiders else 0) | last_bit))
        hidden = hiders[-1][1] if hiders else 0
        if len(members) == 1 and row[1] not in _REMOVERS:
            last, last_bit = path, 0 if row[1] == "folder" else 1 << position
            yield [(row, position, _first_above(hidden, position) if hidden else None, None)]
            continue
        last_bit = 0
        below = _hiding_below(members)
        yield _settle(members, hidden)
        if below:
            hiders.append((f"{path}/" if path else "", hidden | below))


def _first_above(layers: int, position: int) -> int | None:
    """The lowest layer above a position in a set of bits."""
    above = layers >> (position + 1)
    return position + (above & -above).bit_length() if above else None


def _hiding_below(members: Sequence[Placed]) -> int:
    """The layers that hide what lower ones have below this path."""
    layers = 0
    for position, row in members:
        if row[1] != "folder":
            layers |= 1 << position
    return layers


def _settle(members: Sequence[Placed], hidden: int) -> list[Fated]:
    """The fates of the entries of one path, given the layers that take away all of its folder."""
    for position, row in members:
        if row[1] == "whiteout":
            hidden |= 1 << position
    fated: list[Fated] = []
    successor: tuple[int, EntryRow] | None = None
    for position, row in reversed(members):
        if row[1] in _REMOVERS:
            fated.append((row, position, None, None))
            continue
        deleted = _first_above(hidden, position)
        if successor is not None and (deleted is None or successor[0] <= deleted):
            fated.append((row, position, *successor))
        else:
            fated.append((row, position, deleted, None))
        successor = position, row
    fated.reverse()
    return fated
