"""BuildKit's own cache keys of a build that was just done.

The same build is made once more with the inline cache, which holds the whole graph of keys, stages that are not in the
image included. Everything is a hit, so that it takes a quarter of a second and leaves no image: the image config with
the graph in it stays in the engine's content store until the build's history record goes, from where
`docker buildx history inspect attachment` hands it out. Records go by themselves (BuildKit keeps fifty); they are not
removed here, for `docker buildx history rm` makes the next `history ls` crash Docker 28.5.2.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from layerbench.buildx.command import BuildRequest
from layerbench.buildx.docker import BuilderFacts, DockerClient, EngineFacts
from layerbench.buildx.key_graph import (
    FoundKey,
    Place,
    UnknownGraphError,
    Walk,
    build_keys,
    read_records,
    walk,
)
from layerbench.buildx.process import FinishedBuild, run_build
from layerbench.buildx.steps import StepTrace, trace_steps
from layerbench.cachekeys.models import BuildKeys
from layerbench.errors import EngineError
from layerbench.instructions import Dockerfile

_LONGEST_SECONDS = 120.0
_ATTEMPTS = 4
_PAUSE_SECONDS = 0.25
_INLINE_CACHE = "moby.buildkit.cache.v0"
_RERUNNING_OPTION = "--no-cache-filter"
_OUTPUT_OPTIONS = ("--cache-to", "--attest", "--sbom", "--provenance")
"""They enter no key, and would stand in the way of what is needed here."""


@dataclass(frozen=True, slots=True)
class TakenKeys:
    """What could be had."""

    keys: BuildKeys | None
    reason: str | None
    """Why there are none, or not all; None where there are."""


class _UnavailableError(Exception):
    """The keys cannot be had; the text says why."""


def why_not_to_ask(engine: EngineFacts, builder: BuilderFacts) -> str | None:
    """Why a builder's keys cannot be had without leaving something behind; None where they can."""
    if builder.driver == "docker" and engine.image_store == "classic":
        # There `store=false` is not known: seen with Docker 26.1.5, which kept an image without a name.
        return "on the classic image store, asking for them would leave an image"
    return None


def take_cache_keys(
    docker: DockerClient,
    request: BuildRequest,
    dockerfile: Dockerfile | None,
    steps: Sequence[Any],
    folder: Path,
    environment: Mapping[str, str],
) -> TakenKeys:
    """Ask BuildKit for the keys of a build, right after it.

    Args:
        docker: the client.
        request: of that build, which has not failed; the context is as it was.
        dockerfile: what was built.
        steps: the build's, whose positions the keys go by; records or traces.
        folder: for a file of the moment.
        environment: of the docker processes.
    """
    if any(argument.partition("=")[0] == _RERUNNING_OPTION for argument in request.extra_args):
        return TakenKeys(None, f"with {_RERUNNING_OPTION} in its extra_args a build cannot be repeated from the cache")
    request = replace(request, no_cache=False, extra_args=_without_output(request.extra_args))
    asking = _Asking(docker, request, dockerfile, folder, environment)
    try:
        found, is_whole = find_keys(asking.walk, dockerfile)
    except (_UnavailableError, UnknownGraphError, EngineError) as error:
        return TakenKeys(None, str(error))
    keys = build_keys(found, steps)
    reason = (
        None if is_whole else "BuildKit knows several keys for some steps, and does not tell which are this build's"
    )
    return TakenKeys(keys, reason) if keys.steps else TakenKeys(None, "the keys are of other steps than the build's")


def find_keys(
    walk_to: Callable[[str | None], Walk], dockerfile: Dockerfile | None
) -> tuple[dict[Place, FoundKey], bool]:
    """The keys of all operations, and whether there is none that has several.

    What a stage hands on may be the same for several states of that stage: BuildKit then knows several keys for its
    steps, and the graph of the whole build does not tell them apart. The graph of a build that ends with that stage
    does.
    """
    whole = walk_to(None)
    found = dict(whole.found)
    open_places = [place for place in whole.ambiguous if place not in found]
    asked: set[str] = set()
    while open_places:
        targets = [target for place in open_places if (target := _target(place, dockerfile)) is not None]
        stage = next((target for target in targets if target not in asked), None)
        if stage is None:
            break
        asked.add(stage)
        with contextlib.suppress(UnknownGraphError, _UnavailableError):
            part = walk_to(stage)
            found.update({place: key for place, key in part.found.items() if place not in found})
        open_places = [place for place in open_places if place not in found]
    return found, not open_places


