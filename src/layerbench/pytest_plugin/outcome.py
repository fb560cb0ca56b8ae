"""What a test looks at: one build, its steps and its image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from layerbench.pytest_plugin.errors import StepNotFoundError
from layerbench.pytest_plugin.figures import CONTEXT_BYTES, Bytes, Seconds, Truth
from layerbench.pytest_plugin.reasons import Causes, Kind, nothing_known, shorten, told_cached, told_ran
from layerbench.pytest_plugin.tables import counts, steps_table
from layerbench.results.models import Build, Image, Layer, Step
from layerbench.units import format_bytes, format_seconds


@dataclass(frozen=True, slots=True, repr=False)
class LayerOutcome:
    """One layer of the image."""

    record: Layer
    outcome: RunOutcome

    @property
    def instruction(self) -> str | None:
        """The Dockerfile instruction that made it; None for the base's layers."""
        return None if self.record.step is None else self.outcome.build.steps[self.record.step].instruction

    @property
    def compressed_bytes(self) -> Bytes:
        """What a pull transfers of it."""
        return Bytes(self.record.compressed_bytes, f'compressed bytes of the layer of "{self._name}"', self.outcome)

    @property
    def uncompressed_bytes(self) -> Bytes:
        """Bytes of its tar stream."""
        return Bytes(self.record.uncompressed_bytes, f'uncompressed bytes of the layer of "{self._name}"', self.outcome)

    @property
    def _name(self) -> str:
        return shorten(self.instruction or "the base")

    def __repr__(self) -> str:
        return f'<layer "{self._name}": {format_bytes(self.record.compressed_bytes)} compressed>'


@dataclass(frozen=True, slots=True, repr=False)
class ImageOutcome:
    """The image that a build made. The byte counts are sums over its layers."""

    record: Image
    outcome: RunOutcome

    @property
    def compressed_bytes(self) -> Bytes:
        """What a pull transfers."""
        return Bytes(self.record.compressed_bytes, "compressed bytes of the image", self.outcome)

    @property
    def uncompressed_bytes(self) -> Bytes:
        """Bytes of the layers' tar streams."""
        return Bytes(self.record.uncompressed_bytes, "uncompressed bytes of the image", self.outcome)

    @property
    def layers(self) -> tuple[LayerOutcome, ...]:
        """The layers, those of the base first."""
        return tuple(LayerOutcome(layer, self.outcome) for layer in self.record.layers)

    def __repr__(self) -> str:
        compressed = format_bytes(self.record.compressed_bytes)
        uncompressed = format_bytes(self.record.uncompressed_bytes)
        return f"<image of {self.outcome.title}: {compressed} compressed, {uncompressed} uncompressed>"


@dataclass(frozen=True, slots=True, repr=False)
class StepOutcome:
    """One Dockerfile instruction in the build."""

    position: int
    """In the build's `steps`."""
    outcome: RunOutcome

    @property
    def record(self) -> Step:
        """The step as the result file has it."""
        return self.outcome.build.steps[self.position]

    @property
    def instruction(self) -> str:
        """Its text, on one line."""
        return self.record.instruction

    @property
    def stage(self) -> str | None:
        """Its stage's name, `stage-N` where it has none; None where the Dockerfile has one stage only."""
        return self.record.stage

    @property
    def cached(self) -> Truth:
        """Whether it was a cache hit. A FROM is none, and did not run either."""
        told = told_cached(self.outcome.build.steps, self.position, self.outcome.kind, self.outcome.causes)
        return Truth(self.record.cached is True, told)

    @property
    def ran(self) -> Truth:
        """Whether it was carried out."""
        told = told_ran(self.outcome.build.steps, self.position, self.outcome.kind, self.outcome.causes)
        return Truth(self.record.cached is False, told)

    @property
    def seconds(self) -> Seconds | None:
        """Time in which it was at work; None where it was never started."""
        if self.record.seconds is None:
            return None
        return Seconds(self.record.seconds, f'time of "{shorten(self.instruction)}"', self.outcome)

    @property
    def layer(self) -> LayerOutcome | None:
        """The layer of the image that it made; None where it made none, as in an earlier stage."""
        layers = self.outcome.image.layers
        return next((layer for layer in layers if layer.record.step == self.position), None)

    def __repr__(self) -> str:
        record = self.record
        state = "" if record.cached is None else ": cached" if record.cached else ": ran"
        took = f" for {format_seconds(record.seconds)}" if record.cached is False and record.seconds is not None else ""
        return f'<step "{shorten(self.instruction)}"{state}{took}>'


