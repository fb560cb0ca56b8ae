"""What a build was made from, and BuildKit's keys of it, as bytes: members of a result's side file.

Each is a magic line with the version, and a JSON object in zstd with a checksum. The files of a context stand in
columns. Where a context differs in few files from that of another build in the same side file, only these stand there,
with the digest of that other member: a context of 100,000 files has four megabytes of digests, which no compression
makes smaller, and every edit of one of them would cost that again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from layerbench.cachekeys.models import BuildInputs, BuildKeys, InputKey, Invocation, StepKey
from layerbench.context.models import Entry, EntryKind, Fingerprint, Problem
from layerbench.context.packing import pack, unpack
from layerbench.context.selection import order_of
from layerbench.errors import UsageError

_INPUTS_MAGIC = b"layerbench inputs 1\n"
_KEYS_MAGIC = b"layerbench cache keys 1\n"
_LETTERS: dict[EntryKind, str] = {"file": "f", "folder": "d", "link": "l"}
_KINDS: dict[str, EntryKind] = {letter: kind for kind, letter in _LETTERS.items()}
_HEX_DIGITS = frozenset("0123456789abcdef")
_DIGEST_LETTERS = 64
_UNKNOWN_DIGEST = "-" * _DIGEST_LETTERS
_FIRST_PLATFORM = "linux/amd64"
_FEWEST_ENTRIES = 100
"""A smaller context stands whole in each member, which then needs no other."""
_MOST_MODE = 0o7777

T = TypeVar("T")


def encode_inputs(inputs: BuildInputs, base: tuple[str, BuildInputs] | None = None) -> bytes:
    """What a build was made from.

    Args:
        inputs: that.
        base: digest and content of a member that stands whole in the same side file.
    """
    contexts = {}
    uses_base = False
    for name, fingerprint in inputs.contexts.items():
        known = base[1].contexts.get(name) if base else None
        changes = _changes(fingerprint, known) if known is not None else None
        uses_base = uses_base or changes is not None
        contexts[name] = changes or {"files": _columns(fingerprint.entries), "problems": _problems(fingerprint)}
    document = {
        "dockerfile": inputs.dockerfile,
        "invocation": _invocation_document(inputs.invocation),
        "bases": dict(inputs.bases),
        "remote_contexts": dict(inputs.remote_contexts),
        "base_member": base[0] if base and uses_base else None,
        "contexts": contexts,
    }
    return pack(_INPUTS_MAGIC, json.dumps(document, separators=(",", ":")).encode())


def base_member(content: bytes) -> str | None:
    """Digest of the member that has to be read before this one; None where none has.

    Raises:
        ValueError: it is not what `encode_inputs` makes.
    """
    return _checked(_read_base_member, content)


def decode_inputs(content: bytes, base: BuildInputs | None = None) -> BuildInputs:
    """What `encode_inputs` made bytes of.

    Args:
        content: the bytes.
        base: what the `base_member` has, where there is one.

    Raises:
        ValueError: it is not that, of another version, or damaged.
    """
    return _checked(lambda data: _read_inputs(data, base), content)


def encode_keys(keys: BuildKeys) -> bytes:
    """BuildKit's own keys of a build."""
    steps = [
        [at, [[key.operation, [[one.parent, list(one.contents)] for one in key.inputs]] for key in step]]
        for at, step in sorted(keys.steps.items())
    ]
    return pack(_KEYS_MAGIC, json.dumps({"steps": steps}, separators=(",", ":")).encode())


def decode_keys(content: bytes) -> BuildKeys:
    """What `encode_keys` made bytes of.

    Raises:
        ValueError: it is not that, of another version, or damaged.
    """
    return _checked(_read_keys, content)


def _checked(read: Callable[[bytes], T], content: bytes) -> T:
    try:
        return read(content)
    except UsageError as error:  # the words of `unpack` are for files
        raise ValueError(str(error).partition(";")[0]) from error
    except (TypeError, KeyError, AttributeError, IndexError, RecursionError, UnicodeError) as error:
        raise ValueError(f"it has another content than this version writes ({error})") from error


def _invocation_document(invocation: Invocation) -> dict[str, Any]:
    return {
        "target": invocation.target,
        "build_args": dict(invocation.build_args),
        "platform": invocation.platform,
        "native_platform": invocation.native_platform,
        "network": invocation.network,
        "add_hosts": dict(invocation.add_hosts),
        "extra_args": list(invocation.extra_args),
        "secrets": list(invocation.secrets),
    }


def _changes(fingerprint: Fingerprint, known: Fingerprint) -> dict[str, Any] | None:
    """What is not the same as in a known one; None where that is no shorter."""
    entries = fingerprint.entries
    if len(entries) < _FEWEST_ENTRIES:
        return None
    before = known.entries
    changed = {path: entry for path, entry in entries.items() if before.get(path) != entry}
    removed = [path for path in before if path not in entries]
    if len(changed) + len(removed) > len(entries) // 2:
        return None
    return {"changed": _columns(changed), "removed": removed, "problems": _problems(fingerprint)}


def _problems(fingerprint: Fingerprint) -> list[list[str]]:
    return [[problem.path, problem.text] for problem in fingerprint.problems]


def _columns(entries: Mapping[str, Entry]) -> dict[str, Any]:
    files = [entry for entry in entries.values() if entry.kind == "file"]
    return {
        "paths": list(entries),
        "kinds": "".join(_LETTERS[entry.kind] for entry in entries.values()),
        "modes": [entry.mode for entry in entries.values()],
        "sizes": [entry.size_bytes for entry in files],
        "digests": "".join(entry.digest or _UNKNOWN_DIGEST for entry in files),
        "targets": [entry.target for entry in entries.values() if entry.kind == "link"],
    }


