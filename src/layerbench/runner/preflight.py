"""What can be found wrong before an engine is even asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from layerbench.config.models import BenchFile, Scenario, Variant
from layerbench.errors import UsageError
from layerbench.instructions import parse_dockerfile
from layerbench.workspace import check_edits


def check_secrets(bench: BenchFile, environment: Mapping[str, str]) -> None:
    """See that every secret has a value.

    Raises:
        UsageError: names the variant, the secret and the mend.
    """
    for variant in bench.variants:
        for secret in variant.secrets:
            key = f'variants.{variant.name}.secrets: secret "{secret.id}"'
            if secret.env is not None and not environment.get(secret.env):
                raise UsageError(f"{key}: the environment variable {secret.env} is not set; export it")
            if secret.file is not None:
                _check_readable(key, secret.file)


def check_dockerfiles(bench: BenchFile) -> None:
    """See that every Dockerfile can be parsed, and has the stage to be built.

    Raises:
        UsageError: names file, line and reason.
    """
    for variant in bench.variants:
        try:
            content = variant.dockerfile.read_bytes()
            dockerfile = parse_dockerfile(content.decode(errors="replace"))
            dockerfile.base_references(variant.target, variant.build_args)
        except OSError as error:
            raise UsageError(f"{variant.dockerfile}: {error.strerror}") from None
        except UsageError as error:
            raise UsageError(f"{variant.dockerfile}: {error}") from None


def check_all_edits(bench: BenchFile) -> None:
    """Try every scenario's edits on copies of the files that they name.

    Raises:
        UsageError: names the scenario, the edit, the file and what is wrong.
        LayerbenchError: no copies can be made.
    """
    checked: set[tuple[str, Path]] = set()
    for scenario in bench.scenarios:
        for variant in bench.variants:
            key = (scenario.name, variant.context)
            if scenario.edits and key not in checked and _applies(scenario, variant):
                checked.add(key)
                try:
                    check_edits(variant.context, scenario.edits)
                except UsageError as error:
                    raise UsageError(f"scenarios.{scenario.name}: {error}") from None


def _applies(scenario: Scenario, variant: Variant) -> bool:
    return scenario.variants is None or variant.name in scenario.variants


def _check_readable(key: str, path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(
            f'{key}: its file "{path}" cannot be read: {error.strerror}; mend that, or name another'
        ) from None
