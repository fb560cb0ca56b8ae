"""What a run needs, what of it is there, and the mend for what is not."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NoReturn

from layerbench.buildx.docker import (
    BuilderFacts,
    DockerClient,
    EngineFacts,
    builder_facts,
    buildx_version,
    engine_facts,
)
from layerbench.config.models import BenchFile, Variant
from layerbench.engine import PrivateEngine
from layerbench.errors import EngineError, LayerbenchError, UsageError
from layerbench.instructions import parse_dockerfile
from layerbench.results.models import Base
from layerbench.runner.connect import Connection, find_client
from layerbench.runner.leftovers import remove_images
from layerbench.runner.lock import engine_lock
from layerbench.runner.sources import SourceFinder, platform_arguments
from layerbench.runner.temporary import temporary_folder
from layerbench.units import format_bytes

_LEAST_FREE_BYTES = 5_000_000_000
_FETCH = "run `layerbench engine up --fetch` for a private engine"
_FAILED_BASE = re.compile(r'^the base "([^"]+)"')

State = Literal["ok", "warning", "missing"]
Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a run needs or profits from; without what is `missing` it could not start."""

    name: str
    state: State
    detail: str
    mend: str | None = None


def diagnose(bench_file: Path | None, builder: str | None, notify: Notify) -> Iterator[Check]:
    """Check everything, one after the other; the slow ones come last.

    Args:
        bench_file: the bench file that a run would take; None for the one in this folder, if any.
        builder: name of a buildx builder; None for the one that `docker buildx build` would take.
        notify: told before something that takes its time.
    """
    docker, private, engine_error = _find_client()
    yield check_client(docker)
    yield _engine_check(docker, private, engine_error)
    yield from check_private_engines()
    yield check_buildx(docker)
    builder_check, connection = _connect(docker, private, engine_error, builder)
    yield builder_check
    bench_check, bench = check_bench_file(bench_file)
    yield bench_check
    yield check_results(bench)
    yield check_temporary_folder()
    if connection is not None:
        yield check_engine_space(connection)
    yield check_index(bench)
    if bench is not None and connection is not None:
        yield from check_bases(bench, connection, notify)


def check_client(docker: DockerClient) -> Check:
    """The docker client."""
    path = shutil.which(docker.command[0], path=docker.environ().get("PATH"))
    if path is None:
        return Check("docker client", "missing", f"{docker.command[0]} is not installed", f"install it, or {_FETCH}")
    try:
        answer = docker.run("version", "--format", "{{.Client.Version}}")
    except EngineError as error:
        return _from_error("docker client", error)
    version = answer.stdout.strip().splitlines()  # it prints its own version also where no engine answers
    return Check("docker client", "ok", f"{version[0] if version else 'of unknown version'} ({path})")


def check_private_engines() -> Iterator[Check]:
    """Every private engine that was ever made."""
    from layerbench.engine import known_names, status

    for name in known_names():
        try:
            found = status(name)
        except LayerbenchError as error:
            yield replace(_from_error("private engine", error), state="warning")
            continue
        state: State = "warning" if found.state == "broken" else "ok"
        yield Check("private engine", state, f"{name} is {found.state}: {found.detail}")


def check_buildx(docker: DockerClient) -> Check:
    """The client's buildx plugin."""
    try:
        return Check("buildx", "ok", buildx_version(docker) or "it does not tell its version")
    except EngineError as error:
        return _from_error("buildx", error)


def check_bench_file(path: Path | None) -> tuple[Check, BenchFile | None]:
    """The bench file and all that it names; having none is no fault."""
    from layerbench.config.file import find_bench_file, load_bench_file
    from layerbench.runner.preflight import check_all_edits, check_dockerfiles, check_secrets

    try:
        found = path or find_bench_file(Path())
        if found is None:
            mend = "`layerbench init` writes one, or name Dockerfiles with `layerbench run -f`"
            return Check("bench file", "ok", "none in this folder", mend), None
        bench = load_bench_file(found, os.environ)
        check_dockerfiles(bench)
        check_secrets(bench, os.environ)
        check_all_edits(bench)
    except LayerbenchError as error:
        return _from_error("bench file", error), None
    counts = f"{len(bench.variants)} variants, {len(bench.scenarios)} scenarios, {bench.rounds} rounds"
    return Check("bench file", "ok", f"{found}: {counts}"), bench


