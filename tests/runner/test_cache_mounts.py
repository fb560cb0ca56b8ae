"""Which cache mounts are looked into, and what the builder says of them."""

from __future__ import annotations

from layerbench.buildx.command import Namespace
from layerbench.instructions import parse_dockerfile
from layerbench.runner.cache_mounts import installing_cache_mounts, mount_bytes


def mounts(text: str, target: str | None = None) -> list[str]:
    return list(installing_cache_mounts(parse_dockerfile(text), target))


def test_mounts_of_installing_steps() -> None:
    assert mounts(
        "FROM x AS builder\n"
        "RUN --mount=type=cache,target=/root/.cache/pip --mount=type=bind,target=/src pip install -r r.txt\n"
        "RUN --mount=type=cache,target=/work make\n"
        "FROM builder\n"
        "RUN --mount=type=cache,id=apt,dst=/var/cache/apt/ apt-get install -y gcc\n"
    ) == ["/root/.cache/pip", "/var/cache/apt"]


def test_only_stages_that_are_built() -> None:
    text = "FROM x AS a\nFROM x AS b\nRUN --mount=type=cache,target=/c pip install y\nFROM a AS c\n"
    assert mounts(text) == []
    assert mounts(text, "b") == ["/c"]


def test_words_that_only_look_like_an_installer() -> None:
    assert mounts("FROM x\nRUN --mount=type=cache,target=/c echo pipeline gopher\n") == []


_USAGE = """\
ID:		abc
Created at:	2026-01-02
Mutable:	true
Size:		{size}
Description:	cached mount {target} from exec /bin/sh -c pip install x with id "{id}"
Usage count:	1

ID:		other
Size:		5MB
Description:	local source for context
"""


def test_sizes_by_target_of_the_own_namespace() -> None:
    own, other = Namespace.new(), Namespace.new()
    usage = _USAGE.format(size="3.628MB", target="/root/.cache/pip", id=f"{own.id}//root/.cache/pip")
    usage += "\n" + _USAGE.format(size="16.38kB", target="/var/cache/apt/", id=f"{own.id}/apt")
    assert mount_bytes(usage, own) == {"/root/.cache/pip": 3_628_000, "/var/cache/apt": 16_380}
    assert mount_bytes(usage, other) == {}
    assert mount_bytes("", own) == {}
