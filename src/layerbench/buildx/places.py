"""From the names that BuildKit prints to instructions of the Dockerfile.

`[stage n/m] INSTRUCTION` is how it names the operation of an instruction (github.com/moby/buildkit,
frontend/dockerfile/dockerfile2llb/convert.go: prefixCommand). n is padded with spaces to the width of m. The numbers
are no positions in the Dockerfile: m counts the FROM of an image and every WORKDIR, RUN, COPY and ADD, but n counts
only what becomes an operation. So a named context that stands in for a FROM, a stage on top of another, and `WORKDIR /`
shift n against the Dockerfile, and so do a base's ONBUILD triggers, by which older versions let n grow beyond m
(`[4/3]`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from layerbench.instructions import Dockerfile, Instruction, Stage, one_line

_NAME = re.compile(
    r"^\[ *(?:(?P<platform>[a-z][^\s/\[\]]*/[^\s\[\]]+) +)?(?:(?P<stage>[^\s/\[\]]+) +)?"
    r"(?P<index>\d+)/(?P<count>\d+)\] (?P<text>.*)$",
    re.DOTALL,
)
_LINK, _TRIGGER = "LINK ", "ONBUILD "
_NUMBERED_STAGE = re.compile(r"stage-(\d+)$")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")
_REGISTRY_BY_DEFAULT = re.compile(r"^FROM docker\.io/(?:library/)?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation stands in the build; `index` and `count` are as docker prints them, without the quirks."""

    platform: str | None
    stage: str | None
    index: int
    count: int
    text: str
    instruction: Instruction | None = None
    """None for a trigger of the base, and where the Dockerfile is not known."""
    order: tuple[int, int] = (sys.maxsize, 0)
    """Sorts places as the Dockerfile has them."""

    @property
    def is_source(self) -> bool:
        """Whether it is a FROM, which is found and not carried out."""
        return self.text.startswith("FROM ")


def read_name(name: str) -> Place | None:
    """What a vertex's name says; None where it is no instruction's."""
    match = _NAME.match(name)
    if match is None:
        return None
    text = one_line(match["text"]).removeprefix(_LINK)
    return Place(match["platform"], match["stage"], int(match["index"]), int(match["count"]), text)


def find_places(printed: Iterable[Place], dockerfile: Dockerfile | None) -> dict[Place, Place]:
    """Find every printed place in the Dockerfile.

    Equal instructions of two stages are one operation, which BuildKit prints for either; here it stands in the stage
    that comes first in the Dockerfile, so that it is the same in every build and with every engine.
    """
    stages: dict[tuple[str | None, str | None], list[Place]] = {}
    for place in sorted(set(printed), key=lambda place: place.index):
        stages.setdefault((place.platform, place.stage), []).append(place)
    result: dict[Place, Place] = {}
    found: list[_StagePlaces] = []
    for places in stages.values():
        stage = _find_stage(dockerfile, places[0].stage) if dockerfile else None
        if dockerfile and stage:
            found.append(_StagePlaces.locate(places, stage, _stage_name(stage, dockerfile)))
            result.update(found[-1].places)
        else:
            result.update((place, replace(place, text=_text(place))) for place in places)
    if dockerfile:
        result.update(_shared_places(found, dockerfile))
    return result


@dataclass(frozen=True, slots=True)
class _StagePlaces:
    """The places of one stage on one platform."""

    platform: str | None
    stage: Stage
    name: str | None
    shift: int
    """What is added to a step's position in the Dockerfile (FROM is 0) to get its printed index."""
    count: int
    positions: Mapping[Place, int]
    """Position in the stage's list of steps of each printed place that was found there."""
    places: Mapping[Place, Place]

    @classmethod
    def locate(cls, printed: Sequence[Place], stage: Stage, name: str | None) -> _StagePlaces:
        steps = _steps(stage)
        positions = _positions(printed, steps)
        count = max(max(place.count, place.index) for place in printed)
        places = {
            place: replace(
                place,
                stage=name,
                count=count,
                text=_text(place, is_trigger=place not in positions),
                instruction=steps[positions[place]] if place in positions else None,
                order=(stage.index, place.index),
            )
            for place in printed
        }
        shift = max((place.index - at for place, at in positions.items() if at > 0), default=1)
        return cls(printed[0].platform, stage, name, shift, count, positions, places)

    def taking_over(self, place: Place, at: int) -> Place:
        """The place of another stage as this stage's, whose step at that position it is too."""
        index = 1 if at == 0 else at + self.shift
        return replace(
            place,
            stage=self.name,
            index=index,
            count=self.count,
            instruction=_steps(self.stage)[at],
            order=(self.stage.index, index),
        )


