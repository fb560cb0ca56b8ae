"""A Dockerfile as stages and instructions with their lines, parsed by BuildKit's own parser.

Everything here is pure: text in, frozen records out. What a FROM resolves to, and what a step cost, other
rooms know.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from layerbench.errors import UsageError
from layerbench.expansion import expand

STEP_KEYWORDS = frozenset({"FROM", "WORKDIR", "RUN", "COPY", "ADD"})
"""Instructions that BuildKit counts and prints as `[stage n/m] …`."""

_OFFICIAL = "docker/dockerfile"
_FEWEST_WORDS = {
    **dict.fromkeys(("COPY", "ADD"), 2),
    **dict.fromkeys(("FROM", "ARG", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "SHELL"), 1),
    **dict.fromkeys(("STOPSIGNAL", "USER", "VOLUME", "WORKDIR"), 1),
    **dict.fromkeys(("CMD", "ENTRYPOINT", "RUN"), 0),
}
"""By instruction: all that there are (BuildKit, frontend/dockerfile/instructions/parse.go)."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DIRECTIVE = re.compile(rb"^[ \t\v\f\r]*(?P<key>[A-Za-z][A-Za-z0-9]*)\s*=\s*(?P<value>.+?)\s*$")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_PREDEFINED_ARGUMENTS = {"TARGETSTAGE"} | frozenset(
    f"{side}{fact}" for side in ("TARGET", "BUILD") for fact in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
)


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A document that an instruction holds (`<<EOF`)."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, on the lines that it takes up in the Dockerfile (from 1, both ends included)."""

    keyword: str
    text: str
    line_start: int
    line_end: int
    flags: tuple[str, ...] = ()
    value: tuple[str, ...] = ()
    heredocs: tuple[Heredoc, ...] = field(default=(), compare=False)
    is_json: bool = field(default=False, compare=False)
    """Whether its words are a JSON array: no shell, no word splitting."""
    original: str = field(default="", compare=False)
    """As it is written, continuation lines joined."""

    @property
    def is_step(self) -> bool:
        """Whether BuildKit numbers it among the stage's steps."""
        return self.keyword in STEP_KEYWORDS

    def flag(self, name: str) -> str | None:
        """The value of `--name=value`, or None where the instruction has no such flag."""
        prefix = f"--{name}="
        return next((flag[len(prefix) :] for flag in self.flags if flag.startswith(prefix)), None)


@dataclass(frozen=True, slots=True)
class Stage:
    """One build stage; `instructions` starts with its FROM."""

    index: int
    name: str | None
    base: str
    """What FROM names, arguments not filled in."""
    base_stage: int | None
    """Index of the earlier stage that FROM names, the arguments having their defaults; None for an image.

    None, too, where a FROM of the Dockerfile cannot do without an argument. `Dockerfile.chain` and `needed_stages`
    have it for the arguments of a build.
    """
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """All stages, and in their order the ARGs before the first FROM, defaults as they are written."""

    stages: tuple[Stage, ...]
    global_args: tuple[tuple[str, str | None], ...]

    def stage(self, target: str | None) -> Stage:
        """The stage that a build of `target` ends in: the last of that name (in any case), or the last.

        A number is no target: engines refuse it ("target stage "0" could not be found").

        Raises:
            UsageError: no stage has that name.
        """
        if target is None:
            return self.stages[-1]
        index = _find_stage(self.stages, target)
        if index is None:
            known = ", ".join(stage.name for stage in self.stages if stage.name) or "only stages without a name"
            raise UsageError(f'no stage is named "{target}"; the Dockerfile has: {known}')
        return self.stages[index]

    def chain(self, target: str | None, build_args: Mapping[str, str] | None = None) -> tuple[Stage, ...]:
        """The stages whose instructions make up the target's image, the one on the external base first."""
        linked = self._linked(build_args or {})
        stages = [linked[self.stage(target).index]]
        while stages[-1].base_stage is not None:
            stages.append(linked[stages[-1].base_stage])
        return tuple(reversed(stages))

    def needed_stages(self, target: str | None, build_args: Mapping[str, str] | None = None) -> tuple[Stage, ...]:
        """The stages that a build of `target` carries out, in order; BuildKit skips the others."""
        linked = self._linked(build_args or {})
        needed: dict[int, Stage] = {}
        pending = [linked[self.stage(target).index]]
        while pending:
            stage = pending.pop()
            if stage.index in needed:
                continue
            needed[stage.index] = stage
            sources = [_source_stage(source, self.stages[: stage.index]) for source in _stage_sources(stage)]
            pending += [linked[index] for index in (stage.base_stage, *sources) if index is not None]
        return tuple(needed[index] for index in sorted(needed))

    def base_references(self, target: str | None, build_args: Mapping[str, str]) -> tuple[str, ...]:
        """The images that a build of `target` needs, by FROM and by `--from`, arguments filled in.

        Triggers (ONBUILD) run in other builds and need nothing in this one.

        Args:
            target: the stage to build; None for the last.
            build_args: values for declared ARGs, and for BuildKit's own ones (`TARGETARCH`, …), which every
                FROM sees and which are empty if they are not given here.

        Raises:
            UsageError: no such stage, or a FROM cannot be expanded.
        """
        arguments = self.from_arguments(build_args)
        references: dict[str, None] = {}
        for stage in self.needed_stages(target, build_args):
            if stage.base_stage is None:
                references.setdefault(expand(stage.base, arguments))
            for source in _stage_sources(stage):
                if _source_stage(source, self.stages[: stage.index]) is None and not source.is_number:
                    references.setdefault(source.name)
        return tuple(reference for reference in references if reference and reference != "scratch")

    def from_arguments(self, build_args: Mapping[str, str]) -> dict[str, str]:
        """The variables that FROM sees; a default may use the ARGs before it (BuildKit: `buildMetaArgs`)."""
        values = {name: value for name, value in build_args.items() if name in _PREDEFINED_ARGUMENTS}
        for name, default in self.global_args:
            if name in build_args:
                values[name] = build_args[name]
            elif default is not None:
                values[name] = expand(default, values)
        return values

    def _linked(self, build_args: Mapping[str, str]) -> tuple[Stage, ...]:
        return _link_stages(self.stages, self.from_arguments(build_args))


