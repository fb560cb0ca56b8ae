from __future__ import annotations

import dataclasses

from layerbench.analysis.remarks import alarms, remarks, rounds_measured
from layerbench.results.models import Base, SmokeTest
from tests.results import factory


def test_a_sound_run_alarms_nobody() -> None:
    assert alarms(factory.result()) == ()
    assert remarks(factory.result()) == ()


def test_what_must_not_be_overlooked() -> None:
    result = factory.fail(factory.result(), "single", "cold", (1,))
    result = factory.change(result, "multi", "warm", (1, 2), invalid="something ran")
    result = dataclasses.replace(
        result,
        complete=False,
        builds=result.builds[:-3],
        smoke_tests=(SmokeTest("multi", "failed", 30.0, "no answer on port 8000 within 30 s"),),
    )
    assert alarms(result) == (
        "This run is not complete: it was cut short or is still under way (87 of 90 planned builds are here);"
        " `layerbench run --resume` does the rest.",
        "1 build failed and is in no figure.",
        "2 builds did not start from the cache that the scenario says, so they are in no figure.",
        "The image of multi does not work, so it is never the best: no answer on port 8000 within 30 s",
    )


def test_scenarios_that_are_for_some_variants_are_planned_for_these() -> None:
    only = dataclasses.replace(factory.SCENARIOS[2], variants=("naive",))
    result = dataclasses.replace(factory.result(scenarios=[only]), complete=False, builds=())
    assert "(0 of 3 planned builds are here)" in alarms(result)[0]


def test_what_the_figures_rest_on() -> None:
    result = factory.result()
    result = factory.change(result, "multi", "edit-deps", empty_cache_mounts=("/root/.cache/pip",))
    result = factory.change(result, "single", "cold", frontend="registry")
    result = dataclasses.replace(
        result,
        bases=(Base("python:3.12-slim", None, "docker-image://stand-in"),),
        notes=("pypiserver served packages",),
    )
    assert remarks(result) == (
        "A stand-in served for the base image python:3.12-slim: docker-image://stand-in.",
        "The Dockerfile frontend of the syntax line's image built single; the engine's own built naive,"
        " single-pip-cache, multi, multi-no-mounts and single.",
        "The cache mount /root/.cache/pip of multi was still empty after the install, so its figures do not show what"
        " such a mount saves where the package index allows caching.",
        "pypiserver served packages",
    )


def test_what_a_note_says_is_not_said_twice() -> None:
    note = "python:3.12-slim cannot be pulled here; the stand-in docker-image://stand-in serves in its place"
    result = dataclasses.replace(
        factory.result(), bases=(Base("python:3.12-slim", None, "docker-image://stand-in"),), notes=(note,)
    )
    assert remarks(result) == (note,)


def test_the_meaning_of_compressed_is_told_where_it_is_not_the_usual_one() -> None:
    result = factory.result([factory.plan("naive")], factory.SCENARIOS[:1])
    image = result.builds[0].image
    assert image is not None
    gzip = dataclasses.replace(image, compressed_bytes_source="gzip")
    assert (
        "compressed sizes are what gzip makes of them"
        in remarks(factory.change(result, "naive", "cold", image=gzip))[0]
    )
    assert "not compared with each other" in remarks(factory.change(result, "naive", "cold", (1,), image=gzip))[0]


def test_rounds_are_those_that_count() -> None:
    result = factory.fail(factory.result(), "single", "cold", (1,))
    assert rounds_measured(result) == (2, 3)
    assert rounds_measured(dataclasses.replace(result, builds=())) == (0, 0)
