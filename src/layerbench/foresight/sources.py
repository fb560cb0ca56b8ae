"""What a variant would be built from now, read from its Dockerfile and contexts."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from layerbench.cachekeys.models import BuildInputs, Invocation
from layerbench.config.models import Variant
from layerbench.context.fingerprint import take_fingerprint
from layerbench.context.ignore import ContentOf, IgnoreRules, ignore_content, read_ignore, read_own_ignore
from layerbench.context.models import Entry, Fingerprint
from layerbench.context.names import shown
from layerbench.errors import UsageError
from layerbench.platforms import platform_of_machine

MAIN_CONTEXT = ""
_REMOTE = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://|git@|-$)")


@dataclass(frozen=True, slots=True)
class Source:
    """A variant with what it would be built from, and where that lies."""

    variant: Variant
    folders: Mapping[str, Path]
    """By the context's name, the main one under the empty name; resolved."""
    ignores: Mapping[str, IgnoreRules]
    inputs: BuildInputs

    def paths_of(self, file: Path) -> dict[str, str]:
        """The path of a file in each of the contexts that it lies in, ignored or not.

        Args:
            file: absolute; links in its folder's path are resolved, itself is not.
        """
        return {
            name: file.relative_to(folder).as_posix()
            for name, folder in self.folders.items()
            if file != folder and file.is_relative_to(folder)
        }


class SourceReader:
    """Reads variants; a context that several of them share is read once.

    Args:
        note: is told what cannot be looked at, a sentence each.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._known: dict[tuple[Path, tuple[str, ...]], Fingerprint] = {}

    def read(self, variant: Variant) -> Source:
        """What a variant would be built from now.

        Raises:
            UsageError: its Dockerfile or context cannot be read, or is not on this machine.
        """
        check_is_local(str(variant.context))
        text = read_dockerfile(variant.dockerfile)
        folders = context_folders(variant, Path.is_dir)
        ignores = {name: ignore_rules(variant, name, folder) for name, folder in folders.items()}
        inputs = BuildInputs(
            dockerfile=text,
            invocation=invocation_of(variant),
            contexts={name: self._fingerprint(folder, ignores[name]) for name, folder in folders.items()},
            remote_contexts=remote_contexts(variant, folders),
        )
        return Source(variant, folders, ignores, inputs)

    def _fingerprint(self, folder: Path, rules: IgnoreRules) -> Fingerprint:
        key = (folder, tuple(rule.text for rule in rules.rules))
        if key not in self._known:
            found = take_fingerprint(folder, rules)
            self._known[key] = found
            for problem in found.problems:
                self._note(f"{shown(problem.path)} {problem.text}")
        return self._known[key]


def context_folders(variant: Variant, is_there: Callable[[Path], bool]) -> dict[str, Path]:
    """The contexts that are folders by their names, the main one under the empty name; resolved."""
    named = {name: Path(value) for name, value in variant.build_contexts.items() if Path(value).is_absolute()}
    return {
        MAIN_CONTEXT: variant.context.resolve(),
        **{name: folder.resolve() for name, folder in named.items() if is_there(folder)},
    }


def remote_contexts(variant: Variant, folders: Mapping[str, Path]) -> dict[str, str]:
    """The named contexts that are no folders."""
    return {name: value for name, value in variant.build_contexts.items() if name not in folders}


def ignore_rules(variant: Variant, name: str, folder: Path, content_of: ContentOf = ignore_content) -> IgnoreRules:
    """What is left out of one of a variant's contexts.

    Raises:
        UsageError: a pattern with which the build would fail.
    """
    if name == MAIN_CONTEXT:
        return read_ignore(variant.dockerfile, folder, content_of)
    return read_own_ignore(folder, content_of)


def invocation_of(variant: Variant) -> Invocation:
    """The options that a variant is built with."""
    return Invocation(
        target=variant.target,
        build_args=dict(variant.build_args),
        platform=variant.platform,
        # No builder is asked; one that runs elsewhere is mostly of the same kind.
        native_platform=platform_of_machine(platform.machine()),
        network=variant.network,
        extra_args=variant.extra_args,
        secrets=tuple(secret.id for secret in variant.secrets),
    )


def read_dockerfile(path: Path) -> str:
    """The text of a Dockerfile.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        raise UsageError(f"there is no Dockerfile {path}; name it with -f") from None
    except OSError as error:
        raise UsageError(f"the Dockerfile {path} cannot be read: {error.strerror}") from None


def check_is_local(context: str) -> None:
    """See that a context is no URL.

    Raises:
        UsageError: it is one, and its files are not on this machine.
    """
    if _REMOTE.match(context) or re.match(r"^https?:/[^/]", context):
        raise UsageError(
            f'"{context}" is a remote context, whose files are not on this machine; clone it and name the folder'
        )


def with_entries(inputs: BuildInputs, changes: Mapping[str, Mapping[str, Entry | None]]) -> BuildInputs:
    """The inputs with other files.

    Args:
        inputs: what there is.
        changes: by context, for each path what is there then; None where nothing is. Folders above a new file are
            made, those that become empty go, as with git.
    """
    if not any(changes.values()):
        return inputs
    contexts = dict(inputs.contexts)
    for name, some in changes.items():
        if some:
            contexts[name] = replace(contexts[name], entries=entries_with(contexts[name].entries, some))
    return replace(inputs, contexts=contexts)


def entries_with(entries: Mapping[str, Entry], changes: Mapping[str, Entry | None]) -> dict[str, Entry]:
    """The entries of one context with other ones; see `with_entries`."""
    found = {path: entry for path, entry in entries.items() if changes.get(path, entry) is not None}
    for path, entry in changes.items():
        if entry is not None:
            if path in found and found[path].kind == "folder":
                found = {other: kept for other, kept in found.items() if not other.startswith(f"{path}/")}
            found[path] = entry
            for folder in folders_above(path):
                found.setdefault(folder, Entry("folder", 0o755))
    removed = {folder for path, entry in changes.items() if entry is None for folder in folders_above(path)}
    if removed:
        kept = {folder for path, entry in found.items() if entry.kind != "folder" for folder in folders_above(path)}
        for folder in removed - kept:
            # A file may stand where the folder was.
            if folder in found and found[folder].kind == "folder":
                del found[folder]
    return found


def folders_above(path: str) -> list[str]:
    """The folders that a path is in, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]
