"""Serving a package index to a run's builds, through bases that know it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from layerbench import index
from layerbench.buildx.process import run_build
from layerbench.config.models import BenchFile
from layerbench.errors import BuildError, EngineError
from layerbench.results.models import Base
from layerbench.runner.connect import Connection
from layerbench.runner.leftovers import TEMPORARY_REPOSITORY
from layerbench.runner.observer import Observer
from layerbench.runner.sources import Sources, all_bases, with_build_contexts


@dataclass(frozen=True, slots=True)
class Served:
    """What the builds use while an index is served, or just what they had where none is."""

    sources: dict[str, Sources]
    notes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@contextlib.contextmanager
def served_index(
    bench: BenchFile,
    connection: Connection,
    sources: dict[str, Sources],
    run_id: str,
    folder: Path,
    observer: Observer,
) -> Iterator[Served]:
    """Serve the bench file's packages on the engine's bridge for as long as the context lasts.

    Raises:
        EngineError: the bridge's address is not to be had.
        BuildError: a base could not be given the index's address.
    """
    if not _is_wanted(bench):
        yield Served(sources)
        return
    observer.preparing("collecting the packages that the builds install")
    packages = index.fill(bench.index, observer.preparing)
    with index.serve(packages, _bridge_address(connection)) as address:
        url, hosts = index.by_name(address)
        contexts: dict[str, str] = {}
        tags = []
        for base in all_bases(sources):
            tag = f"{TEMPORARY_REPOSITORY}/base:{run_id}-{secrets.token_hex(4)}"
            contexts[base.reference] = _derive(connection, base, _served(base, sources), url, tag, folder)
            tags.append(tag)
        yield Served(
            {name: _with_index(found, contexts, hosts) for name, found in sources.items()},
            ("packages came from an index that this run served itself, with caching headers",),
            tuple(tags),
        )


def _is_wanted(bench: BenchFile) -> bool:
    if bench.index.serve == "auto":
        return index.probe_caching() is False
    return bench.index.serve == "always"


def _with_index(sources: Sources, contexts: Mapping[str, str], hosts: Mapping[str, str]) -> Sources:
    needed = {base.reference: contexts[base.reference] for base in sources.bases}
    return with_build_contexts(sources, needed, hosts)


def _bridge_address(connection: Connection) -> str:
    """The machine's address on the network that builds run in."""
    if connection.private_engine is not None:
        return connection.private_engine.bridge_address
    answer = connection.docker.ask(
        "network", "inspect", "bridge", "--format", "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
    )
    addresses = [address for address in answer.split() if "." in address]
    if not addresses:
        raise EngineError(
            "the engine's bridge has no IPv4 gateway to serve the package index on; set index.serve to never"
        )
    return addresses[0]


def _served(base: Base, sources: Mapping[str, Sources]) -> str | None:
    """The stand-in's address in the form that this engine reads; None for a base that was pulled."""
    contexts = (found.build_contexts.get(base.reference) for found in sources.values())
    return next((context for context in contexts if context), None)


def _derive(connection: Connection, base: Base, stand_in: str | None, url: str, tag: str, folder: Path) -> str:
    """Build a base that knows the index, and return it as a build context."""
    context = folder / f"base-{secrets.token_hex(8)}"
    context.mkdir()
    (context / "Dockerfile").write_text(index.derived_base_dockerfile(base.reference, url))
    is_docker_driver = connection.builder.driver == "docker"
    layout = context / "layout"
    output = ("--load", f"--tag={tag}") if is_docker_driver else (f"--output=type=oci,tar=false,dest={layout}",)
    command = [
        *connection.docker.command,
        *("buildx", "build", "--progress=rawjson", "--provenance=false", *output),
        *([f"--builder={connection.builder_option}"] if connection.builder_option else []),
        *([f"--build-context={base.reference}={stand_in}"] if stand_in else []),
        str(context),
    ]
    finished = run_build(command, connection.docker.environ())
    if finished.exit_code != 0:
        raise BuildError(f"a base that knows the package index could not be made: {' '.join(finished.text[-1:])}")
    return f"docker-image://{tag}" if is_docker_driver else f"oci-layout://{layout}"
