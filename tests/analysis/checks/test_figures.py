from __future__ import annotations

from dataclasses import replace

import pytest

from layerbench.analysis.checks.figures import (
    Measured,
    baseline_of,
    layer_names,
    scenario_digest,
    step_fits,
    step_name,
)
from layerbench.analysis.steps import StepKey
from layerbench.results.models import ScenarioRecord
from tests.results import factory


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (StepKey(None, None, "RUN  make\n all", 0), "RUN make all"),
        (StepKey(None, "builder", "RUN make", 1), "[builder] RUN make (2)"),
        (StepKey("linux/arm64", "builder", 'CMD ["a", "b"]', 0), '[builder] CMD ["a", "b"]'),
    ],
)
def test_a_step_is_found_by_its_instruction_alone(key: StepKey, name: str) -> None:
    assert step_name(key).endswith(name)
    instruction = " ".join(key.instruction.split())
    assert step_fits(step_name(key), instruction)
    assert step_fits(step_name(key), f"{instruction[:3]}*")
    assert step_fits(step_name(key), None)
    assert not step_fits(step_name(key), instruction[:-1])


def test_layers_of_equal_instructions_have_names_of_their_own() -> None:
    build = next(one for one in factory.result().builds if one.variant == "single")
    assert build.image is not None
    twice = replace(build.image, layers=(*build.image.layers, build.image.layers[-1], build.image.layers[-1]))
    names = layer_names(build, twice)
    assert names[:3] == ("FROM, layer 1", "FROM, layer 2", "WORKDIR /app")
    assert names[-3:] == ("COPY . .", "COPY . . (2)", "COPY . . (3)")


def test_the_median_image_stands_for_its_kind() -> None:
    result = factory.result()
    image = result.builds[0].image
    assert image is not None
    for round_, count in ((1, 500), (2, 100), (3, 300)):
        result = factory.change(
            result, "naive", "cold", (round_,), image=replace(image, compressed_bytes=count, uncompressed_bytes=round_)
        )
    measured = Measured(result)
    assert measured.figures.variants["naive"]["cold"].compressed_bytes == 300
    assert measured.figures.variants["naive"]["cold"].uncompressed_bytes == 3


def test_a_baseline_has_layers_of_the_image_that_stands_for_its_variant_only() -> None:
    kept = {
        scenario: bool(figures.layer_compressed_bytes)
        for scenario, figures in baseline_of(factory.result()).variants["multi"].items()
    }
    assert kept == {"cold": True, **dict.fromkeys(("warm", "edit-source", "edit-deps", "touch", "add-file"), False)}


def test_the_digest_of_a_scenario_is_that_of_what_it_does() -> None:
    one = ScenarioRecord("a", "edit", "said so", ({"path": "app.py", "operation": "touch"},), ("multi",))
    same = ScenarioRecord("b", "edit", None, ({"operation": "touch", "path": "app.py"},))
    assert scenario_digest(one) == scenario_digest(same)
    assert scenario_digest(one) != scenario_digest(replace(one, edits=()))
    assert scenario_digest(ScenarioRecord("a", "cold")) != scenario_digest(ScenarioRecord("a", "warm"))
    assert list(baseline_of(factory.result()).scenarios) == [scenario.name for scenario in factory.SCENARIOS]
