"""The arrows between the rooms, and what the command line may import before it knows what is asked for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import layerbench

ROOT = Path(layerbench.__file__).parent
SHARED = {"errors", "units", "expansion", "platforms"}
"""Pure modules that every room may know."""
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "units": set(),
    "expansion": set(),
    "platforms": set(),
    "instructions": set(),
    # Which files a Dockerfile copies, to choose one to edit: by the context's own rules.
    "config": {"instructions", "context"},
    "plan": {"config"},
    "workspace": {"config"},
    # The context as a build sees it: files and patterns, nothing of Dockerfiles.
    "context": set(),
    # What enters a cache key, of a Dockerfile and a context; kept beside a result, and read from there.
    "cachekeys": {"context", "instructions", "results"},
    # BuildKit's own keys are told in the words of that room.
    "buildx": {"instructions", "cachekeys.models"},
    "engine": set(),
    # git and what it keeps; knows nothing of what its states are built for.
    "repository": set(),
    "index": {"config.models"},
    "image": {"instructions"},
    "results": set(),
    # Keeps what `analysis.trend` draws lines of, and knows nothing of runs or builds.
    "history": {"analysis.trend.models"},
    # A run keeps in its result what its images hold. That is found by pure functions of layer profiles, which know
    # nothing of a run: so the runner calls them, and no arrow comes back.
    "runner": {
        "config",
        "plan",
        "workspace",
        "buildx",
        "image",
        "index",
        "engine",
        "results",
        "instructions",
        "analysis.anatomy",
        # A run records what each build was made from.
        "context",
        "cachekeys",
    },
    # Budgets and expectations are the bench file's; what judges by them takes them as they are.
    # Why a step ran follows from what the builds were made from.
    "analysis": {
        "results",
        "image.models",
        "image.profile",
        "image.contents",
        "config.models",
        "config.names",
        "context",
        "cachekeys",
    },
    "report": {"results", "analysis"},
    # Two states of a repository become one run: what git keeps and what builds it meet here, and nowhere below. When
    # its rounds may end is asked of the analysis, and so is whether the conditions that it is to be judged by can be
    # read at all, before anything is built.
    "ab": {
        "config",
        "plan",
        "buildx.trace",
        "repository",
        "runner",
        "results",
        "instructions",
        "analysis.undecided",
        "analysis.checks.limits",
    },
    # A build before it is made: git, contexts and cache keys meet here for who wants to know what an edit or a commit
    # will run again. Nothing is built, so the runner is not known.
    "foresight": {"config", "context", "cachekeys", "repository", "workspace", "analysis", "ab.loading", "ab.states"},
    # A second door beside the command line: pytest loads it, and nothing else does.
    "pytest_plugin": {"config", "plan", "buildx.trace", "runner", "engine", "results", "analysis", "foresight"},
}
NO_PROCESSES = (
    "analysis",
    "report",
    "results",
    "config",
    "plan",
    "instructions",
    "expansion",
    "errors",
    "units",
    "platforms",
)
PROCESS_MODULES = {"subprocess", "multiprocessing", "pty", "docker", "python_on_whales"}
PROCESS_CALLS = {
    "system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "execve", "execvp", "execvpe",
    "execl", "execle", "execlp", "spawnv", "spawnl", "spawnvp",
}  # fmt: skip
HEAVY = {
    "pydantic", "rich", "docker", "python_on_whales", "isal", "zstandard", "jinja2", "dockerfile", "requests",
    "pypiserver", "squarify",
}  # fmt: skip


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imports(path: Path, *, is_running: bool = False) -> Iterator[str]:
    """Names of the modules that a file imports, absolute, those of functions and of TYPE_CHECKING included.

    Args:
        path: the file.
        is_running: leave out what only a type checker imports.
    """
    tree = ast.parse(path.read_text())
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if is_running and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide the rooms they cross"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_allowed(imported: str, room: str) -> bool:
    """Whether `layerbench.<imported>` may be known in a room."""
    target = imported.split(".")[0]
    if target in {room, "__version__"} | SHARED:
        return True
    return any(imported == allowed or imported.startswith(f"{allowed}.") for allowed in ALLOWED[room])


def room_of(module: str) -> str:
    return module.split(".")[0]


def test_every_module_has_a_room() -> None:
    assert {room_of(module) for module, _ in modules()} == {*ALLOWED, "cli", "", "__main__"}


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_knows_only_what_it_may(room: str) -> None:
    wrong = [
        f"{module}: {imported}"
        for module, path in modules()
        if room_of(module) == room
        for imported in imports(path)
        if imported.split(".")[0] == "layerbench" and not is_allowed(imported.removeprefix("layerbench."), room)
    ]
    assert wrong == []


def test_the_arrows_have_no_circle() -> None:
    known = {room: {arrow.split(".")[0] for arrow in arrows} for room, arrows in ALLOWED.items()}
    done: set[str] = set()
    while len(done) < len(known):
        free = {room for room in known.keys() - done if known[room] <= done}
        assert free, f"a circle among {sorted(known.keys() - done)}"
        done |= free


def test_nobody_imports_the_command_line() -> None:
    wrong = [
        module
        for module, path in modules()
        if room_of(module) not in ("cli", "__main__")
        for imported in imports(path)
        if imported == "layerbench.cli" or imported.startswith("layerbench.cli.")
    ]
    assert wrong == []


def test_nobody_imports_the_pytest_plugin() -> None:
    wrong = [
        module
        for module, path in modules()
        if room_of(module) != "pytest_plugin"
        for imported in imports(path)
        if imported.startswith("layerbench.pytest_plugin")
    ]
    assert wrong == []


def test_the_pytest_plugin_is_light_for_sessions_without_images() -> None:
    loaded = loaded_by("import layerbench.pytest_plugin.plugin")
    assert "pytest" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("room", NO_PROCESSES)
def test_pure_rooms_start_no_process(room: str) -> None:
    for module, path in modules():
        if room_of(module) != room:
            continue
        assert not {imported.split(".")[0] for imported in imports(path)} & PROCESS_MODULES, module
        calls = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not calls & PROCESS_CALLS, module


def test_the_check_finds_what_it_looks_for(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "import layerbench.cli.run\n"
        "if TYPE_CHECKING:\n    from layerbench.image import store\n"
        "def f():\n    from layerbench.config import models\n"
    )
    assert [name for name in imports(path) if "layerbench" in name] == [
        "layerbench.cli.run",
        "layerbench.image.store",
        "layerbench.config.models",
    ]
    assert "layerbench.image.store" not in list(imports(path, is_running=True))
    assert is_allowed("image.models", "analysis")
    assert is_allowed("image.models.Layer", "analysis")
    assert not is_allowed("image.models_of_others", "analysis")
    assert not is_allowed("image.store", "analysis")
    assert not is_allowed("runner.session", "report")


def test_modules_are_short_enough_to_be_read() -> None:
    assert [module for module, path in modules() if len(path.read_text().splitlines()) > 400] == []


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that are there after a statement was run by a fresh interpreter."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)), file=sys.__stdout__)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(result.stdout.splitlines()[-1])}


def test_the_command_line_is_light() -> None:
    assert not loaded_by("import layerbench.cli") & HEAVY


def test_help_loads_nothing_heavy() -> None:
    statement = (
        "from click.testing import CliRunner\n"
        "from layerbench.cli import layerbench\n"
        "assert 'Examples' in CliRunner().invoke(layerbench, ['--help']).output"
    )
    assert not loaded_by(statement) & HEAVY


@pytest.mark.parametrize("command", sorted(path.stem for path in (ROOT / "cli").glob("*.py") if path.stem[0] != "_"))
def test_a_command_loads_what_is_heavy_only_when_it_is_called(command: str) -> None:
    assert not loaded_by(f"import layerbench.cli.{command}") & HEAVY
