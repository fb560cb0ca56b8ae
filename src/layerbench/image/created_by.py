"""Instructions as an image's own history tells them, for images whose Dockerfile nobody has at hand.

BuildKit writes `RUN |1 A=x /bin/sh -c make # buildkit`; the classic builder wrote `|1 A=x /bin/sh -c make` and, for
what runs nothing, `/bin/sh -c #(nop) COPY file:… in /app `.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from layerbench.image.models import HistoryEntry

_EXPORTER_COMMENT = "buildkit.exporter."
_BUILDKIT = "# buildkit"
_NO_OPERATION = "#(nop) "
# The shell and its flags, as in `/bin/bash -o pipefail -c `; a flag's value is a word such as `pipefail`. The numbers
# bound what a made-up history costs.
_SHELL = re.compile(r"/\S{1,60} (?:-\S{1,20} (?:[a-z]{1,20} )?){0,8}?-[a-z]{0,8}c ")
_MOST_ARGUMENTS_BYTES = 1 << 16
# The arguments' values are not quoted, so the shell behind them is what ends them.
_BUILD_ARGUMENTS = re.compile(rf"\|\d{{1,4}} .*?(?={_SHELL.pattern})", re.DOTALL)
_CONTENT_HASH = re.compile(r"\b(file|dir|multi):[0-9a-f]{64}\b")


def layer_instructions(history: Sequence[HistoryEntry], layer_count: int) -> tuple[str, ...]:
    """The instruction that made each layer, the base's first; "" where nothing tells.

    Layers that an exporter made entries up for have no instruction. They and others that lack an entry are the first
    ones, as `layerbench.image.history` found.
    """
    entries = list(history)
    while entries and entries[-1].comment.startswith(_EXPORTER_COMMENT) and not entries[-1].created_by:
        entries.pop()
    found = [readable_instruction(entry) for entry in entries if not entry.empty_layer]
    missing = max(0, layer_count - len(found))
    return (*[""] * missing, *found[max(0, len(found) - layer_count) :])


def readable_instruction(entry: HistoryEntry) -> str:
    """One history entry as a Dockerfile would say it, on one line; of an imported layer its comment."""
    text = entry.created_by.strip().removesuffix(_BUILDKIT).rstrip()
    if not text:
        return _folded(entry.comment)
    command = text.removeprefix("RUN ").lstrip()
    arguments = _BUILD_ARGUMENTS.match(command, 0, _MOST_ARGUMENTS_BYTES)
    command = command[arguments.end() :] if arguments else command
    shell = _SHELL.match(command)
    if shell is None:
        return _folded(text)
    command = command[shell.end() :].lstrip()
    if command.startswith(_NO_OPERATION):
        return _folded(_CONTENT_HASH.sub(r"\1:…", command.removeprefix(_NO_OPERATION)))
    return _folded(f"RUN {command}")


def _folded(text: str) -> str:
    return " ".join(text.split())
