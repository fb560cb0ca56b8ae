"""Changed files in words."""

from __future__ import annotations

from collections.abc import Sequence

from layerbench.context.models import FileChange
from layerbench.context.names import shown

_MOST_NAMED = 3


def describe_changes(changes: Sequence[FileChange]) -> str:
    """A clause: `app.py changed (content)`, `a.py was added`."""
    moved = {change.old_path for change in changes if change.old_path}
    told = [change for change in changes if not (change.change == "removed" and change.path in moved)]
    if len(told) == 1:
        return _describe(told[0])
    listed = [f"{shown(change.path) or '/'} ({_word(change)})" for change in told[:_MOST_NAMED]]
    left = len(told) - len(listed)
    if left:
        return f"{', '.join(listed)} and {left:,} more changed"
    return f"{', '.join(listed[:-1])} and {listed[-1]} changed"


def _describe(change: FileChange) -> str:
    name = shown(change.path) or "the folder itself"
    if change.change == "added":
        return f"{shown(change.old_path)} was renamed to {name}" if change.old_path else f"{name} was added"
    if change.change == "removed":
        return f"{name} was removed"
    return f"{name} changed ({_word(change)})"


def _word(change: FileChange) -> str:
    if change.old_path:
        return f"renamed from {shown(change.old_path)}"
    return "link target" if change.change == "target" else change.change
