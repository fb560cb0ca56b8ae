"""What is not the same in two fingerprints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from layerbench.context.models import Entry, FileChange, Fingerprint
from layerbench.context.selection import order_of


def changes(old: Fingerprint, new: Fingerprint) -> tuple[FileChange, ...]:
    """What a build could see that has changed, in the order of the paths.

    A renamed file is removed under its old name, and added with that as its `old_path`. A path can have two changes,
    of its content and of its mode.
    """
    return entry_changes(old.entries, new.entries)


def entry_changes(old: Mapping[str, Entry], new: Mapping[str, Entry]) -> tuple[FileChange, ...]:
    """The same for entries that were selected from two fingerprints."""
    if old == new:
        return ()
    removed = sorted(old.keys() - new.keys(), key=order_of)
    added = sorted(new.keys() - old.keys(), key=order_of)
    found = [FileChange(path, "removed") for path in removed]
    found.extend(_added(old, new, removed, added))
    for path, entry in new.items():
        if path in old and old[path] != entry:
            found.extend(_changed(path, old[path], entry))
    return tuple(sorted(found, key=lambda change: order_of(change.path)))


def _added(
    old: Mapping[str, Entry], new: Mapping[str, Entry], removed: list[str], added: list[str]
) -> Iterator[FileChange]:
    """Added paths, each with the removed one whose content it has; the same name in another folder comes first."""
    free: dict[tuple[str, str], list[str]] = {}
    for path in reversed(removed):
        if (content := _content(old[path])) is not None:
            free.setdefault(content, []).append(path)
    for path in added:
        content = _content(new[path])
        names = free.get(content, []) if content is not None else []
        same_name = [name for name in names if name.rpartition("/")[2] == path.rpartition("/")[2]]
        old_path = None
        if names:
            old_path = (same_name or names)[-1]
            names.remove(old_path)
        yield FileChange(path, "added", old_path)


def _content(entry: Entry) -> tuple[str, str] | None:
    """By what a renamed file is known; None where there is nothing to know it by."""
    if entry.kind == "link":
        return "link", entry.target or ""
    return ("file", entry.digest) if entry.size_bytes and entry.digest is not None else None


def _changed(path: str, old: Entry, new: Entry) -> Iterator[FileChange]:
    if old.kind != new.kind:
        yield FileChange(path, "type")
        return
    if old.target != new.target:
        yield FileChange(path, "target")
    if (old.digest, old.size_bytes) != (new.digest, new.size_bytes):
        yield FileChange(path, "content")
    if old.mode != new.mode:
        yield FileChange(path, "mode")
