"""One row of waste while it adds up."""

from __future__ import annotations

from dataclasses import dataclass, field

from layerbench.image.profile import EntryRow

_MOST_PATHS = 5
# Folders that say nothing about what they hold.
_GENERAL = frozenset({"", "usr", "usr/lib", "usr/share", "usr/local", "usr/local/lib", "var", "var/lib", "etc", "opt"})


@dataclass(slots=True)
class WasteSum:
    """What several entries come to."""

    uncompressed_bytes: int = 0
    content_bytes: int = 0
    same_content_bytes: int = 0
    """Share of those that are written again with the same content."""
    files: int = 0
    _folder: str | None = None
    _largest: list[tuple[int, str]] = field(default_factory=list)

    def add(self, row: EntryRow, successor: EntryRow | None = None) -> None:
        """Count an entry, and note whether what takes its place has the same content."""
        path, kind, _, share, content_bytes, digest, _ = row
        self.uncompressed_bytes += share
        self.content_bytes += content_bytes
        if successor is not None and successor[5] == digest and successor[1] == kind and successor[6] == row[6]:
            self.same_content_bytes += share
        if kind == "folder":
            return
        self.files += 1
        self._shrink_folder(path)
        if len(self._largest) < _MOST_PATHS or share > self._largest[-1][0]:
            self._largest = sorted([*self._largest, (share, path)], key=lambda one: (-one[0], one[1]))[:_MOST_PATHS]

    def include(self, other: WasteSum) -> None:
        """Count all that another sum has."""
        self.uncompressed_bytes += other.uncompressed_bytes
        self.content_bytes += other.content_bytes
        self.same_content_bytes += other.same_content_bytes
        self.files += other.files
        if other._folder is not None:
            self._shrink_folder(f"{other._folder}/" if other._folder else "")
        largest = [*self._largest, *other._largest]
        self._largest = sorted(largest, key=lambda one: (-one[0], one[1]))[:_MOST_PATHS]

    @property
    def paths(self) -> tuple[str, ...]:
        """The folder that holds all files if there are many and it is a telling one, or else the largest files."""
        if self.files > _MOST_PATHS and self._folder is not None and self._folder not in _GENERAL:
            return (self._folder,)
        return tuple(path for _, path in self._largest)

    def _shrink_folder(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        if self._folder is None:
            self._folder = folder
        while self._folder and folder != self._folder and not folder.startswith(f"{self._folder}/"):
            self._folder = self._folder.rpartition("/")[0]