def check_results(bench: BenchFile | None) -> Check:
    """Whether the result file can be written where it lies by default."""
    from layerbench.results.location import check_place, default_result_path

    folder = bench.folder if bench else Path()
    path = default_result_path(bench.name if bench else folder.resolve().name, folder)
    try:
        check_place(path)
    except LayerbenchError as error:
        return _from_error("results", error)
    return Check("results", "ok", f"can be written to {path.parent}")


def check_temporary_folder() -> Check:
    """Whether copies of the contexts can be made."""
    name, mend = "temporary folder", "set TMPDIR to a folder that can be written to"
    try:
        folder = Path(tempfile.gettempdir())
    except OSError as error:
        return Check(name, "missing", str(error.strerror), mend)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check(name, "missing", f"{folder} cannot be written to", mend)
    return check_space(name, folder, "free some space there, or set TMPDIR to another folder")


def check_space(name: str, folder: Path, mend: str) -> Check:
    """Whether there is room where a folder of this machine lies."""
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(name, "warning", f"{folder}: {error.strerror}", mend)
    detail = f"{format_bytes(free_bytes)} free in {folder}"
    if free_bytes < _LEAST_FREE_BYTES:
        return Check(name, "warning", f"only {detail}", mend)
    return Check(name, "ok", detail)


def check_engine_space(connection: Connection) -> Check:
    """Whether the engine has room for images and cache, where it runs on this machine."""
    root = connection.engine.root
    host = connection.docker.environ().get("DOCKER_HOST", "")
    if root is None or not (host.startswith("unix://") or not host) or not Path(root).is_dir():
        return Check("engine's disk", "ok", "the engine's files are not on this machine: not known")
    return check_space("engine's disk", Path(root), "free some space there; `docker system df` says what takes it")


def check_index(bench: BenchFile | None) -> Check:
    """Whether the package index lets pip's cache work, without which cache mounts look useless."""
    from layerbench.index import probe_caching

    serve = bench.index.serve if bench else "never"
    if serve == "always":
        return Check("package index", "ok", "the run serves its own ([index] in the bench file)")
    try:
        sends_headers = probe_caching()
    except LayerbenchError as error:
        found = _from_error("package index", error)
        return replace(found, state="ok" if serve == "never" else "missing")
    if sends_headers is None:
        return Check("package index", "ok" if serve == "never" else "warning", "pip's index cannot be reached here")
    if sends_headers:
        return Check("package index", "ok", "pip's index sends caching headers")
    if serve == "auto":
        return Check("package index", "ok", "pip's index sends no caching headers: the run serves its own")
    return Check(
        "package index",
        "warning",
        "pip's index sends no caching headers, so pip's cache stays empty, and cache mounts for it look useless",
        'where the images install with pip, set serve = "auto" in the bench file\'s [index]',
    )


def check_bases(bench: BenchFile, connection: Connection, notify: Notify) -> Iterator[Check]:
    """Whether each base and the frontend can be had, and from where, by small builds as a run makes them."""
    notify("trying the bases, which pulls those that are not there yet")
    try:
        with (
            engine_lock(connection.engine.id or "engine", _raise_busy),
            temporary_folder(None) as folder,
        ):
            yield from _tried_bases(bench, connection, folder)
    except _BusyError as busy:
        yield Check("bases", "warning", f"not tried: {busy}", "ask again when it has ended")
    except LayerbenchError as error:
        yield _from_error("bases", error)


def _tried_bases(bench: BenchFile, connection: Connection, folder: Path) -> Iterator[Check]:
    notes: list[str] = []
    finder = SourceFinder(connection, bench.bases, folder, "auto", notes.append)
    needed = {variant.name: _references(variant, connection.engine) for variant in bench.variants}
    local = {reference for reference in set().union(*needed.values()) if _is_image(connection, reference)}
    found: set[str] = set()
    failed: set[str] = set()
    frontends: dict[str, list[str]] = {}
    try:
        for variant in bench.variants:
            if failed & needed[variant.name]:
                continue  # it would fail in the same way, after the same wait
            try:
                sources = finder.find(variant)
            except LayerbenchError as error:
                failed.update(_FAILED_BASE.findall(str(error)))
                yield _from_error("base", error)
                continue
            for base in sources.bases:
                if base.reference not in found:
                    found.add(base.reference)
                    yield _base_check(base, base.reference in local)
            kind = "blanked" if sources.blanks_syntax_line else sources.frontend
            frontends.setdefault(kind, []).append(variant.name)
    finally:
        remove_images(connection.docker, finder.tags)
    yield from _frontend_checks(frontends, [note for note in notes if "syntax image" in note])