def _shared_places(found: Sequence[_StagePlaces], dockerfile: Dockerfile) -> Iterator[tuple[Place, Place]]:
    """Move what an earlier stage of this build has too, and is printed without, to that stage."""
    chains = _chains(dockerfile)
    in_order = sorted(found, key=lambda places: places.stage.index)
    taken = {(places.platform, places.stage.index, at) for places in found for at in places.positions.values()}
    homes: dict[tuple[str | None, int], list[tuple[_StagePlaces, int]]] = {}
    for places in in_order:
        for at, chain in chains[places.stage.index].items():
            homes.setdefault((places.platform, chain), []).append((places, at))
    for places in in_order:
        for printed, at in places.positions.items():
            chain = chains[places.stage.index].get(at, -1)
            for home, there in homes.get((places.platform, chain), ()):
                if home.stage.index >= places.stage.index:
                    break
                if (home.platform, home.stage.index, there) not in taken:
                    taken.add((home.platform, home.stage.index, there))
                    yield printed, home.taking_over(places.places[printed], there)
                    break


def _positions(printed: Sequence[Place], steps: Sequence[Instruction]) -> dict[Place, int]:
    """Position of each printed place in the stage's steps, of which the FROM is the first."""
    own = [place for place in printed if not place.is_source]
    found = {place: 0 for place in printed if place.is_source}
    if not own:
        return found
    # All operations of a stage are announced at once, so the highest index is that of the last step.
    shift = own[-1].index - (len(steps) - 1)
    direct = {place: place.index - shift for place in own if place.index > shift}
    # `WORKDIR /` is no operation, so what stands before one would be taken for the step after it.
    if not any(step.keyword == "WORKDIR" and step.text.split()[1:] == ["/"] for step in steps) and all(
        _keyword(place.text) == steps[at].keyword for place, at in direct.items()
    ):
        return found | direct
    return found | _align(own, steps)


def _align(own: Sequence[Place], steps: Sequence[Instruction]) -> dict[Place, int]:
    """The best match of two sequences that keeps their order: equal texts before equal keywords (as in a diff)."""
    rows, columns = len(own), len(steps)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, 0, -1):
            gain = _likeness(own[row], steps[column])
            with_match = gain + best[row + 1][column + 1] if gain else 0
            best[row][column] = max(with_match, best[row + 1][column], best[row][column + 1])
    found: dict[Place, int] = {}
    row, column = 0, 1
    while row < rows and column < columns:
        gain = _likeness(own[row], steps[column])
        if gain and best[row][column] == gain + best[row + 1][column + 1]:
            found[own[row]] = column
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return found


def _likeness(place: Place, step: Instruction) -> int:
    if _keyword(place.text) != step.keyword:
        return 0
    return 1000 if place.text.split()[1:] == step.text.split()[1:] else 1


def _keyword(text: str) -> str:
    return text.removeprefix(_TRIGGER).partition(" ")[0].upper()


def _text(place: Place, *, is_trigger: bool = False) -> str:
    """The instruction as every engine would print it."""
    if place.is_source:
        # Only the containerd store says the digest, which changes while the instruction does not.
        return _REGISTRY_BY_DEFAULT.sub("FROM ", _DIGEST.sub("", place.text))
    return place.text if not is_trigger or place.text.startswith(_TRIGGER) else _TRIGGER + place.text


def _find_stage(dockerfile: Dockerfile, printed: str | None) -> Stage | None:
    """The stage that BuildKit prints as `printed`: without a name where it is alone, `stage-N` where it has none.

    A stage that is alone is printed with its name, too, as soon as a RUN has a mount.
    """
    if printed is None or len(dockerfile.stages) == 1:
        return dockerfile.stages[0]
    for stage in reversed(dockerfile.stages):
        if stage.name is not None and stage.name.lower() == printed.lower():
            return stage
    match = _NUMBERED_STAGE.match(printed)
    return dockerfile.stages[int(match[1])] if match and int(match[1]) < len(dockerfile.stages) else None


def _stage_name(stage: Stage, dockerfile: Dockerfile) -> str | None:
    if len(dockerfile.stages) == 1:
        return None
    return stage.name.lower() if stage.name else f"stage-{stage.index}"


def _steps(stage: Stage) -> tuple[Instruction, ...]:
    return tuple(instruction for instruction in stage.instructions if instruction.is_step)


def _chains(dockerfile: Dockerfile) -> list[dict[int, int]]:
    """For every stage, by position, a number that stands for what a step does: the image, and all steps up to it.

    The FROM of a stage on top of another has none, for it is no operation.
    """
    known: dict[tuple[int, str], int] = {}
    chains: list[dict[int, int]] = []
    ends: list[int] = []
    for stage in dockerfile.stages:
        own: dict[int, int] = {}
        if stage.base_stage is None:
            chain = own[0] = known.setdefault((-1, stage.base), len(known))
        else:
            chain = ends[stage.base_stage]
        for at, step in enumerate(_steps(stage)[1:], start=1):
            chain = own[at] = known.setdefault((chain, step.text), len(known))
        chains.append(own)
        ends.append(chain)
    return chains
