"""Reading the images that builds leave in the engine, each only once."""

from __future__ import annotations

import re

from layerbench.buildx.trace import Trace
from layerbench.image import BlobInfoCache, SavedImage, read_image
from layerbench.runner.connect import Connection

# Statuses of BuildKit's exporters (exporter/containerimage/writer.go) and of Docker's own one on the classic store.
_EXPORTED = re.compile(r"^(?:exporting manifest|exporting config|writing image) (sha256:[0-9a-f]{64})$")


class ImageReader:
    """Reads images, and takes one that was read before for what it is: most builds of a run make the same again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._blobs = BlobInfoCache()
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
        docker = self._connection.docker
        saved = read_image(docker.command, docker.environ(), tag, self._blobs, platform=platform)
        # Digests that do not name this image are of another exporter, which tells of it in words of its own.
        if saved.config_digest in digests:
            self._known[digests] = saved
        return saved


def exported_digests(trace: Trace) -> frozenset[str]:
    """Digests of manifest and config that a build exported, as far as its exporter tells them."""
    matches = (_EXPORTED.match(transfer.name) for transfer in trace.transfers.values())
    return frozenset(match[1] for match in matches if match)
