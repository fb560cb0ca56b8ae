"""Bringing private engines up and down, and telling how they are."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from pathlib import Path

from layerbench.engine import addresses, daemon, machine, processes
from layerbench.engine.client import client_environment, client_folder, docker_command, write_client_folders
from layerbench.engine.files import disk_bytes
from layerbench.engine.locks import locked
from layerbench.engine.models import IMAGE_STORES, Condition, EngineStatus, PrivateEngine
from layerbench.engine.network import NetworkTools, bridge_exists, working_tools
from layerbench.engine.paths import EnginePaths, engine_paths, known_names
from layerbench.engine.programs import Programs, choose_programs
from layerbench.engine.state import EngineState, read_state, write_state
from layerbench.engine.teardown import remove_home, remove_unused_packages, take_down, tools_for
from layerbench.errors import EngineError, UsageError

Notify = Callable[[str], None]

_DAEMONS = ("dockerd", "containerd")
_BUSY = "another layerbench is starting or stopping this engine"


def start(
    name: str,
    *,
    fetch: bool = False,
    suite: str | None = None,
    image_store: str | None = None,
    notify: Notify,
) -> PrivateEngine:
    """Bring the engine `name` up; if it is up, do nothing. Either it is up afterwards, or nothing of it runs.

    Args:
        name: which engine.
        fetch: download Debian's packages where no dockerd is installed.
        suite: use this Debian suite's packages, even where a dockerd is installed; implies `fetch`.
        image_store: `containerd` or `classic`; None: as before, at first `containerd`.
        notify: told what is going on, one line at a time.

    Raises:
        UsageError: there is no dockerd, root's rights are missing, or the engine was made differently.
        EngineError: it did not come up; the message has the end of its log.
    """
    _require_root()
    if image_store not in (None, *IMAGE_STORES):
        raise UsageError(f"there is no image store {image_store!r}: take one of {', '.join(IMAGE_STORES)}")
    paths = engine_paths(name)
    with _told(f"engine {name} cannot be brought up"), locked(paths.lock, notify, _BUSY):
        is_new = not paths.home.exists()
        try:
            state = read_state(paths)
            _refuse_changes(name, state, suite, image_store)
            if state and _is_up(paths):
                notify(f"engine {name} is already up")
                return _engine(paths, state)
            return _bring_up(paths, state, fetch or suite is not None, suite, image_store, notify)
        finally:
            if is_new and not paths.state.exists():
                remove_home(paths)


def stop(name: str, *, purge: bool = False, notify: Notify) -> None:
    """Take the engine `name` down; images and cache are kept for the next time unless `purge`.

    Args:
        name: which engine; one that is not there is fine.
        purge: delete its files too, and the unpacked packages if no other engine uses them.
        notify: told what is going on.

    Raises:
        UsageError: root's rights are missing.
        EngineError: something of it could not be removed.
    """
    _require_root()
    paths = engine_paths(name)
    if not paths.home.exists() and not paths.run.exists() and not bridge_exists(paths.bridge):
        notify(f"there is no engine called {name}")
        if purge:
            remove_home(paths)
            remove_unused_packages()
        return
    with _told(f"engine {name} cannot be taken down"), locked(paths.lock, notify, _BUSY):
        state = _state_if_readable(paths)
        if purge:  # nothing of them is kept, so there is no sense in asking containers to end by themselves
            processes.terminate(processes.contained(paths), 0)
        take_down(paths, tools_for(paths, state), state, patient=True, notify=notify)
        if purge:
            notify(f"deleting {paths.home}")
            remove_home(paths)
            remove_unused_packages()


def status(name: str, *, measure: bool = False) -> EngineStatus:
    """How the engine `name` is.

    Args:
        name: which engine.
        measure: also add up what its files occupy, which takes a while where there are many.
    """
    paths = engine_paths(name)
    state = read_state(paths)
    if state is None:
        detail = f"there is no engine called {name}: bring it up by `layerbench engine up --name {name}`"
        return EngineStatus(name, "absent", detail, None, None, None, None)
    running = {program: processes.daemon(paths, program) for program in _DAEMONS}
    missing = [program for program, process in running.items() if process is None]
    version = daemon.server_version(paths.socket)
    condition: Condition
    if version and not (missing and _is_root()):
        condition, detail = "up", f"Docker Engine {version} answers at {paths.socket}"
    elif len(missing) == len(running):
        condition, detail = "down", f"bring it up by `layerbench engine up --name {name}`"
    else:
        trouble = f"{missing[0]} has ended" if missing else "it does not answer"
        condition, detail = "broken", f"{trouble}: mend it by `layerbench engine up --name {name}`"
    dockerd = running["dockerd"]
    return EngineStatus(
        name=name,
        state=condition,
        detail=detail,
        engine=_engine(paths, state),
        process_id=dockerd.pid if dockerd else None,
        server_version=version,
        data_bytes=disk_bytes(paths.home) if measure else None,
    )


def find(name: str) -> PrivateEngine | None:
    """The engine `name` if it is up, else None."""
    paths = engine_paths(name)
    state = read_state(paths)
    return _engine(paths, state) if state and _is_up(paths) else None


def running() -> list[PrivateEngine]:
    """All engines that are up, by name; one whose state is damaged is passed over."""
    found = []
    for name in known_names():
        with contextlib.suppress(EngineError):
            found.append(find(name))
    return [engine for engine in found if engine]


def _bring_up(
    paths: EnginePaths,
    state: EngineState | None,
    fetch: bool,
    suite: str | None,
    image_store: str | None,
    notify: Notify,
) -> PrivateEngine:
    programs = choose_programs(state.source if state else suite, fetch, notify)
    tools = working_tools(programs.ip, programs.iptables)
    store = image_store or (state.image_store if state else "containerd")
    if any(processes.daemon(paths, program) for program in _DAEMONS):
        notify(f"engine {paths.name} is broken: stopping what is left of it")
    try:
        take_down(paths, tools, state, patient=False, notify=notify)  # what a crash has left
        for folder in (paths.data_root, paths.containerd_root, paths.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        write_client_folders(paths, programs)
        with machine.machine_lock(notify):
            machine.prepare(paths.run)
            new_state = EngineState(store, programs.source, programs.packages, _choose_pool(paths, state, tools))
            write_state(paths, new_state)
            tools.add_bridge(paths.bridge, addresses.bridge_interface(new_state.pool))
            tools.add_rules(new_state.pool, paths.label)
        _start_daemons(paths, programs, new_state, tools.mtu_bytes(), notify)
    except BaseException:
        take_down(paths, tools, state, patient=False, notify=notify)
        if state is None:
            paths.state.unlink(missing_ok=True)
        raise
    notify(f"engine {paths.name} is up")
    return _engine(paths, new_state)


def _choose_pool(paths: EnginePaths, state: EngineState | None, tools: NetworkTools) -> IPv4Network:
    """The engine's addresses: those it had before, unless something else has come to use them."""
    taken = [*tools.networks(), *addresses.proxies(), *_name_servers()]
    if state and not any(state.pool.overlaps(network) for network in taken):
        return state.pool
    return addresses.choose_pool(paths.key, taken)


