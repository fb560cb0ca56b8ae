"""From a Dockerfile, the contexts and the invocation to the steps of the build.

The order is that of github.com/moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go: only stages that the
target needs, each on its base; ONBUILD triggers of a stage run first in the stages on top of it; a named context stands
in for an image or a whole stage.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from layerbench.cachekeys.copying import copied_layer, made_folder
from layerbench.cachekeys.keys import FOLDER_BASE
from layerbench.cachekeys.layers import (
    Content,
    Layer,
    Opaque,
    digest_of,
    fingerprint_content,
    inline_content,
    layer_content,
    opaque_content,
)
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.operations import (
    Operation,
    Reading,
    copy_operation,
    run_operation,
    single_heredoc,
    workdir_operation,
)
from layerbench.cachekeys.selecting import Tree
from layerbench.cachekeys.steps import BuildPlan, PlannedContent, PlannedStep, StepKind
from layerbench.cachekeys.surroundings import Surroundings, build_arguments, filled_in, platform_arguments
from layerbench.errors import UsageError
from layerbench.expansion import expand
from layerbench.instructions import Dockerfile, Instruction, Stage, one_line, parse_dockerfile

_TRIGGER = "ONBUILD"
_WORDS_EXPANDED = frozenset({"WORKDIR", "COPY", "ADD"})


def plan_steps(inputs: BuildInputs) -> BuildPlan:
    """Plan a build.

    Raises:
        UsageError: the Dockerfile cannot be read, or has no such target.
    """
    return _Planner(inputs).plan()


class _Planner:
    def __init__(self, inputs: BuildInputs) -> None:
        self._inputs = inputs
        self._dockerfile: Dockerfile = parse_dockerfile(inputs.dockerfile)
        self._build_args = build_arguments(inputs.invocation)
        predefined = platform_arguments(inputs.invocation, inputs.invocation.target)
        self._from_args = {**predefined, **self._build_args}
        self._global_args = {**predefined, **self._dockerfile.from_arguments(self._from_args)}
        self._trees = {name: Tree(fingerprint.entries) for name, fingerprint in inputs.contexts.items()}
        self._states: dict[int, Surroundings] = {}
        self._triggers: dict[int, list[Instruction]] = {}
        self._steps: list[PlannedStep] = []
        self._by_definition: dict[str, int] = {}

    def plan(self) -> BuildPlan:
        for stage in self._dockerfile.needed_stages(self._inputs.invocation.target, self._from_args):
            self._states[stage.index] = self._stage(stage)
        names = [self._stage_name(stage) for stage in self._dockerfile.stages]
        return BuildPlan(tuple(self._steps), names)

    def _stage_name(self, stage: Stage) -> str | None:
        if len(self._dockerfile.stages) == 1:
            return None
        return stage.name.lower() if stage.name else f"stage-{stage.index}"

    def _stage(self, stage: Stage) -> Surroundings:
        name = self._stage_name(stage)
        if stage.name and (replaced := self._named_context(stage.name)) is not None:
            return replaced
        triggers = self._triggers.get(stage.base_stage, []) if stage.base_stage is not None else []
        instructions = [*triggers, *stage.instructions[1:]]
        # BuildKit counts every trigger, even an ARG.
        numbered = len(triggers) + sum(instruction.is_step for instruction in stage.instructions[1:])
        count = numbered + (stage.base_stage is None and stage.base != "scratch")
        walk = _Walk(self, name, count, self._base(stage, name, count))
        if self._is_image(stage):
            walk.index = 1
        for at, instruction in enumerate(instructions):
            if instruction.keyword == _TRIGGER:
                self._triggers.setdefault(stage.index, []).extend(_triggered(instruction))
            walk.take(instruction, is_trigger=at < len(triggers))
        return walk.state

    def _is_image(self, stage: Stage) -> bool:
        reference = self._reference(stage)
        return stage.base_stage is None and reference != "scratch" and self._context_name(reference) is None

    def _reference(self, stage: Stage) -> str:
        return expand(stage.base, self._global_args)

    def _base(self, stage: Stage, name: str | None, count: int) -> Surroundings:
        """What a stage begins with."""
        if stage.base_stage is not None:
            return self._states[stage.base_stage].copy()
        reference = self._reference(stage)
        if reference == "scratch":
            return Surroundings(platform=self._platform(stage))
        replaced = self._named_context(reference)
        if replaced is not None:
            replaced.platform = self._platform(stage)
            return replaced
        platform = self._platform(stage)
        base = self._image_tag(reference, platform)
        definition = digest_of(["image", reference, platform])
        position = self._by_definition.get(definition)
        if position is None:
            position = len(self._steps)
            self._steps.append(
                PlannedStep(
                    position=position,
                    kind="source",
                    stage=name,
                    index=1,
                    count=count,
                    instruction=f"FROM {_familiar(reference)}",
                    line=stage.instructions[0].line_start,
                    aliases=((name, 1),),
                    operation={"image": base},
                    written=stage.instructions[0].text,
                )
            )
            self._by_definition[definition] = position
        else:
            self._alias(position, name, 1)
        layer = Layer(None, position, Opaque("base", base, position), hides_below=True)
        return Surroundings(is_dir_known=False, layer=layer, parent=position, definition=definition, platform=platform)

    def _platform(self, stage: Stage) -> str:
        flag = stage.instructions[0].flag("platform")
        return expand(flag, self._global_args) if flag else self._inputs.invocation.platform or ""

    def _image_tag(self, reference: str, platform: str) -> str:
        digest = self._inputs.bases.get(reference)
        return f"{digest or reference} {platform}".strip()

    def _context_name(self, name: str) -> str | None:
        """The named context that stands in for an image or a stage, by any of the ways to write its name."""
        given = [*self._inputs.remote_contexts, *(key for key in self._inputs.contexts if key)]
        wanted = _familiar(name)
        return next((key for key in given if _familiar(key) == wanted), None)

    def _named_context(self, name: str) -> Surroundings | None:
        key = self._context_name(name)
        if key is None:
            return None
        tag = self._context_tag(key)
        opaque = Layer(None, None, Opaque("base", tag, None), hides_below=True)
        layer = opaque if key in self._inputs.remote_contexts else Layer(None, None, entries=self._trees[key])
        definition = digest_of(["context", key])
        return Surroundings(is_dir_known=False, layer=layer, definition=definition, base=tag)

    def _context_tag(self, key: str) -> str:
        if key in self._inputs.remote_contexts:
            digest = self._inputs.bases.get(key) or ""
            return f"{self._inputs.remote_contexts[key]} {digest}".strip()
        return FOLDER_BASE + key

    def _alias(self, position: int, name: str | None, index: int) -> None:
        step = self._steps[position]
        if (name, index) not in step.aliases:
            self._steps[position] = replace(step, aliases=(*step.aliases, (name, index)))

    def read(self, reading: Reading, stage_count: int) -> tuple[PlannedContent, str]:
        """What one source holds of what is selected, and what stands for the source itself."""
        if reading.kind == "inline":
            return PlannedContent("inline", reading.name, inline_content(reading.name, reading.text)), reading.text
        if reading.kind in ("url", "git"):
            opaque = opaque_content(Opaque("remote", reading.name, None))
            return PlannedContent("remote", reading.name, opaque), reading.name
        if not reading.name:
            return PlannedContent("context", "", self._of_context("", reading)), "context"
        key = self._context_name(reading.name)
        if key is not None:
            return PlannedContent("context", key, self._of_context(key, reading)), digest_of(["context", key])
        stage = self._source_stage(reading.name, stage_count)
        if stage is not None and stage.index in self._states:
            state = self._states[stage.index]
            content = layer_content(state.layer, reading.selectors)
            name = self._stage_name(stage) or reading.name
            return PlannedContent("stage", name, content, state.parent), state.definition
        image = self._image_tag(reading.name, self._inputs.invocation.platform or "")
        content = opaque_content(Opaque("base", image + "".join(f" {one.path}" for one in reading.selectors), None))
        return PlannedContent("image", reading.name, content), digest_of(["image", reading.name])

    def _of_context(self, key: str, reading: Reading) -> Content:
        if key in self._trees:
            return fingerprint_content(self._trees[key], reading.selectors)
        address = self._inputs.remote_contexts.get(key, "the context")
        return opaque_content(Opaque("remote", address, None))

    def _source_stage(self, name: str, stage_count: int) -> Stage | None:
        earlier = self._dockerfile.stages[:stage_count]
        if name.isdecimal():
            return earlier[int(name)] if int(name) < len(earlier) else None
        return next((stage for stage in reversed(earlier) if (stage.name or "").lower() == name.lower()), None)

    def add(self, step: PlannedStep, definition: str) -> int:
        """Add a step, unless an earlier stage has the same one."""
        known = self._by_definition.get(definition)
        if known is not None:
            self._alias(known, step.stage, step.index)
            return known
        self._by_definition[definition] = len(self._steps)
        self._steps.append(replace(step, position=len(self._steps)))
        return len(self._steps) - 1

    @property
    def next_position(self) -> int:
        """Where the next new step will stand."""
        return len(self._steps)

    def build_args(self) -> Mapping[str, str]:
        """What `--build-arg` gives."""
        return self._build_args

    def global_args(self) -> Mapping[str, str]:
        """What an ARG without a default has."""
        return self._global_args

    @property
    def inputs(self) -> BuildInputs:
        """What the build is made from."""
        return self._inputs

    @property
    def stage_count(self) -> int:
        """Stages that are planned so far lie before this one."""
        return max(self._states, default=-1) + 1


class _Walk:
    """Goes through the instructions of one stage."""

    def __init__(self, planner: _Planner, name: str | None, count: int, state: Surroundings) -> None:
        self.state = state
        self.index = 0
        self._planner = planner
        self._name = name
        self._count = count
        self._above: list[str] = []

    def take(self, instruction: Instruction, *, is_trigger: bool) -> None:
        """Go on by one instruction."""
        state, planner = self.state, self._planner
        if instruction.keyword not in ("RUN", "COPY", "ADD"):
            state.apply(instruction, planner.build_args(), planner.global_args())
        if not instruction.is_step:
            self._above.append(_whole_text(instruction))
            return
        operation = self._operation(instruction)
        if operation is None:
            return
        kind: StepKind = "run" if instruction.keyword == "RUN" else "copy"
        if instruction.keyword == "WORKDIR":
            kind = "workdir"
        self.index += 1
        self._add(instruction, kind, operation, is_trigger)
        self._above = []

    def _operation(self, instruction: Instruction) -> Operation | None:
        invocation = self._planner.inputs.invocation
        if instruction.keyword == "RUN":
            return run_operation(instruction, self.state, invocation)
        if instruction.keyword == "WORKDIR":
            return workdir_operation(self.state, invocation)
        return copy_operation(instruction, self.state)

    def _add(self, instruction: Instruction, kind: StepKind, operation: Operation, is_trigger: bool) -> None:
        state, planner = self.state, self._planner
        read = [planner.read(reading, self._earlier_stages()) for reading in operation.readings]
        contents = tuple(content for content, _ in read)
        selected = [[source, [str(one) for one in reading.selectors]] for (_, source), reading in zip(
            read, operation.readings, strict=True)]  # fmt: skip
        definition = digest_of([kind, dict(operation.parts), state.definition, selected, operation.is_linked])
        printed = self._printed(instruction)
        step = PlannedStep(
            position=planner.next_position,
            kind=kind,
            stage=self._name,
            index=self.index,
            count=max(self._count, self.index),
            instruction=f"{_TRIGGER} {printed}" if is_trigger else printed,
            line=None if is_trigger else instruction.line_start,
            aliases=((self._name, self.index),),
            operation=operation.parts,
            parent=state.parent,
            contents=contents,
            is_linked=operation.is_linked and state.definition != "scratch",
            written=_whole_text(instruction),
            above=tuple(self._above),
            variables=dict(state.variables),
            origins=dict(state.origins),
            base=state.base if state.parent is None else "",
        )
        position = planner.add(step, definition)
        state.layer = self._layer(kind, instruction, operation, contents, position)
        state.parent, state.definition = position, definition

    def _earlier_stages(self) -> int:
        return self._planner.stage_count

    def _layer(
        self,
        kind: StepKind,
        instruction: Instruction,
        operation: Operation,
        contents: tuple[PlannedContent, ...],
        position: int,
    ) -> Layer:
        if kind == "run":
            return Layer(None, position, Opaque("run", "", position), hides_below=True)
        if kind == "workdir":
            return made_folder(self.state, position)
        target = self.state.expanded(instruction.value[-1]) if instruction.value else ""
        is_known = self.state.is_known(target)
        return copied_layer(self.state.layer, operation, contents, position, instruction.keyword, is_known=is_known)

    def _printed(self, instruction: Instruction) -> str:
        text = one_line(instruction.original or instruction.text)
        if (script := single_heredoc(instruction)) is not None:
            lines = script.strip().splitlines() or [""]
            text += f" ({lines[0]}{'...' if len(lines) > 1 else ''})"
        if instruction.keyword in _WORDS_EXPANDED:
            text = one_line(self.state.expanded(text)) if text else text
        else:
            text = filled_in(text, self.state.variables)
        keyword, _, rest = text.partition(" ")
        return f"{keyword.upper()} {rest}".rstrip()


def _triggered(instruction: Instruction) -> list[Instruction]:
    """The instruction that an ONBUILD keeps for the stages on top."""
    text = instruction.original.split(None, 1)[1:]
    try:
        return list(parse_dockerfile("FROM scratch\n" + "".join(text)).stages[0].instructions[1:])
    except UsageError:
        return []


def _whole_text(instruction: Instruction) -> str:
    return (instruction.original or instruction.text).strip()


def _familiar(reference: str) -> str:
    """An image's name as docker shortens it, with its tag and without a digest."""
    name, pinned, _ = reference.removeprefix("docker.io/").removeprefix("library/").partition("@")
    return name if pinned or ":" in posixpath.basename(name) else f"{name}:latest"
