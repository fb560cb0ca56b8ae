"""What of an instruction enters its step's key, and which files it reads.

Facts of github.com/moby/buildkit: dockerfile2llb/convert.go and convert_copy.go (what becomes an operation), and
solver/llbsolver/ops/exec.go and file.go (`CacheMap`: what of an operation is its key).
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from layerbench.cachekeys.models import Invocation
from layerbench.cachekeys.mounts import Mount, mount_parts, read_mounts
from layerbench.cachekeys.surroundings import Surroundings, build_arguments, option_values
from layerbench.context.selection import Selector, selectors_of
from layerbench.instructions import Instruction

SourceKind = Literal["context", "inline", "url", "git", "from", "mount"]
VARIABLE = "variable "
"""In front of the names of a RUN's variables among the parts of its key."""
_RUN_OPTIONS = ("--ulimit", "--shm-size", "--cgroup-parent", "--device")


@dataclass(frozen=True, slots=True)
class Reading:
    """One source that an instruction reads from, and what of it."""

    kind: SourceKind
    name: str
    """Of `from` and `mount`: a stage, named context or image, empty for the main context; of `url` and `git` the
    address; of `inline` the file's name."""
    selectors: tuple[Selector, ...] = ()
    text: str = ""
    """Of `inline`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A step before it is known what its sources hold."""

    parts: Mapping[str, str]
    readings: tuple[Reading, ...] = ()
    destination: str = ""
    """Of COPY, ADD and WORKDIR: absolute; ends with `/` where it is a folder for certain."""
    is_linked: bool = False
    """`COPY --link`: the copy itself does not hang on the parent."""
    flags: Mapping[str, str] = field(default_factory=dict)
    """Of COPY and ADD, those that change what is written: `--chmod`, `--chown`, `--parents`, `--exclude`."""


def run_operation(instruction: Instruction, state: Surroundings, invocation: Invocation) -> Operation:
    """A RUN: its words, and everything that the process sees around it."""
    parts: dict[str, str] = {}
    readings: list[Reading] = []
    script = single_heredoc(instruction)
    if script is None:
        parts["command"] = _command(instruction)
    elif script.startswith("#!"):
        name = instruction.heredocs[0].name
        parts["command"] = f"/dev/pipes/{name}"
        readings.append(Reading("inline", name, (), script))
    else:
        parts["command"] = script
    if not instruction.is_json:
        parts["SHELL"] = json.dumps(state.shell)
    for name, value in state.variables.items():
        parts[VARIABLE + name] = value
    parts["order of variables"] = " ".join(state.variables)
    parts["USER"] = state.user
    parts["WORKDIR"] = state.working_dir
    parts["platform"] = state.platform
    parts |= _run_options(instruction, invocation)
    mounts = read_mounts(instruction, state)
    namespace = build_arguments(invocation).get("BUILDKIT_CACHE_MOUNT_NS", "")
    parts |= mount_parts(mounts, namespace)
    return Operation({name: value for name, value in parts.items() if value}, (*readings, *_mounted(mounts)))


def workdir_operation(state: Surroundings, invocation: Invocation) -> Operation | None:
    """A WORKDIR, once it is taken in; None of `WORKDIR /`, which is no operation."""
    if state.working_dir == "/":
        return None
    # Of all steps, SOURCE_DATE_EPOCH enters the key of WORKDIR alone (seen with BuildKit 0.25).
    date = build_arguments(invocation).get("SOURCE_DATE_EPOCH", "")
    parts = {"path": state.working_dir, "USER": state.user, "SOURCE_DATE_EPOCH": date}
    return Operation({name: value for name, value in parts.items() if value}, (), state.working_dir + "/")


def copy_operation(instruction: Instruction, state: Surroundings) -> Operation:
    """A COPY or ADD: its words, filled in, and where they lead."""
    flags = _copy_flags(instruction, state)
    *sources, target = instruction.value or ("",)
    destination = state.absolute(state.expanded(target))
    excluded = tuple(state.expanded(text) for text in _flag_values(instruction, "exclude"))
    origin = instruction.flag("from") or ""
    selectors: list[Selector] = []
    readings: list[Reading] = []
    names: list[str] = []
    documents = {document.name: document for document in instruction.heredocs}
    for word in sources:
        document = _heredoc_name(word) if documents else None
        text = state.expanded(word)
        if document is not None and document in documents:
            readings.append(Reading("inline", document, (), _document(word, documents[document].content, state)))
            names.append(f"<<{document}")
        elif instruction.keyword == "ADD" and (kind := remote_kind(text)) is not None:
            readings.append(Reading(kind, text))
            names.append(text if kind == "git" else posixpath.basename(text))
        else:
            [selector] = selectors_of([text], excluded, parents="--parents" in flags)
            selectors.append(selector)
            # Only the last part of a source is in the key; what is above it is told by content.
            names.append(" ".join((posixpath.basename(selector.path), *selector.includes)))
    if selectors:
        readings.insert(0, Reading("from" if origin else "context", origin, tuple(selectors)))
    parts = {"source": json.dumps(names), "destination": destination, **flags}
    if instruction.keyword == "ADD":
        parts["ADD"] = "unpacks archives" if flags.get("--unpack") != "false" else ""
    # BuildKit makes no link of a copy that has modes to change.
    is_linked = _is_set(instruction, "link") and "--chmod" not in flags
    parts = {name: value for name, value in parts.items() if value and name != "--unpack"}
    return Operation(parts, tuple(readings), destination, is_linked, flags)


