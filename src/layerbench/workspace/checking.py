"""Finding edits that cannot work, or would change nothing, before anything is built."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from layerbench.config.models import Delete, Edit, Patch, Rename, Run
from layerbench.errors import UsageError
from layerbench.workspace.edits import check_form, edit_errors, perform, with_nonce
from layerbench.workspace.errors import refusals, shown
from layerbench.workspace.files import copy_entry, remove_tree, writable
from layerbench.workspace.journal import Journal
from layerbench.workspace.links import links_below, refuse_links_back
from layerbench.workspace.patching import named_files
from layerbench.workspace.paths import relative_path


def check_edits(source: Path, edits: Sequence[Edit]) -> None:
    """Try a scenario's edits on copies of just the files that they name.

    Of what follows a command (`run`) only the form is checked: what it will find there cannot be known.

    Args:
        source: the context; it is only read.
        edits: in their order; a later one may name what an earlier one makes.

    Raises:
        UsageError: an edit names what is not there, leaves the context, does not apply or changes nothing. The
            sentence starts with the edit's name.
        LayerbenchError: git is missing, or the operating system refused.
    """
    if not source.is_dir():
        raise UsageError(f"the context {shown(str(source))} is not a folder")
    with refusals("cannot make a temporary folder to try edits in"):
        folder = Path(tempfile.mkdtemp(prefix="layerbench-check-"))
    try:
        scratch = _Scratch(source, folder)
        nonce = secrets.token_hex(8)
        command_seen = False
        for edit in edits:
            with edit_errors(edit):
                filled = with_nonce(edit, nonce)
                check_form(filled)
                if isinstance(filled, Run) and not command_seen:
                    refuse_links_back(links_below(source), source)
                    command_seen = True
                if not command_seen:
                    scratch.perform(filled)
    finally:
        remove_tree(folder)


class _Scratch:
    """A copy of a context that is filled as names come up."""

    def __init__(self, source: Path, folder: Path) -> None:
        self._source = source.resolve()
        self._top = folder / "top"
        self._top.mkdir()
        (folder / "aside").mkdir()
        self._journal = Journal(self._top, folder / "aside", names_from=self._source)
        self._filled: set[str] = set()
        self._gone: set[str] = set()

    def perform(self, edit: Edit) -> None:
        """Carry out an edit on what it names."""
        match edit:
            case Patch(diff=diff):
                for name in named_files(diff):
                    self._fill(relative_path(name))
            case Rename(path=path, to=to):
                # The folder goes to its new path with all that is in it.
                self._fill(relative_path(path), whole=True)
                self._fill(relative_path(to))
            case Run():
                return
            case _:
                self._fill(relative_path(edit.path))
        perform(self._journal, edit)
        if isinstance(edit, Delete | Rename):
            self._gone.add(relative_path(edit.path))

    def _fill(self, path: str, *, whole: bool = False) -> None:
        """Copy what is at a path of the source, and the folders above it, unless that was done before.

        Where an edit removed something, the source no longer tells what is there.
        """
        steps = [*map(str, reversed(PurePosixPath(path).parents[:-1])), path]
        for step in steps:
            if step in self._gone or not os.path.lexists(self._source / step):
                return
            if not _is_folder((self._top / step).parent):
                return
            # A patch that takes away a folder's only file named so far takes away the folder here, not in the context.
            emptied = _is_folder(self._source / step) and not os.path.lexists(self._top / step)
            if step not in self._filled or emptied:
                self._filled.add(step)
                self._copy(step)
        if whole and _is_folder(self._source / path):
            for entry in sorted((self._source / path).iterdir()):
                self._fill(f"{path}/{entry.name}", whole=True)

    def _copy(self, path: str) -> None:
        source, target = self._source / path, self._top / path
        facts = source.lstat()
        with writable(target.parent):
            if stat.S_ISDIR(facts.st_mode):
                target.mkdir()
                target.chmod(stat.S_IMODE(facts.st_mode))
            else:
                copy_entry(str(source), str(target))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
