"""Running an image once: a smaller image that does not work is not an improvement."""

from __future__ import annotations

import contextlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from layerbench.buildx.docker import DockerClient
from layerbench.config.models import Smoke, SmokeCommand, SmokeHttp
from layerbench.errors import EngineError
from layerbench.results.models import SmokeTest

RUN_LABEL = "layerbench.run"
_POLL_SECONDS = 0.1
_REQUEST_SECONDS = 2.0
_LOG_LINES = 5


def smoke_test(docker: DockerClient, reference: str, variant: str, smoke: Smoke, run_id: str) -> SmokeTest:
    """Run an image and see whether it does what the bench file asks of it; the container is removed.

    Raises:
        EngineError: the engine does not answer.
    """
    started = time.monotonic()
    with _engine(docker) as engine:
        error = _try(engine, reference, smoke, run_id)
    return SmokeTest(variant, "failed" if error else "passed", time.monotonic() - started, error)


def _try(engine: Any, reference: str, smoke: Smoke, run_id: str) -> str | None:
    """What is wrong with the image, or None; an image that the engine refuses to start is wrong too."""
    from docker.errors import APIError

    try:
        if isinstance(smoke, SmokeHttp):
            return _http(engine, reference, smoke, run_id)
        return _command(engine, reference, smoke, run_id)
    except APIError as error:
        if error.is_client_error() or "runc" in str(error.explanation):
            return f"it could not be started: {error.explanation}"
        raise


def _http(engine: Any, reference: str, smoke: SmokeHttp, run_id: str) -> str | None:
    with _container(engine, reference, run_id, ports={f"{smoke.port}/tcp": ("127.0.0.1", None)}) as container:
        deadline = time.monotonic() + smoke.timeout_seconds
        answer = "nothing listened"
        while time.monotonic() < deadline:
            container.reload()
            if container.status in {"exited", "dead"}:
                return f"the container ended with exit code {_exit_code(container)}{_words(container)}"
            published = container.ports.get(f"{smoke.port}/tcp")
            if published:
                answer = _get(f"http://127.0.0.1:{published[0]['HostPort']}{smoke.path}")
                if answer == "200":
                    return None
            time.sleep(_POLL_SECONDS)
        where = f"port {smoke.port}, path {smoke.path}"
        return f"no HTTP 200 within {smoke.timeout_seconds:g} s at {where} (last: {answer}){_words(container)}"


def _command(engine: Any, reference: str, smoke: SmokeCommand, run_id: str) -> str | None:
    options = {"entrypoint": [smoke.command[0]], "command": list(smoke.command[1:])}
    with _container(engine, reference, run_id, **options) as container:
        deadline = time.monotonic() + smoke.timeout_seconds
        while time.monotonic() < deadline:
            container.reload()
            if container.status in {"exited", "dead"}:
                code = _exit_code(container)
                return None if code == 0 else f"{smoke.command[0]} exited with {code}{_words(container)}"
            time.sleep(_POLL_SECONDS)
        return f"{smoke.command[0]} had not ended after {smoke.timeout_seconds:g} s"


def _get(url: str) -> str:
    """The status of one request, or what went wrong."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_REQUEST_SECONDS) as response:
            return str(response.status)
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, http.client.HTTPException) as error:
        return str(getattr(error, "reason", error) or type(error).__name__)


@contextlib.contextmanager
def _container(engine: Any, reference: str, run_id: str, **options: Any) -> Iterator[Any]:
    container = engine.containers.create(reference, labels={RUN_LABEL: run_id}, detach=True, **options)
    try:
        container.start()
        yield container
    finally:
        container.remove(force=True, v=True)


@contextlib.contextmanager
def _engine(docker: DockerClient) -> Iterator[Any]:
    """docker-py's client, its errors as ours."""
    import docker as docker_py
    import requests

    client = None
    try:
        client = docker_py.from_env(version="auto", environment=docker.environ())
        yield client
    except (docker_py.errors.DockerException, requests.RequestException) as error:
        raise EngineError(f"the image could not be run: {getattr(error, 'explanation', None) or error}") from None
    finally:
        if client is not None:
            client.close()


def _exit_code(container: Any) -> int:
    return int(container.attrs["State"]["ExitCode"])


def _words(container: Any) -> str:
    """The container's last lines, to stand at the end of a sentence."""
    text = container.logs(tail=_LOG_LINES).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f": {' | '.join(lines)[-500:]}" if lines else ""
