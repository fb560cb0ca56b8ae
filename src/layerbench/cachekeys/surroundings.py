"""What the instructions above leave behind for those below: variables, working directory, user, shell.

The rules are those of github.com/moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go: an ARG and an ENV are
both variables of every RUN that follows, in this stage and in those that are built on it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from layerbench.cachekeys.layers import Layer
from layerbench.cachekeys.models import Invocation
from layerbench.errors import UsageError
from layerbench.expansion import expand
from layerbench.instructions import Instruction, arguments_of

_SHELL = ("/bin/sh", "-c")
_NO_VARIABLES = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})
_VARIABLE = re.compile(r"\\.|'[^']*'|\$(?:(?P<bare>\w+)|\{(?P<braced>\w+)\})")


@dataclass(slots=True)
class Surroundings:
    """The state of a stage before its next instruction."""

    variables: dict[str, str] = field(default_factory=dict)
    """In the order in which they were last set, as they enter a RUN's key."""
    origins: dict[str, str] = field(default_factory=dict)
    """`ARG` or `ENV`, by variable."""
    working_dir: str = "/"
    is_dir_known: bool = True
    """False where the working directory may hang on that of a base image."""
    user: str = ""
    shell: tuple[str, ...] = _SHELL
    layer: Layer | None = None
    parent: int | None = None
    """Position in the plan of the last step."""
    definition: str = "scratch"
    """Stands for all that the state is made of; equal ones are one step."""
    platform: str = ""
    base: str = ""
    """What stands for the files that a named context gives in an image's place, which is no step."""

    def copy(self) -> Surroundings:
        """For a stage on top of this one."""
        return replace(self, variables=dict(self.variables), origins=dict(self.origins))

    def expanded(self, text: str) -> str:
        """A word as BuildKit reads it; as it is written where it cannot be expanded, which the build will say."""
        try:
            return expand(text, self.variables)
        except UsageError:
            return text

    def absolute(self, path: str) -> str:
        """A path below the working directory; a `/` at the end stays."""
        joined = posixpath.normpath(posixpath.join(self.working_dir, path)).replace("//", "/")
        is_folder = path.endswith(("/", "/.")) or path in ("", ".")
        return joined.rstrip("/") + "/" if is_folder else joined

    def is_known(self, path: str) -> bool:
        """Whether it is known where a path leads."""
        return self.is_dir_known or path.startswith("/")

    def set(self, name: str, value: str, origin: str) -> None:
        """Set a variable; it moves to the end."""
        self.variables.pop(name, None)
        self.variables[name] = value
        self.origins[name] = origin

    def apply(self, instruction: Instruction, build_args: Mapping[str, str], global_args: Mapping[str, str]) -> None:
        """Take in an instruction that is no step, and the working directory of one that is."""
        if instruction.keyword == "ENV":
            pairs = zip(instruction.value[::2], instruction.value[1::2], strict=False)
            for name, value in [(self.expanded(name), self.expanded(value)) for name, value in pairs]:
                self.set(name, value, "ENV")
        elif instruction.keyword == "ARG":
            for name, default in arguments_of(instruction):
                found = build_args.get(name)
                if found is None:
                    found = global_args.get(name) if default is None else self.expanded(default)
                if found is not None and name not in _NO_VARIABLES:
                    self.set(name, found, "ARG")
        elif instruction.keyword == "USER":
            self.user = self.expanded(" ".join(instruction.value))
        elif instruction.keyword == "SHELL":
            self.shell = instruction.value
        elif instruction.keyword == "WORKDIR":
            path = self.expanded(" ".join(instruction.value))
            self.is_dir_known = self.is_known(path)
            self.working_dir = self.absolute(path).rstrip("/") or "/"


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """A RUN as docker prints it: only variables that are set are filled in, quotes stay."""

    def value(match: re.Match[str]) -> str:
        name = match["bare"] or match["braced"]
        return variables.get(name, match[0]) if name else match[0]

    return _VARIABLE.sub(value, text)


def build_arguments(invocation: Invocation) -> dict[str, str]:
    """All build arguments, those among the further words included."""
    given = dict(invocation.build_args)
    for word in option_values(invocation, "--build-arg"):
        name, separator, value = word.partition("=")
        if separator:
            given[name] = value
    return given


def option_values(invocation: Invocation, option: str) -> list[str]:
    """The values of an option among the further words, given as `--option=value` or as `--option value`."""
    words = invocation.extra_args
    joined = [word.partition("=")[2] for word in words if word.startswith(f"{option}=")]
    return joined + [value for word, value in pairwise(words) if word == option]


def platform_arguments(invocation: Invocation, target: str | None) -> dict[str, str]:
    """The variables that BuildKit predefines for FROM and for an ARG without a default."""
    wanted = (invocation.platform or invocation.native_platform).split(",")[0]
    return {
        **_platform_arguments("TARGET", wanted),
        **_platform_arguments("BUILD", invocation.native_platform),
        "TARGETSTAGE": target or "default",
    }


def _platform_arguments(side: str, platform: str) -> dict[str, str]:
    os, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    values = {"PLATFORM": platform, "OS": os, "ARCH": architecture, "VARIANT": variant, "OSVERSION": ""}
    return {f"{side}{name}": value for name, value in values.items()}