def parse_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile.

    Raises:
        UsageError: BuildKit's parser refuses it, an instruction is none or lacks words, or it has no FROM.
    """
    import dockerfile

    try:
        commands = dockerfile.parse_string(_parsable(text))
    except dockerfile.GoParseError as error:
        raise UsageError(f"the Dockerfile cannot be parsed: {error}") from error
    # Another frontend may know other instructions.
    is_checked = (syntax_image(text.encode(errors="replace")) or _OFFICIAL).startswith(_OFFICIAL)
    global_args: list[tuple[str, str | None]] = []
    stages: list[tuple[Instruction, list[Instruction]]] = []
    for command in commands:
        if command.cmd is None:  # a lone backslash at the end: whether it may be there is the engine's word
            continue
        instruction = Instruction(
            keyword=command.cmd.upper(),
            text=one_line(command.original),
            line_start=command.start_line,
            line_end=command.end_line,
            flags=tuple(command.flags),
            value=tuple(command.value),
            heredocs=tuple(Heredoc(found.name, found.content) for found in command.heredocs),
            is_json=command.json,
            original=command.original,
        )
        if is_checked:
            _check(instruction)
        if instruction.keyword == "FROM":
            stages.append((instruction, [instruction]))
        elif stages:
            stages[-1][1].append(instruction)
        elif instruction.keyword == "ARG":
            global_args += arguments_of(instruction)
    if not stages:
        raise UsageError("the Dockerfile has no FROM")
    parsed = Dockerfile(tuple(_stage(index, *stage) for index, stage in enumerate(stages)), tuple(global_args))
    try:
        return replace(parsed, stages=parsed._linked({}))
    except UsageError:
        return parsed  # a FROM wants arguments that have no default; they come with the build


def _check(instruction: Instruction) -> None:
    """See that it is one: the parser takes any word for an instruction, and only the build refuses it."""
    keyword, line = instruction.keyword, instruction.line_start
    fewest = _FEWEST_WORDS.get(keyword)
    if fewest is None:
        near = difflib.get_close_matches(keyword, _FEWEST_WORDS, n=1)
        mend = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(sorted(_FEWEST_WORDS))}"
        raise UsageError(f"line {line}: no instruction is named {keyword}; {mend}")
    if len(instruction.value) < fewest:
        needed = "what to copy, and where to" if fewest > 1 else "at least one word"
        raise UsageError(f"line {line}: {keyword} is cut short; it needs {needed}")


def syntax_image(text: bytes) -> str | None:
    """The image that the `# syntax=` directive names, or None; it counts only at the top of the file.

    The rules are those of BuildKit's parser/directives.go: nothing stands before the `#`, `//` serves where
    no `#` does, the image ends at the first space, a byte order mark and a first line with `#!` are passed
    over.
    """
    found = _find_syntax_line(text)
    return found[1] if found else None


def blank_syntax_line(text: bytes) -> bytes:
    """The same Dockerfile for the built-in frontend: no syntax line, all instructions on their lines.

    An empty line ends the directives. So the empty one comes behind those that are left, or `# escape=` below
    the syntax line would no longer count.
    """
    found = _find_syntax_line(text)
    return _drop_directive_lines(text, {found[0]}, found[2]) if found else text


def arguments_of(instruction: Instruction) -> list[tuple[str, str | None]]:
    """The names that an ARG declares, each with its default as it is written, quotes included."""
    words = (word.partition("=") for word in instruction.value)
    return [(name, default if separator else None) for name, separator, default in words]


def one_line(text: str) -> str:
    """An instruction as BuildKit prints it: the first line of a heredoc, white space folded."""
    return " ".join(text.strip().split("\n", 1)[0].split())


@dataclass(frozen=True, slots=True)
class _Directive:
    line: int
    """From 0."""
    key: str
    value: str


def _directives(text: bytes, comment: bytes) -> list[_Directive]:
    """The parser directives of a file: `# key=value` lines before anything else, an empty line included.

    Unknown and repeated keys end them (https://docs.docker.com/reference/dockerfile/#parser-directives).
    """
    found: list[_Directive] = []
    for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).split(b"\n")):
        if number == 0 and line.startswith(b"#!"):
            continue
        match = _DIRECTIVE.match(line.removeprefix(comment)) if line.startswith(comment) else None
        key = match["key"].decode().lower() if match else ""
        if match is None or key not in _DIRECTIVES or any(key == earlier.key for earlier in found):
            break
        found.append(_Directive(number, key, match["value"].decode(errors="replace")))
    return found


def _find_syntax_line(text: bytes) -> tuple[int, str, int] | None:
    """The syntax directive's line (from 0), its image, and the last line with a directive."""
    for comment in (b"#", b"//"):
        directives = _directives(text, comment)
        for directive in directives:
            if directive.key == "syntax":
                return directive.line, directive.value.partition(" ")[0], directives[-1].line
    return None


def _drop_directive_lines(text: bytes, dropped: set[int], last: int) -> bytes:
    """Take lines out and put as many empty ones, with their line ends, behind line `last`."""
    lines = text.split(b"\n")
    if 0 in dropped:
        lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
    kept = [line for number, line in enumerate(lines[: last + 1]) if number not in dropped]
    empty = [b"\r" if lines[number].endswith(b"\r") else b"" for number in sorted(dropped)]
    return b"\n".join([*kept, *empty, *lines[last + 1 :]])


def _parsable(text: str) -> str:
    """A Dockerfile as the parser library takes it, all instructions on their lines.

    The library ends the process on lone surrogates and stops at a NUL; and its parser is older than `#
    check=`, at which it would leave off and miss an `# escape=` that follows.
    """
    data = text.encode(errors="replace").replace(b"\0", b"?")
    directives = _directives(data, b"#")
    dropped = {directive.line for directive in directives if directive.key != "escape"}
    if dropped:
        data = _drop_directive_lines(data, dropped, directives[-1].line)
    return data.decode()


def _stage(index: int, from_: Instruction, instructions: Sequence[Instruction]) -> Stage:
    words = from_.value
    name = words[2] if len(words) >= 3 and words[1].upper() == "AS" else None
    return Stage(index, name, words[0] if words else "", None, tuple(instructions))


def _link_stages(stages: Sequence[Stage], arguments: Mapping[str, str]) -> tuple[Stage, ...]:
    """Stages with the one that each FROM names: in lower case, unlike elsewhere, and not by number."""
    linked: list[Stage] = []
    for stage in stages:
        base = expand(stage.base, arguments)
        index = _find_stage(linked, base) if base == base.lower() else None
        linked.append(replace(stage, base_stage=index))
    return tuple(linked)


def _find_stage(stages: Sequence[Stage], name: str) -> int | None:
    """The latest stage of that name."""
    named = (stage.index for stage in reversed(stages) if stage.name and stage.name.lower() == name.lower())
    return next(named, None)


@dataclass(frozen=True, slots=True)
class _Source:
    """What `COPY --from` or the `from` of a mount names."""

    name: str
    is_number: bool
    """Whether it is the number of a stage, which only COPY takes."""


def _stage_sources(stage: Stage) -> Iterator[_Source]:
    for instruction in stage.instructions:
        source = instruction.flag("from")
        if source:
            yield _Source(source, source.isdecimal())
        for mount in mounts_of(instruction):
            if mount.get("from"):
                yield _Source(mount["from"], is_number=False)


def mounts_of(instruction: Instruction) -> Iterator[dict[str, str]]:
    """The fields of each `RUN --mount=…`; BuildKit reads them as a line of CSV, keys in any case."""
    for flag in instruction.flags:
        if flag.startswith("--mount="):
            fields = next(csv.reader([flag.removeprefix("--mount=")]), [])
            yield {key.lower(): value for key, _, value in (field.partition("=") for field in fields)}


def _source_stage(source: _Source, earlier: Sequence[Stage]) -> int | None:
    if source.is_number:
        return int(source.name) if int(source.name) < len(earlier) else None
    return _find_stage(earlier, source.name)
