"""What the engine says about an image without handing out the whole of it.

Seen on Docker 28.5.2 (containerd store, API 1.51) and 26.1.5 (classic store, API 1.45):

- `GET /images/REF/json?manifests=1` (API 1.48) gives the digest of each platform's manifest and the bytes of its
  content, within some 10 ms. `Id` is the digest of what was tagged: of the index where there are attestations. On the
  classic store `Id` is the config's digest, and there is no `Descriptor`.
- Neither gives a config digest on the containerd store, compressed bytes of a single layer, or which history entries
  are empty. BuildKit does: `buildx history inspect attachment "" DIGEST` hands out any blob of the engine's content
  store, layers included, 0.15 to 0.3 s a call and then some 7 MB/s, where `docker save` gives 25 MB/s of everything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from layerbench.image.docker_cli import process_environment, run_docker
from layerbench.image.documents import Platform
from layerbench.image.unix_http import get_json, quoted

Absence = Literal["no engine", "no image"]

_BLOB_SECONDS = 60.0
_CONTEXT_SECONDS = 10.0
_OK = 200
# 400: not even a name.
_ABSENT = (400, 404)
_DEFAULT_HOST = "unix:///var/run/docker.sock"
_UNIX = "unix://"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """What the engine's API tells about an image."""

    id: str
    manifest_digest: str | None
    """Of the platform's manifest; None on the classic store, or where the API does not say."""
    is_classic_store: bool
    content_bytes: int | None
    """Manifest, config and compressed layers together; None where the API does not say."""
    layer_count: int
    platforms: tuple[str, ...] = ()
    """Those that are there; none where the API does not say."""

    @property
    def content_digest(self) -> str | None:
        """What stands for the whole of one platform's image; None where nothing does."""
        return self.id if self.is_classic_store else self.manifest_digest


def inspect_image(
    docker_command: Sequence[str], environment: Mapping[str, str], reference: str, platform: str | None
) -> StoredImage | None:
    """Ask the engine's API about an image.

    Returns None where the engine cannot be asked or does not know the image: `docker save`, which comes next then, has
    the better words for it.
    """
    found = ask_for_image(docker_command, environment, reference, platform)
    return found if isinstance(found, StoredImage) else None


def ask_for_image(
    docker_command: Sequence[str], environment: Mapping[str, str], reference: str, platform: str | None
) -> StoredImage | Absence:
    """Ask the engine's API about an image.

    Returns:
        The image, or whether it is the image or the engine that is not there. An engine that answers with something
        else than an image counts as none.
    """
    host = engine_host(docker_command, environment)
    try:
        if host.startswith(_UNIX):
            path = f"/images/{quoted(reference)}/json"
            status, document = get_json(host.removeprefix(_UNIX), path, manifests="1")
        else:
            status, document = _get_by_docker_py(process_environment(environment), host, reference)
    except (OSError, ValueError):
        return "no engine"
    if status in _ABSENT:
        return "no image"
    found = _stored_image(document, platform) if status == _OK else None
    return found or "no engine"


def engine_host(docker_command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The engine that docker itself would ask: by DOCKER_HOST, or else by its current context."""
    whole = process_environment(environment)
    if host := whole.get("DOCKER_HOST"):
        return host
    if _current_context(whole) in ("", "default"):
        return _DEFAULT_HOST
    arguments = ("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    answer = run_docker(docker_command, environment, *arguments, timeout_seconds=_CONTEXT_SECONDS)
    return (answer or b"").decode(errors="replace").strip()


def _current_context(environment: Mapping[str, str]) -> str:
    """As docker's client finds it: DOCKER_CONTEXT, or else its configuration file."""
    if context := environment.get("DOCKER_CONTEXT"):
        return context
    folder = environment.get("DOCKER_CONFIG") or Path(environment.get("HOME", "/")) / ".docker"
    try:
        settings = json.loads((Path(folder) / "config.json").read_bytes())
        return str(settings.get("currentContext") or "")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, AttributeError):
        return "unknown"


def _get_by_docker_py(environment: Mapping[str, str], host: str, reference: str) -> tuple[int, Any]:
    """The same question by TCP with TLS or by SSH."""
    import docker
    import docker.errors
    import docker.utils
    import requests

    try:
        settings = docker.utils.kwargs_from_env(environment={**environment, "DOCKER_HOST": host})
        with closing(docker.APIClient(version="auto", **settings)) as client:
            # docker-py's own inspect_image has no `manifests`.
            url = f"{client.base_url}/v{client.api_version}/images/{quoted(reference)}/json"
            response = client.get(url, params={"manifests": "1"}, timeout=client.timeout)
            return int(response.status_code), response.json()
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise OSError(str(error)) from error


def _stored_image(document: Any, platform: str | None) -> StoredImage | None:
    if not isinstance(document, dict) or not isinstance(document.get("Id"), str):
        return None
    layer_count = len((document.get("RootFS") or {}).get("Layers") or [])
    own = _platform(document)
    if document.get("Descriptor") is None:
        return StoredImage(document["Id"], None, True, None, layer_count, (str(own),) if own.os else ())
    wanted = Platform.parse(platform) if platform else own
    there = [entry for entry in document.get("Manifests") or [] if _is_there(entry)]
    platforms = tuple(sorted({str(_platform_of(entry)) for entry in there}))
    serving = [entry for entry in there if wanted.matches(_platform_of(entry))]
    if len(serving) != 1:
        return StoredImage(document["Id"], None, False, None, layer_count, platforms)
    [manifest] = serving
    content_bytes = (manifest.get("Size") or {}).get("Content")
    return StoredImage(document["Id"], manifest["ID"], False, content_bytes, layer_count, platforms)


def _is_there(manifest: Mapping[str, Any]) -> bool:
    return manifest.get("Kind") == "image" and manifest.get("Available") is True


def _platform_of(manifest: Mapping[str, Any]) -> Platform:
    return _platform((manifest.get("ImageData") or {}).get("Platform") or {})


def _platform(document: Mapping[str, Any]) -> Platform:
    values = {key.lower(): value for key, value in document.items()}
    return Platform(values.get("os") or "", values.get("architecture") or "", values.get("variant") or "")


def read_blob(docker_command: Sequence[str], environment: Mapping[str, str], digest: str) -> bytes | None:
    """One blob of the engine's content store, whole, by way of BuildKit; None where it cannot be had this way.

    The empty name stands for the latest build record. Which one it is does not matter, but there has to be one.
    """
    arguments = ("buildx", "history", "inspect", "attachment", "", digest)
    data = run_docker(docker_command, environment, *arguments, timeout_seconds=_BLOB_SECONDS)
    if data is None or f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
        return None
    return data