def remote_kind(text: str) -> Literal["url", "git"] | None:
    """Whether ADD fetches a source, and how."""
    address = text.partition("#")[0].partition("?")[0]
    is_web = text.startswith(("http://", "https://"))
    if text.startswith(("git@", "git://", "ssh://")) or (is_web and address.endswith(".git")):
        return "git"
    return "url" if is_web else None


def _run_options(instruction: Instruction, invocation: Invocation) -> dict[str, str]:
    """Network, security and what `docker build` was told for every RUN."""
    network = instruction.flag("network") or "default"
    if network == "default":
        network = invocation.network or (option_values(invocation, "--network") or ["default"])[-1]
    parts = {"--network": network if network != "default" else "", "--security": instruction.flag("security") or ""}
    if parts["--security"] == "sandbox":
        parts["--security"] = ""
    hosts = [*invocation.add_hosts, *(host.partition(":")[0] for host in option_values(invocation, "--add-host"))]
    parts["--add-host"] = " ".join(host.partition("=")[0] for host in hosts)
    for option in _RUN_OPTIONS:
        parts[option] = " ".join(option_values(invocation, option))
    parts["--device"] = " ".join(filter(None, (parts["--device"], *_flag_values(instruction, "device"))))
    return parts


def _command(instruction: Instruction) -> str:
    if instruction.is_json:
        return json.dumps(instruction.value)
    text = " ".join(instruction.value)
    documents = "".join(f"\n{document.content}{document.name}" for document in instruction.heredocs)
    return text + documents


def single_heredoc(instruction: Instruction) -> str | None:
    """The script of a RUN that is nothing but a heredoc."""
    words = " ".join(instruction.value).split()
    if len(instruction.heredocs) != 1 or len(words) != 1 or _heredoc_name(words[0]) is None:
        return None
    content = instruction.heredocs[0].content
    return _chomped(content) if words[0].lstrip("0123456789").startswith("<<-") else content


def _heredoc_name(word: str) -> str | None:
    stripped = word.lstrip("0123456789")
    if not stripped.startswith("<<"):
        return None
    name = stripped.removeprefix("<<").removeprefix("-")
    return name.strip("\"'") or None


def _document(word: str, content: str, state: Surroundings) -> str:
    """A heredoc of COPY: variables are filled in where its name has no quotes."""
    text = _chomped(content) if word.startswith("<<-") else content
    if "'" in word or '"' in word:
        return text
    # Quotes are text here, so they must not be taken away.
    escaped = text.replace("'", "\\'").replace('"', '\\"')
    return state.expanded(escaped) if "$" in text else text


def _chomped(text: str) -> str:
    return "".join(line.lstrip("\t") for line in text.splitlines(keepends=True))


def _copy_flags(instruction: Instruction, state: Surroundings) -> dict[str, str]:
    flags = {}
    for name in ("chown", "chmod", "checksum"):
        value = instruction.flag(name)
        if value is not None:
            flags[f"--{name}"] = state.expanded(value)
    for name in ("parents", "keep-git-dir"):
        if _is_set(instruction, name):
            flags[f"--{name}"] = "true"
    excluded = [state.expanded(text) for text in _flag_values(instruction, "exclude")]
    if excluded:
        flags["--exclude"] = json.dumps(excluded)
    if instruction.flag("unpack") is not None:
        flags["--unpack"] = (instruction.flag("unpack") or "").lower()
    return flags


def _is_set(instruction: Instruction, name: str) -> bool:
    return f"--{name}" in instruction.flags or (instruction.flag(name) or "").lower() in ("true", "1", "t")


def _flag_values(instruction: Instruction, name: str) -> list[str]:
    prefix = f"--{name}="
    return [flag.removeprefix(prefix) for flag in instruction.flags if flag.startswith(prefix)]


def _mounted(mounts: Sequence[Mount]) -> list[Reading]:
    """The sources of a RUN's mounts; what several mounts read of one source is compared as one."""
    grouped: dict[str, list[Selector]] = {}
    for mount in mounts:
        if mount.kind == "bind" or (mount.kind == "cache" and mount.origin):
            grouped.setdefault(mount.origin, []).extend(selectors_of([mount.source or "/"]))
    return [Reading("mount", origin, tuple(selectors)) for origin, selectors in grouped.items()]
