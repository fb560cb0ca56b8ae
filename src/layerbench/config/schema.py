"""The shape of a bench file, as pydantic checks it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from layerbench.config.limits import BudgetModel, ExpectationModel
from layerbench.config.models import (
    DEFAULT_ROUNDS,
    Append,
    Chmod,
    Delete,
    Edit,
    Rename,
    Replace,
    Run,
    Touch,
    Write,
)

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)$")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_ENVIRONMENT_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
OPERATIONS = ("append", "replace", "write", "delete", "rename", "chmod", "touch", "patch", "run")
_NEEDED = {"append": {"text"}, "replace": {"pattern", "with"}, "write": {"text"}, "rename": {"to"}, "chmod": {"mode"}}


def parse_duration(value: Any) -> Any:
    """Seconds of "90s", "1.5 m", "200ms" or of a plain number; other values are left to the model."""
    if isinstance(value, str):
        match = _DURATION.match(value.strip())
        if not match:
            raise ValueError('should be a duration such as "30s", "2m" or "500ms"')
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


Duration = Annotated[float, BeforeValidator(parse_duration), Field(gt=0, allow_inf_nan=False)]


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\0" not in path


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class SecretModel(_Model):
    """A build secret: its id, and the environment variable or the file that holds its value."""

    id: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    env: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> SecretModel:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret needs either `env` or `file`")
        if self.env is not None and not _ENVIRONMENT_NAME.match(self.env):
            raise ValueError("`env` should be the name of an environment variable, not its value")
        return self


class SmokeModel(_Model):
    """How to see that an image works."""

    port: int | None = Field(default=None, ge=1, le=65535)
    path: str = Field(default="/", pattern=r"^/")
    command: list[str] | None = Field(default=None, min_length=1)
    timeout: Duration = 30.0

    @model_validator(mode="after")
    def _one_kind(self) -> SmokeModel:
        if (self.port is None) == (self.command is None):
            raise ValueError("a smoke test needs either `port` or `command`")
        return self


class VariantModel(_Model):
    """One way to build the image."""

    dockerfile: str | None = None
    context: str = "."
    target: str | None = None
    build_args: dict[str, str] = {}
    build_contexts: dict[str, str] = {}
    secrets: list[SecretModel] = []
    ssh: list[str] = []
    platform: str | None = None
    network: str | None = None
    timeout: Duration | None = None
    extra_args: list[str] = []
    smoke: SmokeModel | None = None

    @field_validator("platform")
    @classmethod
    def _one_platform(cls, value: str | None) -> str | None:
        if value is not None and "," in value:
            raise ValueError("one platform a variant; make a variant for each")
        return value


class EditModel(_Model):
    """One operation: exactly one of the operation keys, with what belongs to it."""

    append: str | None = None
    replace: str | None = None
    write: str | None = None
    delete: str | None = None
    rename: str | None = None
    chmod: str | None = None
    touch: str | None = None
    patch: str | None = None
    run: str | list[str] | None = None
    text: str | None = None
    pattern: str | None = None
    with_: str | None = Field(default=None, alias="with")
    to: str | None = None
    mode: str | None = None

    @model_validator(mode="after")
    def _one_operation(self) -> EditModel:
        given = self.model_dump(by_alias=True, exclude_none=True)
        operations = [name for name in OPERATIONS if name in given]
        if len(operations) != 1:
            raise ValueError(f"an edit has exactly one of {', '.join(OPERATIONS)}")
        needed = _NEEDED.get(operations[0], set())
        extra = set(given) - {operations[0]}
        if extra != needed:
            wanted = " and ".join(f"`{name}`" for name in sorted(needed)) or "nothing else"
            raise ValueError(f"`{operations[0]}` takes {wanted}")
        self._check_paths(operations[0])
        if self.mode is not None and not re.fullmatch(r"0?[0-7]{3,4}", self.mode):
            raise ValueError('`mode` should be octal, such as "0755"')
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"`pattern` is no regular expression: {error}") from None
            try:
                re.sub(self.pattern, self.with_ or "", "")
            except (re.error, IndexError) as error:
                raise ValueError(f"`with` does not fit the pattern: {error}") from None
        return self

    def _check_paths(self, operation: str) -> None:
        if operation == "run":
            if not self.run:
                raise ValueError("`run` should be a command")
        elif operation != "patch":
            paths = {operation: getattr(self, operation), "to": self.to}
            for key, path in paths.items():
                if path is not None and not _is_inside(path):
                    raise ValueError(f"`{key}` should be a path inside the context, relative to it")

    def operation(self) -> Edit:
        """The edit itself; a patch, which is read from a file, is the caller's."""
        text = self.text or ""
        if self.append is not None:
            return Append(self.append, text)
        if self.replace is not None:
            return Replace(self.replace, self.pattern or "", self.with_ or "")
        if self.write is not None:
            return Write(self.write, text)
        if self.delete is not None:
            return Delete(self.delete)
        if self.rename is not None:
            return Rename(self.rename, self.to or "")
        if self.chmod is not None:
            return Chmod(self.chmod, int(self.mode or "0", 8))
        if self.touch is not None:
            return Touch(self.touch)
        return Run(tuple(self.run) if isinstance(self.run, list) else self.run or "")


class ScenarioModel(_Model):
    """An edit on a warm cache; `cold` and `warm` are built in."""

    description: str | None = None
    edits: list[EditModel] = []
    variants: list[str] | None = Field(default=None, min_length=1)


class IndexModel(_Model):
    """The package index that a run may serve."""

    serve: Literal["auto", "always", "never"] = "auto"
    requirements: list[str] = []
    packages: list[str] = []
    sources: list[str] = []
    python_version: str = Field(default="3.12", pattern=r"^3\.\d+$")


class BenchModel(_Model):
    """A whole bench file."""

    name: str | None = Field(default=None, min_length=1)
    rounds: int = Field(default=DEFAULT_ROUNDS, ge=1, le=1000)
    variants: dict[str, VariantModel] = {}
    scenarios: dict[str, ScenarioModel] = {}
    smoke: SmokeModel | None = None
    bases: dict[str, str] = {}
    index: IndexModel = IndexModel(serve="never")
    budgets: list[BudgetModel] = []
    expectations: list[ExpectationModel] = []

    @field_validator("variants", "scenarios")
    @classmethod
    def _names_are_not_empty(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not name.strip() or any(not character.isprintable() for character in name):
                raise ValueError("a name should not be empty and should have printable characters only")
        return value
