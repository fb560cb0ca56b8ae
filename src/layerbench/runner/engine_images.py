"""Images in the engine that answers; what only a registry has goes through that engine and is removed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from layerbench.buildx.docker import DockerClient, last_line
from layerbench.errors import EngineError, UsageError
from layerbench.image.documents import Platform
from layerbench.image.models import BlobInfoCache, SavedImage
from layerbench.image.store import Absence, StoredImage, ask_for_image
from layerbench.runner.interruption import shielded
from layerbench.runner.references import looks_like_a_file

_PULL_SECONDS = 6 * 3600.0
_REMOVAL_SECONDS = 60.0


def read_engine_image(
    reference: str, platform: str | None, known: BlobInfoCache, *, max_bytes: int, note: Callable[[str], None]
) -> SavedImage:
    """An image by its name or id; one that the engine has not is pulled, and removed again.

    Args:
        reference: Name, id or digest.
        platform: Which platform to take; without it, the engine's own.
        known: What earlier images taught; what this one teaches is added.
        max_bytes: The most that its layers may unpack to, those that are read now.
        note: Told which engine serves, and of a pull.

    Raises:
        UsageError: neither the engine nor a registry has it.
        EngineError: no engine answers, or it fails.
    """
    docker, found = _ask(reference, platform, note)
    if isinstance(found, StoredImage):
        return _read(docker, reference, platform, found, known, max_bytes)
    if looks_like_a_file(reference):
        raise UsageError(f"{reference} is not there: no such file, and no image of that name is in the engine")
    with _pulled(docker, reference, platform, note) as pulled:
        return _read(docker, reference, platform, pulled, known, max_bytes)


def _ask(
    reference: str, platform: str | None, note: Callable[[str], None]
) -> tuple[DockerClient, StoredImage | Absence]:
    docker = DockerClient()
    found = ask_for_image(docker.command, docker.environment, reference, platform)
    if found == "no engine":
        # Only now, for it takes longer to import than an engine to answer.
        from layerbench.runner.connect import find_client

        docker, private = find_client()
        if private is not None:
            note(f'the private engine "{private.name}" serves, for no other engine answers')
        found = ask_for_image(docker.command, docker.environment, reference, platform)
        if found == "no engine":
            raise EngineError(f"the engine does not tell of the image {reference}; `layerbench doctor` looks into it")
    return docker, found


def _read(
    docker: DockerClient,
    reference: str,
    platform: str | None,
    stored: StoredImage,
    known: BlobInfoCache,
    max_bytes: int,
) -> SavedImage:
    if platform and stored.platforms:
        wanted = Platform.parse(platform)
        if not any(wanted.matches(Platform.parse(there)) for there in stored.platforms):
            raise UsageError(
                f"the engine has {reference} for {', '.join(stored.platforms)}, not for {platform}; "
                f"`docker pull --platform {platform} {reference}` gets that one"
            )
    image = known.image(stored.content_digest) if stored.content_digest else None
    if image is not None:
        return image
    from layerbench.image.blobs import ByteBudget
    from layerbench.image.reading import read_stored_image

    budget = ByteBudget(max_bytes)
    return read_stored_image(
        docker.command, docker.environment, reference, stored, known, platform=platform, budget=budget
    )


@contextmanager
def _pulled(
    docker: DockerClient, reference: str, platform: str | None, note: Callable[[str], None]
) -> Iterator[StoredImage]:
    """An image that is in the engine for as long as the context lasts, whatever ends it."""
    before = _all_ids(docker)
    options = ("--platform", platform) if platform else ()
    note(f"{reference} is not in the engine: pulling it, and removing it again afterwards")
    try:
        done = docker.run("pull", "--quiet", *options, "--", reference, timeout_seconds=_PULL_SECONDS)
        if done.returncode != 0:
            raise UsageError(
                f"{reference} is neither a file nor a folder nor an image in the engine, and a pull failed: "
                f"{last_line(done.stderr)}"
            )
        found = ask_for_image(docker.command, docker.environment, reference, platform)
        if not isinstance(found, StoredImage):
            raise EngineError(f"{reference} was pulled and is not in the engine; `docker pull {reference}` tells more")
        yield found
    finally:
        with shielded():
            _remove(docker, reference, platform, before)


def _remove(docker: DockerClient, reference: str, platform: str | None, before: frozenset[str]) -> None:
    """Take away the name that a pull gave, unless it is the only one that an image of before has by now."""
    found = ask_for_image(docker.command, docker.environment, reference, platform)
    if not isinstance(found, StoredImage):
        return
    if found.id in before:
        names = docker.run("image", "inspect", "--format", "{{len .RepoTags}} {{len .RepoDigests}}", "--", found.id)
        if names.stdout.split()[:1] in (["0"], ["1"]):
            return
    docker.run("image", "rm", "--", reference, timeout_seconds=_REMOVAL_SECONDS)


def _all_ids(docker: DockerClient) -> frozenset[str]:
    answer = docker.run("image", "ls", "--all", "--quiet", "--no-trunc")
    return frozenset(answer.stdout.split())
