"""Reading the images that builds leave in the engine, each only once."""

from __future__ import annotations

import re

from layerbench.buildx.trace import Trace
from layerbench.image.models import SavedImage
from layerbench.image.user_cache import user_cache
from layerbench.runner.anatomies import Anatomies
from layerbench.runner.connect import Connection

# Statuses of BuildKit's exporters (exporter/containerimage/writer.go) and of Docker's own one on the classic store.
_EXPORTED = re.compile(r"^(?:exporting manifest|exporting config|writing image) (sha256:[0-9a-f]{64})$")
# A run of some hundred images would fill the memory with what the user's cache folder has anyway.
_PROFILE_BYTES = 64 * 1024 * 1024


class ImageReader:
    """Reads images, and takes one that was read before for what it is: most builds of a run make the same again.

    Args:
        connection: The engine that has them.
        anatomies: Told of every new image.
    """

    def __init__(self, connection: Connection, anatomies: Anatomies) -> None:
        self._connection = connection
        self._anatomies = anatomies
        self._blobs = user_cache()
        self._known: dict[frozenset[str], SavedImage] = {}

    def read(self, trace: Trace, tag: str, platform: str | None) -> SavedImage:
        """The image that a build has just exported.

        Args:
            trace: of the build; the digests in it tell what was exported.
            tag: by which the engine has it.
            platform: of the variant.

        Raises:
            EngineError: the engine does not hand it out.
        """
        digests = exported_digests(trace)
        known = self._known.get(digests)
        if known is not None:
            return known
        from layerbench.image.reading import read_image

        docker = self._connection.docker
        saved = read_image(docker.command, docker.environ(), tag, self._blobs, platform=platform)
        self._anatomies.add(saved)
        saved = saved.without_profiles()
        self._blobs.forget_profiles(_PROFILE_BYTES)
        # Digests that do not name this image are of another exporter, which tells of it in words of its own.
        if saved.config_digest in digests:
            self._known[digests] = saved
        return saved


def exported_digests(trace: Trace) -> frozenset[str]:
    """Digests of manifest and config that a build exported, as far as its exporter tells them."""
    matches = (_EXPORTED.match(transfer.name) for transfer in trace.transfers.values())
    return frozenset(match[1] for match in matches if match)