def _target(place: Place, dockerfile: Dockerfile | None) -> str | None:
    """What `--target` names the stage of a place by."""
    stage = place[0][0] if not isinstance(place[0], str) else None
    if stage is None or dockerfile is None:
        return None
    names = [one.name.lower() for one in dockerfile.stages if one.name]
    return stage if stage in names else stage.removeprefix("stage-")


@dataclass(frozen=True, slots=True)
class _Asking:
    docker: DockerClient
    request: BuildRequest
    dockerfile: Dockerfile | None
    folder: Path
    environment: Mapping[str, str]

    def walk(self, target: str | None) -> Walk:
        """Build once more, up to a stage, and find the keys of what that is made of.

        Raises:
            _UnavailableError: this engine or client does not tell them.
            UnknownGraphError: they are not of a shape that is known here.
            EngineError: no docker.
        """
        metadata = self.folder / "layerbench-keys.json"
        metadata.unlink(missing_ok=True)
        try:
            finished = self._build(metadata, target)
            reference, digest = _read_metadata(metadata)
        finally:
            metadata.unlink(missing_ok=True)
        steps = trace_steps(finished.trace, self.dockerfile)
        again = next((step for step in steps if step.cached is False), None)
        if again is not None:
            raise _UnavailableError(f"{_place_words(again)} was not in the cache any more when the keys were asked for")
        return walk(read_records(self._graph(reference, digest)), finished.trace, steps)

    def _build(self, metadata: Path, target: str | None) -> FinishedBuild:
        command = self.request.command_for_keys(self.docker, metadata, target or self.request.target)
        environment = {**self.environment, "BUILDX_METADATA_PROVENANCE": "disabled"}
        finished = run_build(command, environment, timeout_seconds=_LONGEST_SECONDS)
        if finished.timed_out:
            raise _UnavailableError(f"no answer within {_LONGEST_SECONDS:.0f} s")
        if finished.exit_code != 0:
            errors = [line for line in finished.text if line.startswith("ERROR:")] or list(finished.text[-1:])
            words = errors[-1].removeprefix("ERROR:").strip() if errors else f"docker exited with {finished.exit_code}"
            raise _UnavailableError(f"this builder does not repeat the build with an inline cache ({words})")
        return finished

    def _graph(self, reference: str, digest: str) -> Any:
        """The key graph in an image config."""
        option = [f"--builder={self.request.builder}"] if self.request.builder else []
        arguments = ("buildx", "history", "inspect", "attachment", *option, reference, digest)
        for _ in range(_ATTEMPTS):
            answer = self.docker.run(*arguments, timeout_seconds=_LONGEST_SECONDS)
            content = answer.stdout.encode()
            if answer.returncode == 0 and f"sha256:{hashlib.sha256(content).hexdigest()}" == digest:
                break
            time.sleep(_PAUSE_SECONDS)  # the record of a build that has just ended is written a moment later
        else:
            raise _UnavailableError(
                "this version of buildx or of the engine does not hand out image configs of its history"
            )
        try:
            encoded = json.loads(content).get(_INLINE_CACHE)
            if encoded is None:
                raise _UnavailableError("the image has no layer of its own, and so BuildKit tells no keys")
            return json.loads(base64.b64decode(encoded, validate=True))
        except (ValueError, TypeError, AttributeError, binascii.Error) as error:
            raise UnknownGraphError(f"the inline cache cannot be read ({error})") from error


def _read_metadata(path: Path) -> tuple[str, str]:
    """The build's reference in the history, and the digest of the image config."""
    try:
        document = json.loads(path.read_bytes())
        reference, digest = document["buildx.build.ref"], document["containerimage.config.digest"]
    except (OSError, ValueError, KeyError, TypeError):
        raise _UnavailableError("this builder does not say which image config it made") from None
    return str(reference).rpartition("/")[2], str(digest)


def _without_output(extra_args: Sequence[str]) -> tuple[str, ...]:
    """A person's options without those on what is made of the result, whose values may be words of their own."""
    kept: list[str] = []
    words = iter(extra_args)
    for word in words:
        if word in _OUTPUT_OPTIONS:
            next(words, None)
        elif word.partition("=")[0] not in _OUTPUT_OPTIONS:
            kept.append(word)
    return tuple(kept)


def _place_words(step: StepTrace) -> str:
    stage = f"{step.stage} " if step.stage else ""
    return f"[{stage}{step.index}/{step.count}] {step.instruction[:60]}"
