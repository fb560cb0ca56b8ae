"""Whether cache mounts were filled: a mount that stays empty makes figures that say nothing of its use."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from layerbench.buildx.command import Namespace
from layerbench.instructions import Dockerfile, mounts_of
from layerbench.runner.connect import Connection

# pip's own self check leaves some 16 kB behind even where the index lets it store nothing.
_EMPTY_BELOW_BYTES = 100_000
_ANSWER_SECONDS = 60.0
_INSTALL = re.compile(
    r"\b(pip3?|uv|poetry|pipenv|npm|yarn|pnpm|apt-get|apt|apk|dnf|yum|go|cargo|mvn|gradle|gem|bundle|composer|dotnet)\b"
)
# BuildKit's own words (github.com/moby/buildkit, solver/llbsolver/mounts/mount.go: getRefCacheDir).
_RECORD = re.compile(
    r"^Size:\s+(?P<size>\S+)$.*?^Description:\s+cached mount (?P<target>\S+) from exec .*? with id \"(?P<id>[^\"]*)\"$",
    re.MULTILINE | re.DOTALL,
)
_SIZE = re.compile(r"^(?P<number>\d+(?:\.\d+)?)(?P<unit>B|kB|MB|GB|TB)$")
_UNIT_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def empty_cache_mounts(
    connection: Connection, dockerfile: Dockerfile, target: str | None, namespace: Namespace
) -> tuple[str, ...]:
    """Targets of the cache mounts that hold next to nothing after the build that should have filled them.

    Asked of the builder's own bookkeeping of disk usage; where it does not know a mount, nothing is said.
    """
    mounts = dict.fromkeys(installing_cache_mounts(dockerfile, target))
    if not mounts:
        return ()
    options = ["--builder", connection.builder_option] if connection.builder_option else []
    usage = connection.docker.run(
        *("buildx", "du", "--verbose", "--filter", "type=exec.cachemount", *options), timeout_seconds=_ANSWER_SECONDS
    )
    held = mount_bytes(usage.stdout, namespace)
    return tuple(mount for mount in mounts if held.get(mount, _EMPTY_BELOW_BYTES) < _EMPTY_BELOW_BYTES)


def installing_cache_mounts(dockerfile: Dockerfile, target: str | None) -> Iterator[str]:
    """Targets of the cache mounts of the RUNs that install packages, in the order of the Dockerfile."""
    for stage in dockerfile.needed_stages(target):
        for instruction in stage.instructions:
            if instruction.keyword == "RUN" and _INSTALL.search(" ".join(instruction.value)):
                for mount in mounts_of(instruction):
                    where = mount.get("target") or mount.get("dst") or mount.get("destination")
                    if mount.get("type") == "cache" and where:
                        yield posixpath.normpath(where)


def mount_bytes(usage: str, namespace: Namespace) -> dict[str, int]:
    """Bytes by target of a namespace's cache mounts, from what `docker buildx du --verbose` printed."""
    found: dict[str, int] = {}
    for block in usage.split("\n\n"):
        record = _RECORD.search(block)
        if record and record["id"].startswith(f"{namespace.id}/"):
            size = _SIZE.match(record["size"])
            if size:
                count = round(float(size["number"]) * _UNIT_BYTES[size["unit"]])
                target = posixpath.normpath(record["target"])
                found[target] = max(found.get(target, 0), count)
    return found
