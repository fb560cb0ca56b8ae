"""Declared edits, each carried out on a copy through its journal."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from layerbench.config.models import (
    NONCE,
    Append,
    Chmod,
    Delete,
    Edit,
    Patch,
    Rename,
    Replace,
    Run,
    Touch,
    Write,
)
from layerbench.errors import LayerbenchError, UsageError
from layerbench.workspace.copying import copy_tree
from layerbench.workspace.errors import refusal, shown
from layerbench.workspace.files import copy_entry, write_new
from layerbench.workspace.journal import Journal
from layerbench.workspace.patching import apply_patch
from layerbench.workspace.paths import existing, file_or_folder, locate, regular_file, relative_path

_NEW_FILE_MODE = 0o644


@contextmanager
def edit_errors(edit: Edit) -> Iterator[None]:
    """Put the edit's name in front of what is wrong with it."""
    name = type(edit).__name__.lower()
    try:
        yield
    except LayerbenchError as error:
        raise type(error)(f"{name}: {error}") from error
    except OSError as error:
        where = f" {shown(os.fsdecode(error.filename))}" if error.filename else ""
        raise refusal(error, f"{name}: cannot change the copy of the context{where}") from error


def check_form(edit: Edit) -> None:
    """Check what can be told without looking at any file.

    Raises:
        UsageError: a path that leaves the context, no regular expression, no permission bits.
    """
    match edit:
        case Append(path=path) | Write(path=path) | Delete(path=path) | Touch(path=path):
            relative_path(path)
        case Rename(path=path, to=to):
            relative_path(path)
            relative_path(to)
        case Replace(path=path, pattern=pattern):
            relative_path(path)
            _compiled(pattern)
        case Chmod(path=path, mode=mode):
            relative_path(path)
            if not 0 <= mode <= 0o7777:
                raise UsageError(f"{mode} is not a file mode; write one from 0o000 to 0o7777")
        case Patch() | Run():
            pass


def with_nonce(edit: Edit, nonce: str) -> Edit:
    """Return the edit with its `{nonce}` replaced, everywhere but in a regular expression to look for."""

    def filled(text: str) -> str:
        return text.replace(NONCE, nonce)

    match edit:
        case Append(path=path, text=text):
            return Append(filled(path), filled(text))
        case Replace(path=path, pattern=pattern, replacement=replacement):
            # In a replacement a backslash has a meaning, in the nonce it has none.
            return Replace(filled(path), pattern, replacement.replace(NONCE, nonce.replace("\\", r"\\")))
        case Write(path=path, text=text):
            return Write(filled(path), filled(text))
        case Delete(path=path):
            return Delete(filled(path))
        case Rename(path=path, to=to):
            return Rename(filled(path), filled(to))
        case Chmod(path=path, mode=mode):
            return Chmod(filled(path), mode)
        case Touch(path=path):
            return Touch(filled(path))
        case Patch(diff=diff):
            return Patch(filled(diff))
        case Run(command=str(command)):
            return Run(filled(command))
        case Run(command=command):
            return Run(tuple(filled(word) for word in command))


def perform(journal: Journal, edit: Edit) -> None:
    """Carry out an edit, other than `Run`, whose nonce is filled in.

    Raises:
        UsageError: it changes nothing, or names what is not there; the copy is as before then.
        LayerbenchError: git is missing.
        OSError: from the operating system.
    """
    check_form(edit)
    match edit:
        case Append():
            _append(journal, edit)
        case Replace():
            _replace(journal, edit)
        case Write():
            _write(journal, edit)
        case Delete(path=path):
            journal.put_aside(existing(journal.top, path, journal.names_from)[0])
        case Rename():
            _rename(journal, edit)
        case Chmod():
            _chmod(journal, edit)
        case Touch():
            _touch(journal, edit)
        case Patch(diff=diff):
            apply_patch(journal, diff)
        case Run():
            raise ValueError("a command is run by the workspace")


def _append(journal: Journal, edit: Append) -> None:
    path, _ = regular_file(journal.top, edit.path, journal.names_from)
    if not edit.text:
        raise UsageError(f"the text for {shown(path)} is empty, so it changes nothing")
    aside = str(journal.put_aside(path))
    journal.make(path, lambda target: copy_entry(aside, str(target), extra=_encoded(edit.text)))


def _replace(journal: Journal, edit: Replace) -> None:
    path, _ = regular_file(journal.top, edit.path, journal.names_from)
    before = (journal.top / path).read_bytes().decode("utf-8", "surrogateescape")
    try:
        after, count = _compiled(edit.pattern).subn(edit.replacement, before)
    except (re.error, IndexError) as error:
        raise UsageError(f"{shown(edit.replacement)} is not a replacement for this expression: {error}") from error
    if not count:
        raise UsageError(f"{shown(edit.pattern)} matches nothing in {shown(path)}")
    if after == before:
        raise UsageError(f"{shown(edit.pattern)} is replaced by what stood there, so {shown(path)} does not change")
    _put_content(journal, path, _encoded(after))


def _write(journal: Journal, edit: Write) -> None:
    path = locate(journal.top, edit.path)
    content = _encoded(edit.text)
    if not os.path.lexists(journal.top / path):
        journal.make(path, lambda target: write_new(target, content, _NEW_FILE_MODE))
        return
    regular_file(journal.top, path, journal.names_from)
    if (journal.top / path).read_bytes() == content:
        raise UsageError(f"{shown(path)} has this content already, so it changes nothing")
    _put_content(journal, path, content)


def _put_content(journal: Journal, path: str, content: bytes) -> None:
    aside = journal.put_aside(path)
    mode = stat.S_IMODE(aside.lstat().st_mode)
    journal.make(path, lambda target: write_new(target, content, mode, attributes_of=aside))


def _rename(journal: Journal, edit: Rename) -> None:
    path, facts = existing(journal.top, edit.path, journal.names_from)
    to = locate(journal.top, edit.to)
    if f"{to}/".startswith(f"{path}/"):
        raise UsageError(f"{shown(path)} cannot be renamed to {shown(to)}; name a path outside it")
    if os.path.lexists(journal.top / to):
        raise UsageError(f"{shown(to)} is there already; delete it first, or name another path")
    aside = journal.put_aside(path)
    # Copied, not moved: at its new path it needs new times, as another file may have been there in an earlier round.
    if stat.S_ISDIR(facts.st_mode):
        journal.make(to, lambda target: copy_tree(aside, target, share=False))
    else:
        journal.make(to, lambda target: copy_entry(str(aside), str(target)))


def _chmod(journal: Journal, edit: Chmod) -> None:
    path, facts = file_or_folder(journal.top, edit.path, journal.names_from)
    if stat.S_IMODE(facts.st_mode) == edit.mode:
        raise UsageError(f"{shown(path)} has mode {edit.mode:#05o} already, so it changes nothing")
    if stat.S_ISDIR(facts.st_mode):
        journal.set_folder_mode(path, edit.mode)
        return
    aside = str(journal.put_aside(path))
    journal.make(path, lambda target: copy_entry(aside, str(target), mode=edit.mode), fresh=False)


def _touch(journal: Journal, edit: Touch) -> None:
    path, facts = file_or_folder(journal.top, edit.path, journal.names_from)
    if stat.S_ISDIR(facts.st_mode):
        journal.set_folder_time(path)
        return
    aside = str(journal.put_aside(path))
    journal.make(path, lambda target: copy_entry(aside, str(target)))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"{shown(pattern)} is not a regular expression: {error}") from error


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