def _start_daemons(paths: EnginePaths, programs: Programs, state: EngineState, mtu_bytes: int, notify: Notify) -> None:
    store = state.image_store
    daemon.write_configuration(paths, programs, store, state.pool, mtu_bytes)
    notify(f"starting Docker Engine ({programs.source}, {store} image store)")
    daemon.start_containerd(paths, programs)
    daemon.start_dockerd(paths, programs)
    if (in_use := daemon.image_store_in_use(paths.socket)) != store:
        raise EngineError(
            f"this Docker Engine has no {store} image store, it uses the {in_use} one: "
            f"take --image-store {in_use}, or a newer engine by --suite"
        )


@contextlib.contextmanager
def _told(problem: str) -> Iterator[None]:
    """Tell in one sentence what the system refused: a full disk, a file system that is read-only, and so on."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise EngineError(f"{problem}: {error.strerror}{where}: mend that, and try again") from error


def _state_if_readable(paths: EnginePaths) -> EngineState | None:
    try:
        return read_state(paths)
    except EngineError:
        return None


def _is_up(paths: EnginePaths) -> bool:
    if daemon.server_version(paths.socket) is None:
        return False
    return not _is_root() or all(processes.daemon(paths, program) for program in _DAEMONS)


def _engine(paths: EnginePaths, state: EngineState) -> PrivateEngine:
    return PrivateEngine(
        name=paths.name,
        home=paths.home,
        socket=paths.socket,
        bridge=paths.bridge,
        bridge_address=str(addresses.bridge_interface(state.pool).ip),
        image_store=state.image_store,
        source=state.source,
        docker_command=docker_command(state.package_folder),
        client_folder=client_folder(state.package_folder),
        environment=client_environment(paths),
    )


def _name_servers() -> list[IPv4Network]:
    with contextlib.suppress(OSError):
        return addresses.name_servers(Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace"))
    return []


def _refuse_changes(name: str, state: EngineState | None, suite: str | None, image_store: str | None) -> None:
    """An engine keeps its store and version: another would not see its images and cache, or damage them."""
    if state is None:
        return
    for word, wanted, present in (
        ("suite", suite, state.source),
        ("image store", image_store, state.image_store),
    ):
        if wanted and wanted != present:
            raise UsageError(
                f"engine {name} was made with {word} {present}, not {wanted}: take another --name, "
                f"or remove it first by `layerbench engine down --name {name} --purge`"
            )


def _is_root() -> bool:
    return os.geteuid() == 0


def _require_root() -> None:
    if not sys.platform.startswith("linux"):
        raise UsageError("a private engine needs Linux: use Docker Desktop's engine here")
    if not _is_root():
        raise UsageError("a private engine needs root's rights (it has no rootless mode): run this command by sudo")
