"""Trees and fingerprints for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from layerbench.context.fingerprint import take_fingerprint
from layerbench.context.ignore import parse_ignore
from layerbench.context.models import Entry, Fingerprint


def write_tree(folder: Path, files: Mapping[str, str | None]) -> Path:
    """Files with their content, folders (None), and links, whose content begins with `-> `."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        if content is None:
            path.mkdir(exist_ok=True, mode=0o755)
        elif content.startswith("-> "):
            path.symlink_to(content.removeprefix("-> "))
        else:
            path.write_text(content)
            path.chmod(0o644)
    return folder


def fingerprint_of(folder: Path, ignore: str = "") -> Fingerprint:
    return take_fingerprint(folder, parse_ignore(ignore.encode(), folder / ".dockerignore"))


def fingerprint(files: Mapping[str, str | None]) -> Fingerprint:
    """The same without files on disk; folders above are added."""
    entries: dict[str, Entry] = {}
    for name, content in files.items():
        parts = name.split("/")
        for count in range(1, len(parts)):
            entries.setdefault("/".join(parts[:count]), Entry("folder", 0o755))
        if content is None:
            entries[name] = Entry("folder", 0o755)
        elif content.startswith("-> "):
            entries[name] = Entry("link", 0o777, target=content.removeprefix("-> "))
        else:
            data = content.encode()
            entries[name] = Entry("file", 0o644, len(data), hashlib.sha256(data).hexdigest())
    return Fingerprint(entries)
