"""Reading a bench file: TOML in, `BenchFile` out, or one sentence that names file, key and mend."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from layerbench.config.limits import BudgetModel, ExpectationModel, LimitsModel, check_names
from layerbench.config.models import (
    COLD,
    WARM,
    BenchFile,
    Budget,
    Edit,
    Expectation,
    IndexSettings,
    Patch,
    Scenario,
    Secret,
    Smoke,
    SmokeCommand,
    SmokeHttp,
    Variant,
)
from layerbench.config.names import did_you_mean
from layerbench.config.schema import (
    BenchModel,
    EditModel,
    IndexModel,
    ScenarioModel,
    SecretModel,
    SmokeModel,
    VariantModel,
)
from layerbench.errors import UsageError

BENCH_FILE_NAME = "layerbench.toml"
_BUILT_IN = {scenario.name: scenario for scenario in (COLD, WARM)}
_SCHEMES = ("docker-image://", "oci-layout://")
_WORDS = {
    "dict_type": "should be a table",
    "model_type": "should be a table",
    "list_type": "should be an array",
    "string_type": "should be a string",
    "int_type": "should be a whole number",
    "float_type": "should be a number",
    "too_short": "should not be empty",
    "string_too_short": "should not be empty",
    "missing": "this key is needed",
}
_RESERVED_OPTIONS = (
    "--progress", "--metadata-file", "--output", "-o", "--load", "--push", "--tag", "-t", "--file", "-f",
    "--iidfile", "--quiet", "-q", "--no-cache", "--builder", "--call", "--check", "--print", "--secret", "--build-arg",
)  # fmt: skip
_WHY_RESERVED = {
    "--secret": "use the variant's `secrets`, so that no value is written anywhere",
    "--build-arg": "use the variant's `build_args`",
    "--file": "use the variant's `dockerfile`",
    "-f": "use the variant's `dockerfile`",
    "--no-cache": "the scenario `cold` is the build without a cache",
}


def find_bench_file(folder: Path) -> Path | None:
    """`layerbench.toml` in that folder, or a `pyproject.toml` there that has `[tool.layerbench]`."""
    candidate = folder / BENCH_FILE_NAME
    if candidate.is_file():
        return candidate
    pyproject = folder / "pyproject.toml"
    return pyproject if pyproject.is_file() and _tool_table(_read_toml(pyproject)) is not None else None


def load_bench_file(path: Path, environment: Mapping[str, str]) -> BenchFile:
    """Read and check a bench file and the presence of all that it names.

    Args:
        path: `layerbench.toml`, or a `pyproject.toml` with `[tool.layerbench]`.
        environment: for `${NAME}` in the stand-ins of `[bases]`.

    Raises:
        UsageError: what is wrong, where, and what to do.
    """
    table = _read_toml(path)
    if path.name == "pyproject.toml":
        tool_table = _tool_table(table)
        if tool_table is None:
            mend = "`layerbench init` writes a bench file"
            raise UsageError(f"{path}: there is no [tool.layerbench] in it; {mend}")
        table = tool_table
    try:
        model = BenchModel.model_validate(table)
    except ValidationError as error:
        raise UsageError(f"{path}: {_first_problem(error)}") from None
    try:
        bench = _resolve(model, path.parent.resolve(), environment)
        check_bench(bench)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return bench


def load_limits(path: Path) -> tuple[tuple[Budget, ...], tuple[Expectation, ...]]:
    """Read a file that has `[[budgets]]` and `[[expectations]]` only.

    Raises:
        UsageError: what is wrong, where, and what to do.
    """
    try:
        model = LimitsModel.model_validate(_read_toml(path, mend="give the file of [[budgets]] that is meant"))
    except ValidationError as error:
        raise UsageError(f"{path}: {_first_problem(error)}") from None
    return _limits(model)


def check_bench(bench: BenchFile) -> None:
    """Check that what the variants name is there, and that extra arguments leave layerbench its own.

    Raises:
        UsageError: names key and mend.
    """
    if not bench.variants:
        raise UsageError("there are no variants; add one, as [variants.NAME] with a `dockerfile`")
    for variant in bench.variants:
        key = f"variants.{variant.name}"
        if not variant.dockerfile.is_file():
            raise UsageError(f'{key}.dockerfile: no such file: "{variant.dockerfile}"')
        if not variant.context.is_dir():
            raise UsageError(f'{key}.context: no such folder: "{variant.context}"')
        for name, value in variant.build_contexts.items():
            if Path(value).is_absolute() and not Path(value).is_dir():
                raise UsageError(f'{key}.build_contexts.{name}: no such folder: "{value}"')
        for secret in variant.secrets:
            if secret.file is not None and not secret.file.is_file():
                raise UsageError(f'{key}.secrets: the file of secret "{secret.id}" is not there: "{secret.file}"')
        _check_extra_args(key, variant.extra_args)


def _read_toml(path: Path, mend: str = "`layerbench init` writes one") -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; {mend}") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is not UTF-8; TOML files are UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        twice = re.search(r"Cannot declare \((.*?)\) twice", message)
        if twice:
            key = ".".join(part.strip(" '\"") for part in twice[1].split(",") if part.strip())
            place = message[message.rfind("(") :]
            raise UsageError(f"{path}: {key} is there twice; give one of them another name {place}") from None
        message = message.replace("Cannot overwrite a value", "a key is there twice; leave one of them out")
        raise UsageError(f"{path}: not valid TOML: {message}") from None


def _tool_table(table: dict[str, Any]) -> Any:
    """What `[tool.layerbench]` of a pyproject.toml holds, or None where there is none."""
    tool = table.get("tool")
    return tool.get("layerbench") if isinstance(tool, dict) else None


def _first_problem(error: ValidationError) -> str:
    """The first of pydantic's errors as a sentence."""
    problem = error.errors(include_url=False)[0]
    location = _in_the_file(problem["loc"])
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key; {did_you_mean(str(location[-1]), _known_keys(location[:-1]))}"
    message = _WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    if location != problem["loc"]:
        message = "should be a string or an array of strings"
    given = problem.get("input")
    is_shown = isinstance(given, str | int | float) and "secrets" not in location
    shown = f" (given: {json.dumps(given, ensure_ascii=False)})" if is_shown else ""
    return f"{key or 'tool.layerbench'}: {message[:1].lower()}{message[1:]}{shown}"