def _read_document(magic: bytes, content: bytes, names: set[str]) -> dict[str, Any]:
    document = json.loads(unpack(magic, content))
    return _object(document, names)


def _read_inputs_document(content: bytes) -> dict[str, Any]:
    names = {"dockerfile", "invocation", "bases", "remote_contexts", "base_member", "contexts"}
    return _read_document(_INPUTS_MAGIC, content, names)


def _read_base_member(content: bytes) -> str | None:
    return _optional_text(_read_inputs_document(content)["base_member"])


def _read_inputs(content: bytes, base: BuildInputs | None) -> BuildInputs:
    document = _read_inputs_document(content)
    if (document["base_member"] is None) != (base is None):
        raise ValueError("it needs another member, or none")
    known = base.contexts if base else {}
    return BuildInputs(
        dockerfile=_text(document["dockerfile"]),
        invocation=_read_invocation(document["invocation"]),
        contexts={
            _text(name): _read_fingerprint(context, known.get(name)) for name, context in document["contexts"].items()
        },
        bases={_text(name): _optional_text(digest) for name, digest in document["bases"].items()},
        remote_contexts=_texts_by_name(document["remote_contexts"]),
    )


def _read_invocation(document: Any) -> Invocation:
    names = {"target", "build_args", "platform", "native_platform", "network", "add_hosts", "extra_args", "secrets"}
    if isinstance(document, dict):  # the first runs did not note the builder's own platform
        document = {"native_platform": _FIRST_PLATFORM, **document}
    fields = _object(document, names)
    return Invocation(
        target=_optional_text(fields["target"]),
        build_args=_texts_by_name(fields["build_args"]),
        platform=_optional_text(fields["platform"]),
        native_platform=_text(fields["native_platform"]),
        network=_optional_text(fields["network"]),
        add_hosts=_texts_by_name(fields["add_hosts"]),
        extra_args=_texts(fields["extra_args"]),
        secrets=_texts(fields["secrets"]),
    )


def _read_fingerprint(document: Any, known: Fingerprint | None) -> Fingerprint:
    problems = tuple(Problem(_text(path), _text(text)) for path, text in document["problems"])
    if "files" in document:
        return Fingerprint(_read_columns(_object(document, {"files", "problems"})["files"]), problems)
    changes = _object(document, {"changed", "removed", "problems"})
    if known is None:
        raise ValueError("the member that it builds on lacks a context")
    removed = set(_texts(changes["removed"]))
    if not removed <= known.entries.keys():
        raise ValueError("it removes what is not there")
    merged = {path: entry for path, entry in known.entries.items() if path not in removed}
    merged |= _read_columns(changes["changed"])
    # In the order of a walk: a folder's content before the folder's next neighbour.
    return Fingerprint({path: merged[path] for path in sorted(merged, key=order_of)}, problems)


def _read_columns(document: Any) -> dict[str, Entry]:
    columns = _object(document, {"paths", "kinds", "modes", "sizes", "digests", "targets"})
    paths, kinds, modes = _texts(columns["paths"]), _text(columns["kinds"]), _counts(columns["modes"])
    sizes, digests, targets = _counts(columns["sizes"]), _text(columns["digests"]), _texts(columns["targets"])
    if not len(paths) == len(set(paths)) == len(kinds) == len(modes) or len(digests) != len(sizes) * _DIGEST_LETTERS:
        raise ValueError("its columns have several lengths")
    if max(modes, default=0) > _MOST_MODE or not _HEX_DIGITS.issuperset(digests.replace(_UNKNOWN_DIGEST, "")):
        raise ValueError("it has a mode or digest that is none")
    if (kinds.count("f"), kinds.count("l")) != (len(sizes), len(targets)):
        raise ValueError("its columns have several lengths")
    files = _files(modes, kinds, sizes, digests)
    links = iter(targets)
    return {
        path: next(files) if kind == "f" else Entry(_KINDS[kind], mode, target=next(links) if kind == "l" else None)
        for path, kind, mode in zip(paths, kinds, modes, strict=True)
    }


def _files(modes: Sequence[int], kinds: str, sizes: Sequence[int], digests: str) -> Any:
    of_files = (mode for mode, kind in zip(modes, kinds, strict=True) if kind == "f")
    for at, (mode, size) in enumerate(zip(of_files, sizes, strict=True)):
        digest = digests[at * _DIGEST_LETTERS : (at + 1) * _DIGEST_LETTERS]
        yield Entry("file", mode, size, None if digest == _UNKNOWN_DIGEST else digest)


def _read_keys(content: bytes) -> BuildKeys:
    steps: dict[int, tuple[StepKey, ...]] = {}
    for at, keys in _read_document(_KEYS_MAGIC, content, {"steps"})["steps"]:
        [position] = _counts([at])
        steps[position] = tuple(
            StepKey(
                _text(operation),
                tuple(InputKey(_optional_text(parent), _texts(contents)) for parent, contents in inputs),
            )
            for operation, inputs in keys
        )
    return BuildKeys(steps)


def _object(value: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise ValueError(f"it has other fields than {', '.join(sorted(names))}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return tuple(map(_text, value))


def _texts_by_name(value: Any) -> dict[str, str]:
    return {_text(name): _text(text) for name, text in value.items()}


def _counts(value: Any) -> list[int]:
    if not isinstance(value, list) or not all(type(one) is int and one >= 0 for one in value):
        raise TypeError("a list of whole numbers was expected")
    return value
