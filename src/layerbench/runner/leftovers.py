"""Images and containers that runs make on an engine, and their removal, also of what a killed run left."""

from __future__ import annotations

from collections.abc import Iterable

from layerbench.buildx.docker import DockerClient, last_line
from layerbench.errors import EngineError
from layerbench.runner.at_once import at_once
from layerbench.runner.smoke import RUN_LABEL

TEMPORARY_REPOSITORY = "layerbench-run"
"""Images below this name belong to a run that is under way, or to one that was killed."""
_AT_ONCE = 25
_REMOVAL_SECONDS = 60.0
"""An engine that hangs must not hold up the end of a run for ever."""


def remove_images(docker: DockerClient, references: Iterable[str]) -> None:
    """Untag images; their bytes go with the last tag. What is gone already is no error."""
    names = sorted(set(references))
    for start in range(0, len(names), _AT_ONCE):
        docker.run("image", "rm", "--force", *names[start : start + _AT_ONCE], timeout_seconds=_REMOVAL_SECONDS)


def remove_stale(docker: DockerClient) -> int:
    """Remove what killed runs left on the engine; to be called by the run that holds the engine's lock.

    Returns:
        Number of images and containers that were removed.
    """
    listed = at_once(
        lambda: _lines(docker, "container", "ls", "--all", "--quiet", "--filter", f"label={RUN_LABEL}"),
        lambda: _lines(
            docker,
            *("image", "ls", "--format", "{{.Repository}}:{{.Tag}}"),
            *("--filter", f"reference={TEMPORARY_REPOSITORY}/*"),
        ),
    )
    containers, images = (answer.get() for answer in listed)
    if containers:
        docker.run("container", "rm", "--force", "--volumes", *containers, timeout_seconds=_REMOVAL_SECONDS)
    remove_images(docker, images)
    return len(containers) + len(images)


def keep_image(docker: DockerClient, temporary: str, lasting: str) -> None:
    """Give an image the name by which it stays; an image that had that name from an earlier run goes.

    Raises:
        EngineError: docker refuses.
    """
    remove_images(docker, [lasting])
    done = docker.run("image", "tag", temporary, lasting)
    if done.returncode != 0:
        raise EngineError(f"{lasting} could not be kept: {last_line(done.stderr)}")


def _lines(docker: DockerClient, *arguments: str) -> list[str]:
    return [line for line in docker.ask(*arguments).splitlines() if line.strip()]