def _base_check(base: Base, is_local: bool) -> Check:
    if base.substituted_by is not None:
        origin = f"cannot be pulled; its stand-in {base.substituted_by} serves"
    elif is_local:
        origin = "is an image of the engine"
    else:
        origin = "can be pulled"
    return Check("base", "ok", f"{base.reference} {origin}" + (f" ({base.digest[:19]})" if base.digest else ""))


def _frontend_checks(frontends: dict[str, list[str]], notes: list[str]) -> Iterator[Check]:
    if "blanked" in frontends:
        why = notes[0] if notes else "the syntax image cannot be had here"
        yield Check("frontend", "warning", f"{why}, for {', '.join(frontends['blanked'])}", "reach its registry")
    if "registry" in frontends:
        yield Check("frontend", "ok", f"the `# syntax` image serves for {', '.join(frontends['registry'])}")
    if "builtin" in frontends:
        yield Check(
            "frontend", "ok", f"the engine's own serves for {', '.join(frontends['builtin'])} (no `# syntax` line)"
        )


def _find_client() -> tuple[DockerClient, PrivateEngine | None, EngineError | None]:
    try:
        docker, private = find_client()
    except EngineError as error:
        return DockerClient(), None, error
    return docker, private, None


def _engine_check(docker: DockerClient, private: PrivateEngine | None, error: EngineError | None) -> Check:
    if error is not None:
        return _from_error("engine", error)
    try:
        facts = engine_facts(docker)
    except EngineError as problem:
        return _from_error("engine", problem)
    where = docker.environ().get("DOCKER_HOST") or "the default socket"
    stands_in = private and os.environ.get("DOCKER_HOST") != docker.environ().get("DOCKER_HOST")
    owner = f', the private engine "{private.name}"' if private else ""
    owner += ", as no other answers" if stands_in else ""
    return Check(
        "engine", "ok", f"{facts.version or 'of unknown version'} at {where}{owner}, {facts.image_store} image store"
    )


def _connect(
    docker: DockerClient, private: PrivateEngine | None, engine_error: EngineError | None, builder: str | None
) -> tuple[Check, Connection | None]:
    if engine_error is not None:
        return Check("builder", "missing", "cannot be asked for without an engine"), None
    try:
        facts = builder_facts(docker, builder)
        connection = Connection(docker, engine_facts(docker), facts, private, builder)
    except EngineError as error:
        return _from_error("builder", error), None
    return Check("builder", "ok", _builder_words(facts)), connection


def _builder_words(facts: BuilderFacts) -> str:
    version = f"BuildKit {facts.buildkit_version}" if facts.buildkit_version else "a BuildKit of unknown version"
    platforms = f", for {', '.join(facts.platforms)}" if facts.platforms else ""
    return f'"{facts.name}", driver {facts.driver}, {version}{platforms}'


def _references(variant: Variant, engine: EngineFacts) -> set[str]:
    """The bases that a variant needs, as far as its Dockerfile can be read."""
    arguments = {**platform_arguments(variant.platform or engine.platform), **variant.build_args}
    try:
        dockerfile = parse_dockerfile(variant.dockerfile.read_text(errors="replace"))
        return {*dockerfile.base_references(variant.target, arguments)} - variant.build_contexts.keys()
    except (OSError, UsageError):
        return set()


def _is_image(connection: Connection, reference: str) -> bool:
    """Whether the builder would find an image of that name in the engine itself."""
    if connection.builder.driver != "docker":
        return False
    return connection.docker.run("image", "inspect", "--format", "{{.Id}}", reference).returncode == 0


def _from_error(name: str, error: LayerbenchError) -> Check:
    """A check that failed; an error's sentence has its mend behind the last semicolon."""
    detail, separator, mend = str(error).rpartition("; ")
    return Check(name, "missing", detail, mend) if separator else Check(name, "missing", mend)


class _BusyError(Exception):
    """Another run has the engine."""


def _raise_busy(note: str) -> NoReturn:
    raise _BusyError(note.partition(";")[0])
