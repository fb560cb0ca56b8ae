"""Finds what a build was made from: the Dockerfile, the options, and every file that it could see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.cachekeys.models import BuildInputs, Invocation
from layerbench.config.models import Variant
from layerbench.errors import UsageError
from layerbench.runner.sources import Sources

if TYPE_CHECKING:
    from layerbench.context.memory import FingerprintMemory
    from layerbench.context.models import Fingerprint


@dataclass(frozen=True, slots=True)
class BuiltFrom:
    """Where a build's inputs are."""

    variant: Variant
    sources: Sources
    context: Path
    """The copy that was sent, edits included."""
    dockerfile: Path
    """The file that was handed to buildx; its own ignore file stands beside it."""
    native_platform: str
    """The builder's own, such as `linux/amd64`."""


def find_inputs(
    built_from: BuiltFrom, memory: FingerprintMemory, scrub: Callable[[str], str]
) -> tuple[BuildInputs | None, str | None]:
    """Look at everything that a build was made from.

    Args:
        built_from: where that is, unchanged since the build.
        memory: of files that were read before.
        scrub: takes secrets' values out of a text.

    Returns:
        The inputs, or else why there are none.
    """
    variant, sources = built_from.variant, built_from.sources
    try:
        # In bytes, for reading text would make other line ends of those in a heredoc.
        text = built_from.dockerfile.read_bytes().decode(errors="replace")
        folders = folder_contexts(variant)
        contexts = {"": _main_context(built_from, memory)}
        contexts |= {name: _named_context(folder, memory) for name, folder in folders.items()}
    except (UsageError, OSError) as error:
        return None, str(error)
    return (
        BuildInputs(
            dockerfile=scrub(text),
            invocation=Invocation(
                target=variant.target,
                build_args={name: scrub(value) for name, value in variant.build_args.items()},
                platform=variant.platform,
                native_platform=built_from.native_platform,
                network=variant.network,
                add_hosts=dict(sources.add_hosts),
                extra_args=tuple(map(scrub, variant.extra_args)),
                secrets=tuple(secret.id for secret in variant.secrets),
            ),
            contexts=contexts,
            bases={base.reference: base.digest for base in sources.bases},
            remote_contexts={
                name: scrub(value) for name, value in variant.build_contexts.items() if name not in folders
            },
        ),
        None,
    )


def folder_contexts(variant: Variant) -> Mapping[str, Path]:
    """The named contexts of a variant that are folders of this machine."""
    return {name: Path(value) for name, value in variant.build_contexts.items() if Path(value).is_dir()}


def _main_context(built_from: BuiltFrom, memory: FingerprintMemory) -> Fingerprint:
    from layerbench.context.fingerprint import take_fingerprint
    from layerbench.context.ignore import read_ignore

    return take_fingerprint(built_from.context, read_ignore(built_from.dockerfile, built_from.context), memory)


def _named_context(folder: Path, memory: FingerprintMemory) -> Fingerprint:
    from layerbench.context.fingerprint import take_fingerprint
    from layerbench.context.ignore import read_own_ignore

    return take_fingerprint(folder, read_own_ignore(folder), memory)
