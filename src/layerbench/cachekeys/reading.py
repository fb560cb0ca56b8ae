"""Reads from a result's side file what a build was made from, and BuildKit's own keys of it."""

from __future__ import annotations

from pathlib import Path

from layerbench.cachekeys.codec import base_member, decode_inputs, decode_keys
from layerbench.cachekeys.models import BuildInputs, BuildKeys
from layerbench.errors import UsageError
from layerbench.results.models import Build, Result
from layerbench.results.side_file import DocumentKind, named_side_file, read_document


class InputsReader:
    """Reads of one result file; a member that several builds share is read once.

    Args:
        path: the result file.
        result: what is in it.
    """

    def __init__(self, path: Path, result: Result) -> None:
        self._path = path
        self._side_file_name = result.side_file
        self._inputs: dict[str, BuildInputs] = {}
        self._keys: dict[str, BuildKeys] = {}

    def inputs(self, build: Build) -> BuildInputs | None:
        """What a build was made from; None where that was not recorded.

        Raises:
            UsageError: the side file is not there, lacks it, or is damaged.
        """
        return self._read_inputs(build.inputs, 0) if build.inputs is not None else None

    def keys(self, build: Build) -> BuildKeys | None:
        """BuildKit's own keys of a build's steps; None where it was not asked or did not tell.

        Raises:
            UsageError: the side file is not there, lacks them, or is damaged.
        """
        if build.cache_keys is None:
            return None
        if build.cache_keys not in self._keys:
            side_file, content = self._read("keys", build.cache_keys)
            try:
                self._keys[build.cache_keys] = decode_keys(content)
            except ValueError as error:
                raise _damaged(side_file, "keys", build.cache_keys, error) from error
        return self._keys[build.cache_keys]

    def _read_inputs(self, digest: str, depth: int) -> BuildInputs:
        if digest not in self._inputs:
            side_file, content = self._read("inputs", digest)
            try:
                base = base_member(content)
                if base is not None and depth:
                    raise ValueError("the member that it builds on builds on another one")
                self._inputs[digest] = decode_inputs(content, self._read_inputs(base, depth + 1) if base else None)
            except ValueError as error:
                raise _damaged(side_file, "inputs", digest, error) from error
        return self._inputs[digest]

    def _read(self, kind: DocumentKind, digest: str) -> tuple[Path, bytes]:
        side_file = named_side_file(self._path, self._side_file_name)
        return side_file, read_document(side_file, kind, digest)


def _damaged(side_file: Path, kind: str, digest: str, error: ValueError) -> UsageError:
    return UsageError(
        f"{side_file} is damaged in its member {kind}-{digest[7:19]} ({error}): copy it again, or run `layerbench run` "
        "again with -o"
    )
