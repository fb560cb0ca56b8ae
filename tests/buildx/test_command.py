"""The words of a build's command line."""

from __future__ import annotations

import time
from pathlib import Path

from layerbench.buildx.command import BuildRequest, Namespace
from layerbench.buildx.docker import DockerClient

_DOCKER = DockerClient(("docker",))


def _request(**fields: object) -> BuildRequest:
    return BuildRequest(Path("/c"), Path("/d/Dockerfile"), "name:1", **fields)  # type: ignore[arg-type]


def test_plain_build() -> None:
    assert _request().command(_DOCKER) == [
        *("docker", "buildx", "build", "--progress=rawjson", "--load", "--tag=name:1", "--file=/d/Dockerfile"),
        "/c",
    ]


def test_every_option_is_passed_on() -> None:
    words = _request(
        no_cache=True,
        builder="b",
        target="t",
        build_args={"A": "x y", "B": ""},
        build_contexts={"base": "docker-image://x"},
        secret_specs=("id=s,env=S",),
        ssh=("default",),
        platform="linux/amd64",
        network="none",
        add_hosts={"index": "10.0.0.1"},
        extra_args=("--cache-from=type=local,src=x",),
    ).command(_DOCKER)
    for option in (
        "--no-cache",
        "--builder=b",
        "--target=t",
        "--build-arg=A=x y",
        "--build-arg=B=",
        "--build-context=base=docker-image://x",
        "--secret=id=s,env=S",
        "--ssh=default",
        "--platform=linux/amd64",
        "--network=none",
        "--add-host=index:10.0.0.1",
        "--cache-from=type=local,src=x",
    ):
        assert option in words
    assert words[-1] == "/c"


def test_namespace_enters_the_keys() -> None:
    namespace = Namespace("id", 1_500_000_000)
    options = _request(namespace=namespace).command(_DOCKER)
    assert "--add-host=id.invalid:127.0.0.1" in options
    assert "--build-arg=BUILDKIT_CACHE_MOUNT_NS=id" in options
    assert "--build-arg=SOURCE_DATE_EPOCH=1500000000" in options


def test_a_date_of_the_variants_own_stays() -> None:
    words = _request(namespace=Namespace("id", 1), build_args={"SOURCE_DATE_EPOCH": "0"}).command(_DOCKER)
    assert [word for word in words if "SOURCE_DATE_EPOCH" in word] == ["--build-arg=SOURCE_DATE_EPOCH=0"]


def test_namespaces_are_new_and_their_dates_usable() -> None:
    namespaces = [Namespace.new() for _ in range(100)]
    assert len({namespace.id for namespace in namespaces}) == 100
    assert len({namespace.source_date_epoch for namespace in namespaces}) > 90
    ten_years_ago = time.time() - 10.1 * 365 * 86400
    assert all(ten_years_ago < namespace.source_date_epoch < time.time() for namespace in namespaces)
