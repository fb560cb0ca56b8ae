"""From what a test asks for to what a run measures: a bench file of one variant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerbench.config.models import COLD, NONCE, WARM, BenchFile, Scenario, Variant
from layerbench.errors import UsageError

if TYPE_CHECKING:
    from layerbench.config.models import Edit

EditText = Mapping[str, Any]
"""An edit as the bench file writes it."""
_EDIT = "edit"
_TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Places:
    """Where a session's tests find what they name."""

    root: Path
    """Where relative paths start."""
    bench_file: Path | None = None
    """The bench file that was named; None to look for one in `root`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The arguments of one call."""

    variant: str | None = None
    edit: EditText | Sequence[EditText] | None = None
    scenario: str | None = None
    warm: bool = False
    dockerfile: str | os.PathLike[str] | None = None
    context: str | os.PathLike[str] | None = None
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to build."""

    bench: BenchFile
    """With one variant, one round, and `cold` and `warm` beside the scenario that is asked for."""
    scenario: Scenario
    title: str


def understand(wanted: Wanted, places: Places) -> Asked:
    """Find out what a test asks for.

    Raises:
        UsageError: names the argument, the file or the key that is wrong, and the mend.
    """
    if sum((wanted.edit is not None, wanted.scenario is not None, wanted.warm)) > 1:
        raise UsageError("edit, scenario and warm exclude each other; give one of them, or none for a cold build")
    bench = _without_bench_file(wanted, places) if _names_files(wanted) else _from_bench_file(wanted, places)
    [variant] = bench.variants
    scenario = _scenario(wanted, bench, variant)
    # An edit rests on both anyway. And cold goes with warm, so that their images are of one build: another one's layers
    # have other times in them, and other digests.
    others = [one for one in (COLD, WARM) if one.kind != scenario.kind]
    scenarios = (*others, scenario) if scenario.kind != "cold" else (scenario, *others)
    words = {"cold": "cold", "warm": "warm"}.get(scenario.kind, f"after {scenario.description or scenario.name}")
    title = f"{variant.name}, cold" if scenario.kind == "cold" else f"{variant.name} {words}"
    return Asked(replace(bench, scenarios=scenarios, rounds=1), scenario, title)


def _names_files(wanted: Wanted) -> bool:
    return wanted.dockerfile is not None or wanted.context is not None


def _without_bench_file(wanted: Wanted, places: Places) -> BenchFile:
    from layerbench.config.file import check_bench

    if wanted.scenario not in (None, "cold", "warm"):
        raise UsageError(f'scenario "{wanted.scenario}" is the bench file\'s; with a Dockerfile named, say edit=…')
    context = None if wanted.context is None else (places.root / wanted.context).resolve()
    if wanted.dockerfile is not None:
        dockerfile = (places.root / wanted.dockerfile).resolve()
    else:
        dockerfile = (context or places.root) / "Dockerfile"
    folder = context or dockerfile.parent
    if not dockerfile.is_file():
        raise UsageError(f'dockerfile: no such file: "{dockerfile}"; a relative path starts at {places.root}')
    if not folder.is_dir():
        raise UsageError(f'context: no such folder: "{folder}"; a relative path starts at {places.root}')
    name = wanted.variant or dockerfile.name
    variant = Variant(name, dockerfile, folder, target=wanted.target, build_args=dict(wanted.build_args))
    bench = BenchFile(folder.name or "image", folder, (variant,), (), 1)
    check_bench(bench)
    return bench


def _from_bench_file(wanted: Wanted, places: Places) -> BenchFile:
    from layerbench.config.file import find_bench_file, load_bench_file
    from layerbench.config.select import select

    if wanted.target is not None or wanted.build_args:
        raise UsageError("target and build_args go with dockerfile=…; a variant of the bench file has its own")
    path = places.bench_file or find_bench_file(places.root)
    if path is None:
        raise UsageError(
            f"there is no layerbench.toml in {places.root}; `layerbench init` writes one, "
            "or name it with --layerbench-bench-file or the ini option layerbench_bench_file, or say dockerfile=…"
        )
    bench = load_bench_file(path, os.environ)
    names = [variant.name for variant in bench.variants]
    if wanted.variant is None and len(names) > 1:
        raise UsageError(f"{path} has several variants; name one of {', '.join(names)}")
    return select(bench, [wanted.variant or names[0]], [], 1)


def _scenario(wanted: Wanted, bench: BenchFile, variant: Variant) -> Scenario:
    if wanted.edit is not None:
        texts = [wanted.edit] if isinstance(wanted.edit, Mapping) else list(wanted.edit)
        if not texts:
            raise UsageError('edit: the list is empty; give at least one edit, such as {"append": "app.py"}')
        edits = tuple(understand_edit(text, bench.folder) for text in texts)
        return Scenario(_EDIT, "edit", _described(texts), edits)
    if wanted.warm or wanted.scenario == "warm":
        return WARM
    if wanted.scenario in (None, "cold"):
        return COLD
    from layerbench.config.select import select

    [found] = select(bench, [], [wanted.scenario], None).scenarios
    if found.variants is not None and variant.name not in found.variants:
        raise UsageError(f'scenario "{found.name}" is for {", ".join(found.variants)} only, not for {variant.name}')
    return found


def understand_edit(text: EditText, folder: Path) -> Edit:
    """An edit as the bench file writes it, where `append` and `write` may leave out their text.

    Args:
        text: the mapping.
        folder: where a patch's path starts.

    Raises:
        UsageError: what is wrong with it.
    """
    from pydantic import ValidationError

    from layerbench.config.models import Patch
    from layerbench.config.schema import EditModel

    try:
        model = EditModel.model_validate(_with_text(text))
    except ValidationError as error:
        raise UsageError(f"edit {dict(text)}: {_problem(error)}") from None
    if model.patch is None:
        return model.operation()
    try:
        return Patch((folder / model.patch).read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError as error:
        raise UsageError(f'edit: the patch "{model.patch}" cannot be read: {error.strerror}') from None


def _with_text(text: EditText) -> dict[str, Any]:
    """The edit with a text that was never there before, as a comment of the file's language."""
    for operation in ("append", "write"):
        path = text.get(operation)
        if isinstance(path, str) and "text" not in text:
            return {**text, "text": _comment(path)}
    return dict(text)