def _in_the_file(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Pydantic's location without its names for the alternatives of `run`."""
    is_run = len(location) > 4 and location[0] == "scenarios" and location[2] == "edits"
    return location[:5] if is_run and location[4] == "run" else location


def _known_keys(table: tuple[int | str, ...]) -> list[str]:
    """The keys that a table of the bench file may have."""
    model: Any
    match table:
        case ("variants", _, "smoke", *_) | ("smoke", *_):
            model = SmokeModel
        case ("variants", _, "secrets", *_):
            model = SecretModel
        case ("variants", _, *_):
            model = VariantModel
        case ("scenarios", _, "edits", *_):
            model = EditModel
        case ("scenarios", _, *_):
            model = ScenarioModel
        case ("index", *_):
            model = IndexModel
        case ("budgets", *_):
            model = BudgetModel
        case ("expectations", *_):
            model = ExpectationModel
        case _:
            model = BenchModel
    return [info.alias or name for name, info in model.model_fields.items()]


def _resolve(model: BenchModel, folder: Path, environment: Mapping[str, str]) -> BenchFile:
    default_smoke = _smoke(model.smoke)
    scenarios = _scenarios(model, folder)
    budgets, expectations = _limits(model)
    check_names(budgets, model.variants.keys(), [scenario.name for scenario in scenarios])
    return BenchFile(
        name=model.name or folder.name,
        folder=folder,
        variants=tuple(_variant(name, variant, folder, default_smoke) for name, variant in model.variants.items()),
        scenarios=scenarios,
        rounds=model.rounds,
        bases=_bases(model.bases, folder, environment),
        index=_index(model.index, folder),
        budgets=budgets,
        expectations=expectations,
    )


def _limits(model: BenchModel | LimitsModel) -> tuple[tuple[Budget, ...], tuple[Expectation, ...]]:
    budgets = tuple(budget.resolved() for budget in model.budgets)
    return budgets, tuple(expectation.resolved() for expectation in model.expectations)


def _variant(name: str, model: VariantModel, folder: Path, default_smoke: Smoke | None) -> Variant:
    return Variant(
        name=name,
        dockerfile=(folder / (model.dockerfile or f"{name}.Dockerfile")).resolve(),
        context=(folder / model.context).resolve(),
        target=model.target,
        build_args=dict(model.build_args),
        build_contexts={name: _named_context(value, folder) for name, value in model.build_contexts.items()},
        secrets=tuple(
            Secret(secret.id, secret.env, (folder / secret.file).resolve() if secret.file else None)
            for secret in model.secrets
        ),
        ssh=tuple(model.ssh),
        platform=model.platform,
        network=model.network,
        timeout_seconds=model.timeout,
        extra_args=tuple(model.extra_args),
        smoke=default_smoke if model.smoke is None else _smoke(model.smoke),
    )


def _named_context(value: str, folder: Path) -> str:
    """A named context as buildx takes it: an address stays, a folder is made absolute."""
    if "://" in value or value.startswith("git@"):
        return value
    return str((folder / value).resolve())


def _smoke(model: SmokeModel | None) -> Smoke | None:
    if model is None:
        return None
    if model.command is not None:
        return SmokeCommand(tuple(model.command), model.timeout)
    assert model.port is not None  # noqa: S101 - the model's validator wants exactly one of the two
    return SmokeHttp(model.port, model.path, model.timeout)


def _scenarios(model: BenchModel, folder: Path) -> tuple[Scenario, ...]:
    scenarios = dict(_BUILT_IN)
    for name, scenario in model.scenarios.items():
        for variant in scenario.variants or ():
            if variant not in model.variants:
                problem = f'no variant is named "{variant}"'
                mend = did_you_mean(variant, list(model.variants))
                raise UsageError(f"scenarios.{name}.variants: {problem}; {mend}")
        scenarios[name] = _scenario(name, scenario, folder)
    return tuple(scenarios.values())


def _scenario(name: str, model: ScenarioModel, folder: Path) -> Scenario:
    variants = None if model.variants is None else tuple(model.variants)
    if name in _BUILT_IN:
        if model.edits:
            mend = "use another name"
            raise UsageError(f"scenarios.{name}.edits: {name} is built in and has no edits; {mend}")
        description = model.description or _BUILT_IN[name].description
        return replace(_BUILT_IN[name], description=description, variants=variants)
    if not model.edits:
        raise UsageError(f"scenarios.{name}.edits: at least one edit is needed")
    keys = (f"scenarios.{name}.edits[{position}]" for position in range(len(model.edits)))
    edits = tuple(_edit(edit, folder, key) for edit, key in zip(model.edits, keys, strict=False))
    return Scenario(name, "edit", model.description, edits, variants)


def _edit(model: EditModel, folder: Path, key: str) -> Edit:
    if model.patch is None:
        return model.operation()
    try:
        return Patch((folder / model.patch).read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError as error:
        raise UsageError(f'{key}.patch: "{model.patch}" cannot be read: {error.strerror}') from None


def _index(model: IndexModel, folder: Path) -> IndexSettings:
    requirements = tuple((folder / path).resolve() for path in model.requirements)
    for path in requirements:
        if not path.is_file():
            raise UsageError(f'index.requirements: no such file: "{path}"')
    return IndexSettings(
        serve=model.serve,
        requirements=requirements,
        packages=tuple(model.packages),
        sources=tuple(model.sources),
        python_version=model.python_version,
    )


def _bases(bases: Mapping[str, str], folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Stand-ins by reference; one that is nothing but unset variables is none."""
    stand_ins = {reference: _stand_in(text, folder, environment) for reference, text in bases.items()}
    for reference, stand_in in stand_ins.items():
        if stand_in and not stand_in.startswith(_SCHEMES):
            problem = f'"{stand_in}" should start with {" or ".join(_SCHEMES)}'
            raise UsageError(f"bases.{reference}: {problem}")
    return {reference: stand_in for reference, stand_in in stand_ins.items() if stand_in}


def _stand_in(text: str, folder: Path, environment: Mapping[str, str]) -> str:
    """A stand-in with environment variables filled in and an OCI layout's path made absolute."""
    text = re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda m: environment.get(m[1]) or m[2] or "", text)
    scheme, separator, rest = text.partition("://")
    if scheme == "oci-layout" and separator:
        return f"{scheme}://{os.path.normpath(folder / rest)}"
    return text


def _check_extra_args(key: str, extra_args: tuple[str, ...]) -> None:
    for argument in extra_args:
        is_short = argument.startswith("-") and not argument.startswith("--")
        option = argument[:2] if is_short else argument.split("=", 1)[0]
        if option in _RESERVED_OPTIONS:
            why = _WHY_RESERVED.get(option, "layerbench sets it itself")
            raise UsageError(f"{key}.extra_args: {option} cannot be given here; {why}")
        if "compression=estargz" in argument:
            raise UsageError(f"{key}.extra_args: compression=estargz is known to crash engines; leave it out")
