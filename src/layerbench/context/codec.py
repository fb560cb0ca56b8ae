"""Fingerprints as bytes: compact, the same for the same fingerprint, refused when damaged.

Paths, modes, sizes and digests are kept in columns, each path as what it has more than the one before it. A second
fingerprint of nearly the same files is kept as what it has other than the first.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Mapping, Sequence

from layerbench.context.models import Entry, EntryKind, Fingerprint, Problem
from layerbench.context.packing import pack, unpack
from layerbench.context.selection import order_of
from layerbench.errors import UsageError

_MAGIC = b"layerbench-fingerprint-1\n"
_DELTA_MAGIC = b"layerbench-fingerprint-delta-1\n"
_KINDS: tuple[EntryKind, ...] = ("file", "folder", "link")
_COUNTS = struct.Struct("<III")
_ENTRY = struct.Struct("<HBBHQ")
"""Bytes shared with the path before, kind, whether there is a digest, mode, size."""
_DIGEST_BYTES = 32
_MOST_SHARED = 0xFFFF
_WRONG = "a fingerprint is damaged or made by another version; make it again"


def encode(fingerprint: Fingerprint) -> bytes:
    """A fingerprint for `decode`."""
    return pack(_MAGIC, _columns(fingerprint.entries, (), fingerprint.problems))


def decode(content: bytes) -> Fingerprint:
    """The fingerprint again.

    Raises:
        UsageError: damaged, or of another version.
    """
    entries, _, problems = _from_columns(unpack(_MAGIC, content))
    return Fingerprint(entries, problems)


def encode_delta(fingerprint: Fingerprint, base: Fingerprint) -> bytes:
    """What a fingerprint has other than another one, for `decode_delta`."""
    old = base.entries
    changed = {path: entry for path, entry in fingerprint.entries.items() if old.get(path) != entry}
    removed = [path for path in old if path not in fingerprint.entries]
    return pack(_DELTA_MAGIC, _identity(base) + _columns(changed, removed, fingerprint.problems))


def decode_delta(content: bytes, base: Fingerprint) -> Fingerprint:
    """The fingerprint again, from the same other one.

    Raises:
        UsageError: damaged, of another version, or another base than it was made with.
    """
    unpacked = unpack(_DELTA_MAGIC, content)
    if unpacked[:_DIGEST_BYTES] != _identity(base):
        raise UsageError("a fingerprint was kept as the difference to another one than this; make it again")
    changed, removed, problems = _from_columns(unpacked[_DIGEST_BYTES:])
    entries = {**base.entries, **changed}
    for path in removed:
        if path not in entries:
            raise UsageError(_WRONG)
        del entries[path]
    return Fingerprint({path: entries[path] for path in sorted(entries, key=order_of)}, problems)


def _identity(fingerprint: Fingerprint) -> bytes:
    return hashlib.sha256(_columns(fingerprint.entries, (), ())).digest()


def _columns(entries: Mapping[str, Entry], removed: Iterable[str], problems: Sequence[Problem]) -> bytes:
    paths = sorted(entries, key=order_of)
    gone = sorted(removed, key=order_of)
    rows, ends, digests, before = [], [], [], b""
    for path in paths:
        entry, name = entries[path], os.fsencode(path)
        shared = _shared_length(name, before)
        has_digest = entry.digest is not None
        rows.append(_ENTRY.pack(shared, _KINDS.index(entry.kind), has_digest, entry.mode, entry.size_bytes))
        ends.append(name[shared:])
        digests.append(bytes.fromhex(entry.digest or ""))
        before = name
    texts = [
        *ends,
        *(os.fsencode(entries[path].target or "") for path in paths if entries[path].kind == "link"),
        *(os.fsencode(path) for path in gone),
        *(os.fsencode(text) for problem in problems for text in (problem.path, problem.text)),
    ]
    counts = _COUNTS.pack(len(paths), len(gone), len(problems))
    return counts + b"".join(rows) + b"".join(digests) + b"".join(text + b"\0" for text in texts)


def _shared_length(path: bytes, before: bytes) -> int:
    """How many bytes two paths begin with alike, up to a slash; it need not be the most."""
    end = before.rfind(b"/") + 1
    while end and not path.startswith(before[:end]):
        end = before.rfind(b"/", 0, end - 1) + 1
    return min(end, _MOST_SHARED)


def _from_columns(content: bytes) -> tuple[dict[str, Entry], list[str], tuple[Problem, ...]]:
    try:
        return _read_columns(content)
    except (struct.error, ValueError, IndexError, StopIteration):
        raise UsageError(_WRONG) from None


def _read_columns(content: bytes) -> tuple[dict[str, Entry], list[str], tuple[Problem, ...]]:
    entry_count, removed_count, problem_count = _COUNTS.unpack_from(content)
    at = _COUNTS.size + entry_count * _ENTRY.size
    rows = list(_ENTRY.iter_unpack(content[_COUNTS.size : at]))
    if len(rows) != entry_count:
        raise ValueError("rows are missing")
    digest_end = at + _DIGEST_BYTES * sum(row[2] for row in rows)
    link_count = sum(_KINDS[row[1]] == "link" for row in rows)
    texts = content[digest_end:].split(b"\0")
    if len(texts) != entry_count + link_count + removed_count + 2 * problem_count + 1 or texts.pop():
        raise ValueError("texts are missing")
    ends, rest = texts[:entry_count], iter(list(map(os.fsdecode, texts[entry_count:])))
    entries: dict[str, Entry] = {}
    before = b""
    for (shared, kind, has_digest, mode, size), end in zip(rows, ends, strict=True):
        before = before[:shared] + end
        digest = content[at : at + _DIGEST_BYTES].hex() if has_digest else None
        at += _DIGEST_BYTES * has_digest
        target = next(rest) if _KINDS[kind] == "link" else None
        entries[os.fsdecode(before)] = Entry(_KINDS[kind], mode, size, digest, target)
    removed = [next(rest) for _ in range(removed_count)]
    return entries, removed, tuple(Problem(next(rest), next(rest)) for _ in range(problem_count))