@dataclass(frozen=True, slots=True, repr=False)
class RunOutcome:
    """A build that was carried out, or one that an earlier test of the session had asked for."""

    title: str
    """What was built, as in `single after append app.py`."""
    kind: Kind
    """What the build started from: nothing cached, all of it, or all of it with an edit."""
    build: Build
    """The record, as a result file has it."""
    on_look: Callable[[RunOutcome], None] = field(default=lambda _: None, compare=False)
    """Told when a test looks at it, so that the report of a failure shows what was looked at."""
    causes: Causes = field(default=nothing_known, compare=False)
    """Why steps ran for a cause of their own."""

    @property
    def steps(self) -> tuple[StepOutcome, ...]:
        """The steps in the order of the Dockerfile."""
        self.on_look(self)
        return tuple(StepOutcome(position, self) for position in range(len(self.build.steps)))

    def step(self, pattern: str, *, stage: str | None = None) -> StepOutcome:
        """The one step whose instruction matches.

        Args:
            pattern: the whole instruction, with `*` and `?` as in file names.
            stage: only a step of this stage.

        Raises:
            StepNotFoundError: no step matches, or several do.
        """
        __tracebackhide__ = True
        found = [
            step for step in self.steps if _matches(step.instruction, pattern) and stage in (None, step.record.stage)
        ]
        if len(found) == 1:
            return found[0]
        where = f' in the stage "{stage}"' if stage is not None else ""
        if found:
            message = (
                f'{len(found)} steps of {self.title} match "{pattern}"{where}; write more of the one, or its stage'
            )
            raise StepNotFoundError(f"{message}:\n{_listed(found)}")
        raise StepNotFoundError(
            f'no step of {self.title} matches "{pattern}"{where}; its steps are:\n{_listed(self.steps)}'
        )

    @property
    def image(self) -> ImageOutcome:
        """What was built."""
        self.on_look(self)
        assert self.build.image is not None  # noqa: S101 - no outcome is made of a build that failed
        return ImageOutcome(self.build.image, self)

    @property
    def seconds(self) -> Seconds:
        """Duration of the whole build, its export included."""
        self.on_look(self)
        return Seconds(self.build.wall_seconds or 0.0, "time of the build", self)

    @property
    def context_bytes(self) -> Bytes | None:
        """Bytes of the context that this build sent to the builder; None where no step reads the context."""
        self.on_look(self)
        count = self.build.context_bytes
        return None if count is None else Bytes(count, CONTEXT_BYTES, self)

    def table(self) -> str:
        """The steps as a table: what each took or that it was cached, its layer's bytes, and why the first ones ran."""
        return steps_table(self.build, self.kind, self.causes)

    def __repr__(self) -> str:
        return f"<{self.title}: {counts(self.build)}, {format_seconds(self.build.wall_seconds or 0.0)}>"


def _matches(instruction: str, pattern: str) -> bool:
    """Whether a pattern is meant for an instruction; `[` of a JSON form is itself where the texts are equal."""
    pattern = " ".join(pattern.split())
    instruction = " ".join(instruction.split())
    return instruction == pattern or fnmatchcase(instruction, pattern)


def _listed(steps: Iterable[StepOutcome]) -> str:
    return "\n".join(f"  {f'[{step.stage}] ' if step.stage else ''}{shorten(step.instruction, 100)}" for step in steps)
