"""Which Dockerfile instruction made which layer, by the history in the image's config.

What BuildKit's Dockerfile frontend writes there, as seen with BuildKit 0.25 and the one in Docker 26.1:

- one entry an instruction, in order; entries without `empty_layer` stand for the layers, in order;
- none for FROM and for ONBUILD; an ARG has one; `WORKDIR /` has one without a layer, every other WORKDIR, RUN, COPY and
  ADD has a layer even when it changes nothing;
- a stage on an earlier stage goes on with that one's entries; ONBUILD triggers of the base, or of the earlier stage,
  come behind the base's entries and before the stage's own;
- RUN keeps the command as it stands (after `/bin/sh -c` or the like, without mounts and other flags), with a heredoc's
  body in place of its name; COPY, ADD, WORKDIR and ENV have their variables filled in, COPY keeps no --from and --link;
- where a base has fewer entries than layers, the exporter makes up for it with entries *at the end*.

So the two are walked side by side from the end, where the instructions are known; what is left over is the base's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layerbench.errors import BuildError
from layerbench.image.models import HistoryEntry
from layerbench.instructions import Instruction

_EXPORTER_COMMENT = "buildkit.exporter."
_NOT_LITERAL = frozenset("$\\`\"'<")


@dataclass(frozen=True, slots=True)
class _Expected:
    """A history entry that an instruction must have left."""

    position: int
    instruction: Instruction
    keyword: str


def attribute_layers(
    history: Sequence[HistoryEntry], layer_count: int, chain: Sequence[Instruction]
) -> tuple[int | None, ...]:
    """Say for each layer which instruction made it.

    Args:
        history: Of the image's config.
        layer_count: Number of its layers.
        chain: All instructions, FROM included, of the stages that make up the image, the one on the external base
            first (`Dockerfile.chain`, its stages' instructions strung together).

    Returns:
        For each layer, the base's first, the position in `chain` of the instruction that made it; for an ONBUILD
        trigger that is the ONBUILD. None for the layers of the external base and of its own triggers.

    Raises:
        BuildError: the history is not what these instructions leave: the image was not built from them.
    """
    positions: list[int | None] = [None] * layer_count
    if not layer_count:
        return ()
    entries = list(history)
    while entries and entries[-1].comment.startswith(_EXPORTER_COMMENT):
        entries.pop()
    layer = layer_count
    for expected in reversed(_expected_entries(chain)):
        entry = entries.pop() if entries else None
        if entry is None or not _is_left_by(entry, expected):
            raise _drift(entry, expected)
        if not entry.empty_layer:
            layer -= 1
            if layer < 0:
                raise _drift(entry, expected)
            positions[layer] = expected.position
    return tuple(positions)


def _expected_entries(chain: Sequence[Instruction]) -> list[_Expected]:
    expected: list[_Expected] = []
    triggers: list[_Expected] = []
    for position, instruction in enumerate(chain):
        if instruction.keyword == "FROM":
            # A stage's triggers fire in the stage on top of it, and only there.
            expected += triggers
            triggers = []
        elif instruction.keyword == "ONBUILD":
            triggers.append(_Expected(position, instruction, instruction.text.split(maxsplit=2)[1].upper()))
        else:
            expected.append(_Expected(position, instruction, instruction.keyword))
    return expected


def _is_left_by(entry: HistoryEntry, expected: _Expected) -> bool:
    keyword, _, rest = entry.created_by.partition(" ")
    if keyword.upper() != expected.keyword:
        return False
    written = " ".join(expected.instruction.value).split()
    if expected.keyword == "RUN":
        return "<<" in "".join(written) or " ".join(written) in " ".join(rest.split())
    if expected.keyword in ("COPY", "ADD") and not _NOT_LITERAL & set("".join(written)):
        return " ".join(written) in " ".join(rest.split())
    return True


def _drift(entry: HistoryEntry | None, expected: _Expected) -> BuildError:
    found = f'"{entry.created_by}"' if entry else "nothing"
    return BuildError(
        f"layers cannot be matched to lines: the image history has {found} where line "
        f'{expected.instruction.line_start}, "{expected.instruction.text}", should be; '
        "build the image again from this Dockerfile"
    )