def _comment(path: str) -> str:
    from layerbench.config.languages import Comment, language_of, manifest_of

    language = language_of(path)
    if language is not None:
        return language.comment.line()
    if path.endswith((".json", ".lock")):
        raise UsageError(f'edit of "{path}": such a file has no comments; say its text, or use "replace"')
    manifest = manifest_of(path)
    if manifest is not None and isinstance(manifest[1].edit, Comment):
        return manifest[1].edit.line()
    return f"\n# layerbench {NONCE}\n"


def _problem(error: Any) -> str:
    from layerbench.config.names import did_you_mean
    from layerbench.config.schema import OPERATIONS

    problem = error.errors(include_url=False)[0]
    if problem["type"] == "extra_forbidden":
        return f"unknown key {problem['loc'][-1]}; {did_you_mean(str(problem['loc'][-1]), list(OPERATIONS))}"
    where = f"{problem['loc'][0]}: " if problem["loc"] else ""
    return f"{where}{problem['msg'].removeprefix('Value error, ')}"


def _described(texts: Iterable[EditText]) -> str:
    """What the edits do in a few words: `append app.py`."""
    from layerbench.config.schema import OPERATIONS

    words = [f"{name} {text[name]}" for text in texts for name in OPERATIONS if name in text]
    whole = " ".join(", ".join(words).split())
    return whole if len(whole) <= _TITLE_LENGTH else f"{whole[: _TITLE_LENGTH - 1]}…"
