"""Errors that a person can cause or meet, each with the exit code that scripts can rely on.

Every message is one sentence that names the thing and the mend. Anything else that is raised is a bug and keeps its
traceback.
"""

from __future__ import annotations


class LayerbenchError(Exception):
    """Base of all expected errors; `exit_code` is what the process returns for it."""

    exit_code = 3


class UsageError(LayerbenchError):
    """The command line, the bench file or a file that it names is wrong."""

    exit_code = 2


class EngineError(LayerbenchError):
    """The Docker Engine, the builder or the docker client is missing, broken or gone."""

    exit_code = 3


class BuildError(LayerbenchError):
    """A build, or what has to be done around one, failed."""

    exit_code = 3
