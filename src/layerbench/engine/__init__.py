"""Private Docker Engines: with their own data, socket and bridge, beside any other engine of the machine."""

from layerbench.engine.client import shell_exports
from layerbench.engine.lifecycle import find, running, start, status, stop
from layerbench.engine.models import IMAGE_STORES, EngineStatus, ImageStore, PrivateEngine
from layerbench.engine.paths import DEFAULT_NAME, known_names

__all__ = [
    "DEFAULT_NAME",
    "IMAGE_STORES",
    "EngineStatus",
    "ImageStore",
    "PrivateEngine",
    "find",
    "known_names",
    "running",
    "shell_exports",
    "start",
    "status",
    "stop",
]
