"""Changes to a copy that can be taken back."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from layerbench.workspace.files import move, remove_tree, writable
from layerbench.workspace.times import FreshTimes

_FOLDER_MODE = 0o755


class Journal:
    """A copy that is changed by whole entries only: put aside, made, and later put back.

    A file that is a hard link to the person's own is never written to, nor has its mode or time set: it is moved out
    of the way, and a new file takes its place. Taking back moves it in again: the same inode with its content, mode
    and times. Folders belong to the copy and are changed in place; their modes and times are put back, too.

    Paths are relative to `top` and were checked by `layerbench.workspace.paths`.
    """

    def __init__(self, top: Path, aside: Path, *, names_from: Path | None = None) -> None:
        """Start with nothing to take back.

        Args:
            top: the copy; may be set anew when it was renamed.
            aside: an empty folder on the same filesystem, for what is put aside.
            names_from: the folder whose names error messages propose, when not `top`.
        """
        self.top = top
        self.times = FreshTimes()
        self._aside = aside
        self._names_from = names_from
        self._places = 0
        self._undo: list[Callable[[], None]] = []
        self._put_back: list[str] = []

    @property
    def names_from(self) -> Path:
        """The folder whose names error messages propose."""
        return self._names_from or self.top

    def new_place(self) -> Path:
        """Return a path outside the copy, on the same filesystem, where nothing is."""
        self._places += 1
        return self._aside / str(self._places)

    def put_aside(self, path: str) -> Path:
        """Take a file or folder out of the copy; return where it is now, unchanged."""
        place = self.new_place()

        def back() -> None:
            move(place, self.top / path)
            self._put_back.append(path)

        self._change(path, lambda: move(self.top / path, place), back)
        return place

    def make(self, path: str, maker: Callable[[Path], None], *, fresh: bool = True) -> None:
        """Make a file or folder where nothing is, with the folders above it.

        Args:
            path: what to make.
            maker: makes it at the path that it is given, or fails and leaves nothing.
            fresh: whether its files get new modification times.
        """
        self._make_parents(path)
        self._change(path, lambda: maker(self.top / path), lambda: remove_tree(self.top / path))
        if fresh:
            self.times.stamp_below(self.top / path)

    def _make_parents(self, path: str) -> None:
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            if not (self.top / parent).is_dir():
                self._make_folder(str(parent))

    def _make_folder(self, path: str) -> None:
        def make() -> None:
            (self.top / path).mkdir()
            (self.top / path).chmod(_FOLDER_MODE)  # whatever the umask is

        self._change(path, make, lambda: remove_tree(self.top / path))

    def set_folder_mode(self, path: str, mode: int) -> None:
        """Set the permission bits of a folder."""
        before = stat.S_IMODE((self.top / path).lstat().st_mode)
        self._undo.append(lambda: (self.top / path).chmod(before))
        (self.top / path).chmod(mode)

    def set_folder_time(self, path: str) -> None:
        """Set the modification time of a folder to a new one."""
        before = (self.top / path).lstat()
        self._undo.append(lambda: os.utime(self.top / path, ns=(before.st_atime_ns, before.st_mtime_ns)))
        self.times.stamp(self.top / path)

    def _change(self, path: str, do: Callable[[], None], undo: Callable[[], None]) -> None:
        """Change an entry of a folder; taking back restores the folder's times as well."""
        before = (self.top / path).parent.lstat()

        def back() -> None:
            parent = (self.top / path).parent
            with writable(parent):
                undo()
            os.utime(parent, ns=(before.st_atime_ns, before.st_mtime_ns))

        with writable((self.top / path).parent):
            do()
            self._undo.append(back)

    def take_back(self) -> list[str]:
        """Take everything back, last change first; return the paths that were put back."""
        self._put_back = []
        while self._undo:
            self._undo[-1]()
            self._undo.pop()
        return self._put_back

    def forget(self) -> None:
        """Drop what was put aside: the copy was brought back by other means."""
        self._undo.clear()
        remove_tree(self._aside)
        self._aside.mkdir()
