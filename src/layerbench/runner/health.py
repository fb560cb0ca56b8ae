"""Whether it was the engine that failed."""

from __future__ import annotations

import re
import time

from layerbench.buildx.docker import DockerClient
from layerbench.buildx.process import FinishedBuild
from layerbench.buildx.steps import is_cancellation, trace_steps
from layerbench.errors import EngineError

_ATTEMPTS = 5
_PAUSE_SECONDS = 1.0
# What gRPC and the docker client say when the other side goes away.
_LOST = re.compile(
    r"rpc error: code = Unavailable|error reading from server: EOF|closing transport|transport is closing"
    r"|Cannot connect to the Docker daemon|failed to receive status"
)


def check_engine(docker: DockerClient, failed: FinishedBuild) -> None:
    """After a failed build: go on only if it was the build that failed.

    An engine that died and was started again in the meantime counts as dead: its build did not fail by itself.

    Raises:
        EngineError: the engine does not answer, or was lost in the middle of the build.
    """
    for attempt in range(_ATTEMPTS):
        if docker.answers():
            break
        if attempt + 1 < _ATTEMPTS:
            time.sleep(_PAUSE_SECONDS)
    else:
        raise EngineError("the Docker Engine died in the middle of a build; start it again (its log says why)")
    if not failed.timed_out and _was_lost(failed):
        raise EngineError("the connection to the Docker Engine was lost in the middle of a build; its log may say why")


def _was_lost(failed: FinishedBuild) -> bool:
    has_failed_step = any(step.error and not is_cancellation(step.error) for step in trace_steps(failed.trace, None))
    error = next((line for line in reversed(failed.text) if line.startswith("ERROR:")), "")
    return not has_failed_step and bool(_LOST.search(error))
