"""What layers come to, the plain way: the whole file system in a dict, layer after layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from layerbench.image.profile import Entry

Layers = Sequence[Sequence[Entry]]
_REMOVERS = ("whiteout", "opaque")


def is_below(path: str, folder: str) -> bool:
    return path != folder and (not folder or path.startswith(f"{folder}/"))


@dataclass
class Fate:
    """Of one entry."""

    entry: Entry
    layer: int
    later: int | None = None
    successor: Entry | None = None


@dataclass
class Overlay:
    """All fates, and the files that each layer adds, changes and removes."""

    fates: list[Fate] = field(default_factory=list)
    counts: list[tuple[int, int, int]] = field(default_factory=list)


def overlay(layers: Layers) -> Overlay:
    result = Overlay()
    there: dict[str, Fate] = {}
    for position, entries in enumerate(layers):
        before = _files(there)
        own = {entry.path for entry in entries if entry.kind not in _REMOVERS}
        for path in [path for path in there if path not in own and _is_hidden(path, entries)]:
            there.pop(path).later = position
        for entry in entries:
            fate = Fate(entry, position)
            result.fates.append(fate)
            if entry.kind in _REMOVERS:
                continue
            if entry.path in there:
                there[entry.path].later = position
                there[entry.path].successor = entry
            there[entry.path] = fate
        after = _files(there)
        written = {path for path in after if there[path].layer == position}
        result.counts.append((len(written - before), len(written & before), len(before - after)))
    return result


def _files(there: dict[str, Fate]) -> set[str]:
    return {path for path, fate in there.items() if fate.entry.kind != "folder"}


def _is_hidden(path: str, entries: Iterable[Entry]) -> bool:
    return any(
        (entry.kind == "whiteout" and entry.path == path) or (entry.kind != "folder" and is_below(path, entry.path))
        for entry in entries
    )


def dive(layers: Layers) -> tuple[float, int, float]:
    """Efficiency, wasted bytes and their ratio, by the definitions in `layerbench.analysis.anatomy.dive`."""
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    stacked: dict[str, Entry] = {}
    for entries in layers:
        brought = {entry.path: entry for entry in entries if entry.kind not in _REMOVERS}
        removed = {entry.path for entry in entries if entry.kind == "whiteout"}
        for path, entry in brought.items():
            if entry.kind != "folder" or not any(is_below(other, path) for other in (*brought, *removed)):
                sizes[path].append(entry.content_bytes)
        for path in removed:
            if path in stacked and stacked[path].kind == "folder":
                sizes[path].append(sum(one.content_bytes for other, one in stacked.items() if is_below(other, path)))
            else:
                sizes[path].append(0)
        for path in [path for path in stacked if any(path == one or is_below(path, one) for one in removed)]:
            del stacked[path]
        stacked.update(brought)
    every = sum(map(sum, sizes.values()))
    wasted = sum(sum(several) for several in sizes.values() if len(several) > 1)
    upper = sum(entry.content_bytes for entries in layers[1:] for entry in entries)
    return (sum(map(min, sizes.values())) / every if every else 1.0, wasted, wasted / upper if upper else 0.0)
