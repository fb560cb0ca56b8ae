"""One copy of a build context, and the edits made to it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from layerbench.config.models import Edit, Run
from layerbench.errors import UsageError
from layerbench.workspace.commands import command_text, run_command
from layerbench.workspace.copying import copy_tree
from layerbench.workspace.edits import edit_errors, perform, with_nonce
from layerbench.workspace.errors import refusals, shown
from layerbench.workspace.files import remove_tree
from layerbench.workspace.journal import Journal
from layerbench.workspace.links import refuse_links_back
from layerbench.workspace.manifest import (
    Manifest,
    bring_back,
    changes_anything,
    content_digest,
    done_to,
    let_clock_pass,
    note_put_back,
    take_manifest,
)


class Workspace:
    """A copy of a build context that can be edited and brought back, while the person's own tree is only read.

    Its files may be hard links to the person's. No edit writes through one; but what the person saves in place while
    the copy exists shows in it, too.

    The base name of `context` was never used before: BuildKit keeps what it was sent by that name and takes a file of
    equal size and time for unchanged.
    """

    def __init__(self, source: Path, folder: Path, context: Path, manifest: Manifest | None) -> None:
        """For `create`, which makes what the arguments name."""
        self._source = source
        self._folder = folder
        self._context = context
        self._manifest = manifest
        self._journal = Journal(context, folder / "aside")
        self._command_ran = False

    @classmethod
    def create(cls, source: Path, root: Path, *, independent: bool) -> Workspace:
        """Copy a build context.

        Args:
            source: the context.
            root: an existing folder, owned by the caller, below which the copy is made; copies are cheap when it is
                on the filesystem of `source`. It may lie in `source` and is then left out of the copy.
            independent: whether no file may be a hard link to the person's, as for a `Run` edit.

        Raises:
            UsageError: `source` is no folder, or something in it may not be read.
            LayerbenchError: the disk is full, or the operating system refused otherwise.
        """
        source, root = source.resolve(), root.resolve()
        if source == root:
            raise ValueError("the folder for copies cannot be the context itself")
        folder = root / f"workspace-{secrets.token_hex(8)}"
        context = folder / _new_base_name()
        try:
            with refusals(f"cannot copy the context to {shown(str(root))}"):
                folder.mkdir(0o700)
                (folder / "aside").mkdir()
                copy_tree(source, context, share=not independent, leave_out=root)
                manifest = take_manifest(context) if independent else None
        except BaseException:
            with contextlib.suppress(OSError):
                remove_tree(folder)
            raise
        return cls(source, folder, context, manifest)

    @property
    def context(self) -> Path:
        """The folder to build from; another one after `renew`."""
        return self._context

    def renew(self) -> None:
        """Give the copy a new base name that was never used before."""
        context = self._folder / _new_base_name()
        with refusals("cannot rename the copy of the context"):
            self._context.rename(context)
        self._context = self._journal.top = context

    def apply(self, edits: Sequence[Edit], nonce: str) -> None:
        """Carry out edits, on top of those since the last `restore`; when one fails, those before it stay.

        What they write has a modification time that no earlier version of that file had here.

        Args:
            edits: in their order.
            nonce: text that was never used before; stands in for `{nonce}`.

        Raises:
            UsageError: an edit names what is not there, leaves the context, does not apply or changes nothing.
            BuildError: a command failed.
            LayerbenchError: git is missing, or the operating system refused.
            ValueError: a `Run` edit, and the workspace is not independent.
        """
        for edit in edits:
            with edit_errors(edit):
                filled = with_nonce(edit, nonce)
                if isinstance(filled, Run):
                    self._run(filled, nonce)
                else:
                    perform(self._journal, filled)

    def _run(self, edit: Run, nonce: str) -> None:
        if self._manifest is None:
            raise ValueError("a command needs an independent workspace: it could write through hard links")
        before = take_manifest(self._context)
        refuse_links_back(
            ((path, facts.target) for path, facts in before.items() if facts.target), self._source, self._context
        )
        digests = {
            path: content_digest(self._context / path)
            for path in done_to(self._manifest, before)
            if before[path].is_file
        }
        let_clock_pass(before, self._folder / "clock")
        self._command_ran = True
        run_command(edit.command, self._context, nonce)
        after = take_manifest(self._context)
        if not changes_anything(before, after, lambda path: self._same_content(path, digests)):
            raise UsageError(
                f"{command_text(edit.command)} changed no name, content or mode in the context "
                "(for a new modification time alone there is the touch edit)"
            )
        for path in done_to(before, after):
            if after[path].is_file:
                self._journal.times.stamp(self._context / path)

    def _same_content(self, path: str, digests: dict[str, bytes]) -> bool:
        """Return whether a file has the content it had before the command, by its digest or else by the source."""
        try:
            expected = digests.get(path) or content_digest(self._source / path)
            return content_digest(self._context / path) == expected
        except OSError:
            return False

    def restore(self) -> None:
        """Take all edits back: names, content, modes and times are those of a fresh copy, folders' times included.

        After declared edits this takes only as long as the files that they named; after a command the whole copy is
        looked at, and what was changed is copied again.

        Raises:
            LayerbenchError: the operating system refused, or what has to be copied again was changed in the source.
        """
        with refusals("cannot bring the copy of the context back"):
            if self._command_ran and self._manifest is not None:
                self._manifest = bring_back(self._context, self._source, self._manifest)
                self._journal.forget()
                self._command_ran = False
                return
            put_back = self._journal.take_back()
            if self._manifest is not None:
                note_put_back(self._manifest, self._context, put_back)

    def remove(self) -> None:
        """Remove the copy and all that belongs to it; nothing happens when that was done.

        Raises:
            LayerbenchError: the operating system refused.
        """
        with refusals(f"cannot remove the copy of the context {shown(str(self._folder))}"):
            remove_tree(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def _new_base_name() -> str:
    return f"layerbench-{secrets.token_hex(16)}"
