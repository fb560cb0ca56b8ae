"""`docker save` as a stream."""

from __future__ import annotations

import select
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from layerbench.errors import EngineError
from layerbench.image.docker_cli import process_environment

_STDERR_BYTES = 4096
_END_SECONDS = 5.0


@contextmanager
def open_saved_image(
    docker_command: Sequence[str], environment: Mapping[str, str], reference: str, platform: str | None = None
) -> Iterator[BinaryIO]:
    """Run `docker save REFERENCE` and hand out the archive as it comes.

    Leaving the block before the archive's end ends the process. When docker fails, its own words are the error, also
    where the block stumbled over what came of it.

    Args:
        docker_command: How docker is called, for example `["docker"]`.
        environment: What the process's environment has beyond this one's.
        reference: A name, an id or a digest.
        platform: Which platform alone to save (docker 28 and newer); without it, all that are there.

    Raises:
        EngineError: docker cannot be started, or it ends with an error.
    """
    options = [f"--platform={platform}"] if platform else []
    with tempfile.TemporaryFile() as stderr:
        try:
            process = subprocess.Popen(
                [*docker_command, "save", *options, "--", reference],
                env=process_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        except OSError as error:
            raise EngineError(f"{docker_command[0]} cannot be started: {error}; install Docker's client") from error
        with process, _killed_at_last(process):
            try:
                yield cast(BinaryIO, process.stdout)
            except EngineError as error:
                if _has_failed(process):
                    raise _failure(process, reference, stderr) from error
                raise
            if _has_failed(process):
                raise _failure(process, reference, stderr)


@contextmanager
def _killed_at_last(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()


def _has_failed(process: subprocess.Popen[bytes]) -> bool:
    """Whether docker ended by itself, and badly. Where it is still writing, the block left early."""
    if not _is_at_end(cast(BinaryIO, process.stdout)):
        return False
    try:
        return process.wait(_END_SECONDS) != 0
    except subprocess.TimeoutExpired:
        return False


def _is_at_end(stdout: BinaryIO) -> bool:
    readable, _, _ = select.select([stdout], [], [], 0)
    return bool(readable) and not stdout.read(1)


def _failure(process: subprocess.Popen[bytes], reference: str, stderr: IO[bytes]) -> EngineError:
    size = stderr.seek(0, 2)
    stderr.seek(max(0, size - _STDERR_BYTES))
    words = " ".join(stderr.read().decode(errors="replace").split())
    return EngineError(f"docker save {reference} failed: {words or f'exit code {process.returncode}'}")
