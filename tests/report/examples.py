"""Results that reports are tried on."""

from __future__ import annotations

import dataclasses

from layerbench.results.models import Base, Result, SmokeTest
from tests.results import factory

HOSTILE_VARIANT = "\x1b[31mred\x1b[0m|`x`\n<b>@team</b> &amp; \u202eevil\x9b1m"
HOSTILE_INSTRUCTION = "RUN echo '\x1b]0;title\x07' | tee `which x` && echo *bold* _it_ [a](http://b) \\| <script>\u2028"


def damaged() -> Result:
    """A run with everything that can go wrong: cut short, failed, invalid, broken, varying, on a stand-in."""
    result = factory.result(rounds=2)
    result = factory.fail(result, "single", "cold", (1, 2))
    result = factory.fail(result, "single", "edit-source", (1,))
    result = factory.change(result, "multi", "warm", invalid="nothing had changed, yet [builder 2/3] RUN python ran")
    steps = next(b for b in result.builds if (b.variant, b.scenario) == ("naive", "edit-deps")).steps
    steps = (*steps[:3], dataclasses.replace(steps[3], cached=True, seconds=0.0))
    result = factory.change(result, "naive", "edit-deps", (1,), steps=steps)
    return dataclasses.replace(
        result,
        complete=False,
        finished_at=None,
        builds=result.builds[:-4],
        notes=("The package index sends no caching headers, so pypiserver served the packages.",),
        bases=(Base("python:3.12-slim", None, "docker-image://layerbench-standin/python:3.12-slim"),),
        smoke_tests=(
            SmokeTest("naive", "failed", 30.0, "no answer on port 8000 within 30 s"),
            *result.smoke_tests[1:],
        ),
    )


def hostile() -> Result:
    """Names and instructions that mean harm to terminals and to Markdown."""
    naive = factory.plan("naive")
    (_, steps) = naive.stages[0]
    evil = dataclasses.replace(steps[2], instruction=HOSTILE_INSTRUCTION)
    plan = dataclasses.replace(naive, name=HOSTILE_VARIANT, stages=((HOSTILE_VARIANT, (*steps[:2], evil)),))
    scenarios = [
        dataclasses.replace(factory.SCENARIOS[0]),
        dataclasses.replace(factory.SCENARIOS[2], name="sc|en\x1bario\n", description="a \x1b[2J| `deed`"),
    ]
    result = factory.result([plan, factory.plan("single")], scenarios, name="be\x07nch|<i>")
    result = factory.fail(result, HOSTILE_VARIANT, "cold", (1,))
    return dataclasses.replace(result, notes=("\x1b[5mblink\x1b[0m | `tick`",))


def foreign() -> Result:
    """Names beyond ASCII, of double width and from right to left."""
    names = ("größe", "単一ステージ", "שלב", "naïve-with-a-very-long-name-that-has-to-be-folded")
    plans = [dataclasses.replace(factory.plan("single"), name=name) for name in names]
    return factory.result(plans, factory.SCENARIOS[:3])


def fast_and_slow() -> Result:
    """Five rounds, with figures of all magnitudes."""
    result = factory.result([factory.plan("naive"), factory.plan("single")], factory.SCENARIOS[:2], rounds=5)
    for number, seconds in enumerate((0.004, 58.0, 59.97, 3599.0, 7260.0), start=1):
        result = factory.change(result, "naive", "cold", (number,), wall_seconds=seconds)
    image = result.builds[0].image
    assert image is not None
    large = dataclasses.replace(image, compressed_bytes=1_234_567_890, uncompressed_bytes=999)
    return factory.change(result, "naive", "cold", (1, 2, 3, 4, 5), image=large)
