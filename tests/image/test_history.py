from __future__ import annotations

import json

import pytest

from layerbench.errors import BuildError
from layerbench.image import HistoryEntry, attribute_layers
from layerbench.image.documents import ImageConfig, parse_config
from layerbench.instructions import Instruction, parse_dockerfile
from tests.image.cases import CASES, DATA, STORES, Case

RECORDED = sorted((path.parent.name, path.stem) for store in STORES for path in (DATA / store).glob("*.json"))


def recorded_config(store: str, name: str) -> ImageConfig:
    return parse_config((DATA / store / f"{name}.json").read_bytes(), name)


def chain_of(case: Case) -> list[Instruction]:
    stages = parse_dockerfile(case.dockerfile).chain(case.target)
    return [instruction for stage in stages for instruction in stage.instructions]


def test_every_case_is_recorded() -> None:
    # `docker save` on the classic store refuses an image without layers.
    expected = {(store, name) for store in STORES for name in CASES} - {("classic", "scratch_without_layer")}
    assert set(RECORDED) == expected


@pytest.mark.parametrize(("store", "name"), RECORDED)
def test_layers_belong_to_the_lines_that_made_them(store: str, name: str) -> None:
    config = recorded_config(store, name)
    chain = chain_of(CASES[name])
    positions = attribute_layers(config.history, len(config.diff_ids), chain)
    lines = tuple(None if position is None else chain[position].line_start for position in positions)
    assert lines == CASES[name].lines


def _without(chain: list[Instruction], keyword: str) -> list[Instruction]:
    last = max(position for position, instruction in enumerate(chain) if instruction.keyword == keyword)
    return chain[:last] + chain[last + 1 :]


DRIFTS = [
    ("one_stage", "CMD"),
    ("one_stage", "RUN"),
    ("one_stage", "COPY"),
    ("many_stages", "WORKDIR"),
    ("from_earlier_stage", "ENV"),
    ("arg_before_from", "ARG"),
    ("onbuild_base", "COPY"),
    ("onbuild_stage", "ONBUILD"),
    ("settings", "USER"),
    ("settings", "SHELL"),
    ("heredocs", "COPY"),
    ("steps_without_effect", "COPY"),
]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(("name", "keyword"), DRIFTS)
def test_a_missing_instruction_is_noticed(store: str, name: str, keyword: str) -> None:
    config = recorded_config(store, name)
    chain = _without(chain_of(CASES[name]), keyword)
    with pytest.raises(BuildError, match=r"layers cannot be matched to lines: .* line [0-9]+"):
        attribute_layers(config.history, len(config.diff_ids), chain)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RUN echo hello > hello", "RUN echo other > hello"),
        ("COPY f.txt .", "COPY g.txt ."),
        ("WORKDIR /app", "COPY /app ."),
        ('CMD ["cat", "hello"]', 'CMD ["cat", "hello"]\nLABEL a=b'),
    ],
)
def test_another_dockerfile_is_noticed(old: str, new: str) -> None:
    config = recorded_config("containerd", "one_stage")
    dockerfile = CASES["one_stage"].dockerfile
    assert old in dockerfile
    chain = chain_of(Case(dockerfile.replace(old, new), ()))
    with pytest.raises(BuildError, match="image history has"):
        attribute_layers(config.history, len(config.diff_ids), chain)


def test_a_longer_dockerfile_than_the_history_is_noticed() -> None:
    chain = chain_of(CASES["one_stage"])
    with pytest.raises(BuildError, match=r'has nothing where line 2, "WORKDIR /app", should be'):
        attribute_layers(recorded_config("containerd", "one_stage").history[2:], 3, chain)


def test_more_steps_with_a_layer_than_layers_are_noticed() -> None:
    config = recorded_config("containerd", "one_stage")
    with pytest.raises(BuildError, match="WORKDIR /app"):
        attribute_layers(config.history, 2, chain_of(CASES["one_stage"]))


def test_an_entry_that_says_it_is_empty_takes_no_layer() -> None:
    history = [HistoryEntry("base", False), HistoryEntry("WORKDIR /x", True), HistoryEntry("RUN /bin/sh -c a", False)]
    chain = chain_of(Case("FROM base\nWORKDIR /x\nRUN a\n", ()))
    assert attribute_layers(history, 2, chain) == (None, 2)


def test_an_image_without_layers_needs_no_history() -> None:
    assert attribute_layers((), 0, chain_of(CASES["scratch_without_layer"])) == ()


def test_recordings_name_no_registry() -> None:
    for store, name in RECORDED:
        document = json.loads((DATA / store / f"{name}.json").read_bytes())
        assert "docker.io" not in json.dumps(document)
