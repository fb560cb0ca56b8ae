"""Keeps with each measured build what explains its hits and misses: its inputs, and BuildKit's own cache keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.errors import UsageError
from layerbench.results.models import Build
from layerbench.results.side_file import SideFile, read_document
from layerbench.runner.anatomies import Anatomies
from layerbench.runner.build_inputs import find_inputs
from layerbench.runner.connect import Connection
from layerbench.runner.observer import Observer
from layerbench.runner.orphans import owner_variable
from layerbench.runner.variant_builder import VariantBuilder

if TYPE_CHECKING:
    from layerbench.cachekeys.models import BuildInputs
    from layerbench.context.memory import FingerprintMemory


class ExplanationRecorder:
    """Records what builds were made from. Files that did not change since an earlier build are not read again.

    Args:
        connection: to the engine.
        anatomies: keeps the side file.
        scrub: takes secrets' values out of a text.
        takes_keys: whether BuildKit is asked for its keys.
        observer: told of the course.
    """

    def __init__(
        self,
        connection: Connection,
        anatomies: Anatomies,
        scrub: Callable[[str], str],
        *,
        takes_keys: bool,
        observer: Observer,
    ) -> None:
        self._connection = connection
        self._anatomies = anatomies
        self._scrub = scrub
        self._takes_keys = takes_keys
        self._observer = observer
        self._memory: FingerprintMemory | None = None
        self._whole: dict[Path, tuple[str, BuildInputs]] = {}
        """By context the first member that was kept, which those of later builds are told apart from."""

    def record(self, build: Build, builder: VariantBuilder, tag: str) -> tuple[Build, list[str]]:
        """The record with the digests of what was kept, and notes on what could not be had.

        Args:
            build: that was just measured.
            builder: of its variant, with the context as it was built.
            tag: of the image.
        """
        if not self._anatomies.keeps_documents:
            return build, []
        inputs, notes = self._keep_inputs(builder)
        build = replace(build, inputs=inputs)
        if self._takes_keys and build.outcome == "built":
            keys, reason = self._keep_keys(build, builder, tag)
            build = replace(build, cache_keys=keys)
            if reason is not None:
                notes.append(f"BuildKit's own cache keys of {build.variant} are not whole or missing: {reason}")
        return build, [self._scrub(note) for note in notes]

    def _keep_inputs(self, builder: VariantBuilder) -> tuple[str | None, list[str]]:
        from layerbench.cachekeys.codec import encode_inputs
        from layerbench.context.memory import FingerprintMemory

        if self._memory is None:
            self._memory = FingerprintMemory()
        built_from = builder.built_from()
        inputs, reason = find_inputs(built_from, self._memory, self._scrub)
        if inputs is None:
            return None, [f"what {builder.variant.name} was built from is not recorded: {reason}"]
        whole = self._whole.get(builder.variant.context)
        if whole is not None and whole[1] == inputs:
            return whole[0], []
        content = encode_inputs(inputs, whole)
        digest = self._anatomies.keep_document("inputs", content)
        if digest is not None and whole is None:
            self._whole[builder.variant.context] = digest, inputs
        return digest, []

    def _keep_keys(self, build: Build, builder: VariantBuilder, tag: str) -> tuple[str | None, str | None]:
        from layerbench.buildx.cache_keys import take_cache_keys, why_not_to_ask
        from layerbench.cachekeys.codec import encode_keys

        prevented = why_not_to_ask(self._connection.engine, self._connection.builder)
        if prevented is not None:
            return None, prevented
        self._observer.preparing(f"asking for the cache keys of {build.variant}")
        docker = self._connection.docker
        taken = take_cache_keys(
            docker,
            builder.last_request(tag),
            builder.dockerfile(),
            build.steps,
            builder.folder,
            {**docker.environ(), **owner_variable()},
        )
        digest = self._anatomies.keep_document("keys", encode_keys(taken.keys)) if taken.keys else None
        return digest, taken.reason


def copy_documents(source: Path, target: SideFile, builds: Iterable[Build]) -> None:
    """Copy what explains some builds from a side file to another.

    Raises:
        UsageError: the first one is not there, lacks something, or is damaged.
        LayerbenchError: the other one cannot be written.
    """
    from layerbench.cachekeys.codec import base_member

    for build in builds:
        if build.cache_keys is not None and not target.has("keys", build.cache_keys):
            target.add_document("keys", read_document(source, "keys", build.cache_keys))
        pending = build.inputs
        while pending is not None and not target.has("inputs", pending):
            content = read_document(source, "inputs", pending)
            target.add_document("inputs", content)
            try:
                pending = base_member(content)
            except ValueError as error:
                raise UsageError(f"{source} is damaged ({error}): run `layerbench run` again with -o") from error
