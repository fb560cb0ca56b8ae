from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from layerbench.analysis.anatomy.models import ImageContents
from layerbench.analysis.checks.conditions import parse
from layerbench.analysis.checks.expectations import judge_expectations
from layerbench.analysis.checks.growth import Source
from layerbench.analysis.checks.models import ExpectationOutcome, Place
from layerbench.analysis.checks.presence import path_fits
from layerbench.analysis.checks.rules import ExpectationRule
from layerbench.image.profile import Package
from layerbench.results.models import Build, ScenarioRecord
from tests.analysis.anatomy import build as made
from tests.analysis.checks.sources import source, uncached
from tests.results import factory


def _judge(that: str, head: Source | None = None) -> ExpectationOutcome:
    (found,) = judge_expectations([ExpectationRule("a claim", that, parse(that))], head or source())
    return found


CACHED = 'step matching "RUN*pip install*" of single is cached in edit-source'


@pytest.mark.parametrize(
    ("that", "outcome"),
    [
        (CACHED, "confirmed"),
        ('step matching "RUN*pip install*" of single is not cached in edit-source', "refuted"),
        ('step matching "RUN*pip install*" of single ran in edit-source', "refuted"),
        ('step matching "RUN*pip install*" of single ran in edit-deps', "confirmed"),
        ('step matching "RUN*pip install*" is cached in edit-source', "refuted"),  # naive is one of them
        ('step matching "RUN*pip install*" of multi* is cached in edit-source', "confirmed"),
        ('step matching "RUN*" is cached in touch', "confirmed"),
        ('step matching "FROM*" of single is cached in touch', "not-measured"),
        ('step matching "RUN gcc*" of single is cached in touch', "not-measured"),
        ('step matching "RUN*" of other is cached in touch', "not-measured"),
        ("compressed_bytes of single < compressed_bytes of single-pip-cache", "confirmed"),
        ("compressed_bytes of multi < compressed_bytes of single", "refuted"),
        ("compressed_bytes of multi < 200MB", "confirmed"),
        ("200MB <= compressed_bytes of multi", "refuted"),
        ("compressed_bytes of multi / compressed_bytes of single < 110%", "confirmed"),
        ("cached_steps of multi in edit-source == 4", "confirmed"),
        ("seconds of single in edit-source / seconds of naive in edit-source < 0.5", "confirmed"),
        ("waste_bytes of multi < 1MB", "not-measured"),
        ("compressed_bytes of multi in edit-ignored < 1MB", "not-measured"),
    ],
)
def test_a_claim_is_confirmed_or_refuted_or_not_measured(that: str, outcome: str) -> None:
    found = _judge(that)
    assert found.outcome == outcome, found.evidence
    assert found.condition == that
    assert found.evidence.endswith(".")


def test_the_evidence_of_a_step_has_its_rounds_and_the_step_that_made_it_run() -> None:
    found = _judge('step matching "RUN*pip install*" of naive is cached in edit-source')
    assert found.evidence.startswith('"pip install" of naive ran in edit-source, in 3 of 3 builds (')
    assert found.evidence.endswith("): COPY . . (line 3) stands before it and ran.")
    assert found.place == Place("naive.Dockerfile", 4)
    confirmed = _judge(CACHED)
    assert confirmed.evidence == '"pip install" of single was cached in edit-source, in 3 of 3 builds.'


def test_each_step_has_the_reason_that_is_its_own() -> None:
    found = _judge('step matching "RUN*pip install*" is cached in edit-deps')
    reasons = [part.partition("): ")[2] for part in found.evidence.removesuffix(".").split("; ")]
    assert reasons == [
        "COPY . . (line 3) stands before it and ran",
        "COPY requirements.txt . (line 4) stands before it and ran",
        "COPY requirements.txt . (line 4) stands before it and ran",
        "what it depends on itself had changed",
        "COPY requirements.txt . (line 4) stands before it and ran",
    ]
    assert [part.partition(" ran in")[0].rpartition(" of ")[2] for part in found.evidence.split("; ")] == [
        plan.name for plan in factory.WEB
    ]


@pytest.mark.parametrize(
    ("that", "missing"),
    [
        ('step matching "RUN*pip install*" of multi* is cached in edit-source', "multi in edit-source"),
        ('step matching "RUN*" is cached in t*', "multi-no-mounts in touch"),
    ],
)
def test_a_claim_about_what_has_no_build_is_not_confirmed_by_the_rest(that: str, missing: str) -> None:
    variant, _, scenario = missing.partition(" in ")
    head = source(factory.change(factory.result(), variant, scenario, outcome="cancelled"))
    found = _judge(that, head)
    assert found.outcome == "not-measured"
    assert found.evidence.startswith(f'No build of {missing} counts in this run; "')
    assert " was cached in " in found.evidence


def test_what_is_against_a_claim_refutes_it_whatever_was_not_built() -> None:
    head = factory.change(uncached("multi", "touch", "pip install"), "single", "touch", outcome="cancelled")
    assert _judge('step matching "RUN*pip install*" is cached in touch', source(head)).outcome == "refuted"


def test_many_that_have_no_build_are_named_in_part() -> None:
    whole = factory.result()
    builds = tuple(one for one in whole.builds if one.variant == "multi" or one.scenario != "touch")
    found = _judge('step matching "RUN*" is cached in touch', source(replace(whole, builds=builds)))
    assert found.evidence.startswith(
        "No build of naive in touch, single in touch, single-pip-cache in touch and 1 more counts in this run; "
    )


def test_what_a_run_was_not_to_build_is_not_missed() -> None:
    chosen = [plan for plan in factory.WEB if plan.name != "multi"]
    of_some = tuple(
        replace(one, variants=("single", "single-pip-cache")) if one.name == "touch" else one
        for one in factory.SCENARIOS
        if one.name != "warm"
    )
    whole = factory.result(chosen, of_some)
    head = source(replace(whole, builds=tuple(one for one in whole.builds if _is_planned(one, of_some))))
    assert _judge('step matching "RUN*pip install*" of multi* is cached in edit-source', head).outcome == "confirmed"
    assert _judge('step matching "RUN*" is cached in touch', head).outcome == "confirmed"
    assert _judge('step matching "WORKDIR*" is cached in *a*', head).outcome == "confirmed"


def _is_planned(build: Build, scenarios: tuple[ScenarioRecord, ...]) -> bool:
    (its,) = (one.variants for one in scenarios if one.name == build.scenario)
    return its is None or build.variant in its


def test_several_figures_that_were_not_measured_are_several() -> None:
    head = source(factory.change(factory.result(), "multi", "warm", outcome="cancelled"))
    found = _judge("seconds of multi in warm < seconds of other in warm", head)
    assert found.evidence == "seconds of multi in warm and seconds of other in warm were not measured."
    found = _judge("seconds of multi in warm < seconds of naive in warm", head)
    assert found.evidence == "seconds of multi in warm was not measured."
    twice = _judge("seconds of multi in warm / seconds of multi in warm < 2", head)
    assert twice.evidence == "seconds of multi in warm was not measured."


@pytest.mark.parametrize("verb", ["is cached", "ran"])
def test_what_varies_refutes_both(verb: str) -> None:
    head = source(uncached("single", "edit-source", "pip install", (2,)))
    found = _judge(f'step matching "RUN*pip install*" of single {verb} in edit-source', head)
    assert found.outcome == "refuted"
    assert "was cached in 2 of 3 builds and ran in the others" in found.evidence


def test_the_evidence_of_a_comparison_has_both_figures_and_where_they_differ() -> None:
    found = _judge("compressed_bytes of multi < compressed_bytes of single")
    assert found.evidence == (
        "compressed_bytes of multi is 109.9 MB, compressed_bytes of single is 107.2 MB: 2.7 MB (2.5%) more;"
        ' multi has more of "layer COPY --from=builder /venv /venv (+21.9 MB)" (by layer).'
    )
    assert found.place == Place("multi.Dockerfile", None)


def test_times_are_said_to_be_noisy() -> None:
    found = _judge("seconds of single in edit-source / seconds of naive in edit-source < 0.01")
    assert found.outcome == "refuted"
    assert found.evidence.endswith("Medians of 3 builds; times are noisy, and fewer than 5 prove little.")
    assert " times as much" in found.evidence


@pytest.mark.parametrize(
    ("single", "naive", "outcome"),
    [
        ((9.0, 10.0), (11.0, 12.0), "confirmed"),
        ((9.0, 11.5), (11.0, 12.0), "not-measured"),
        ((13.0, 14.0), (11.0, 12.0), "refuted"),
        ((9.0,), (12.0,), "not-measured"),
        ((9.0, 10.0, 11.0, 10.0, 13.0), (11.0, 12.0, 12.5, 12.6, 12.7), "confirmed"),
    ],
)
@pytest.mark.parametrize("that", ["seconds of {0} < seconds of {1}", "seconds of {0} / seconds of {1} < 1"])
def test_times_of_few_builds_that_lie_close_decide_nothing(
    single: tuple[float, ...], naive: tuple[float, ...], outcome: str, that: str
) -> None:
    whole = factory.result()
    builds = tuple(
        Build(variant, "cold", number, "built", seconds, None, None)
        for variant, times in (("single", single), ("naive", naive))
        for number, seconds in enumerate(times, 1)
    )
    found = _judge(that.format("single in cold", "naive in cold"), source(replace(whole, builds=builds)))
    assert found.outcome == outcome
    assert ("more --rounds" in found.evidence) == (outcome == "not-measured")


def test_steps_of_failed_builds_decide_nothing() -> None:
    head = source(factory.fail(factory.result(), "single", "edit-source"))
    assert _judge(CACHED, head).outcome == "not-measured"


def _image() -> ImageContents:
    """Two layers of the base, of which the second one deletes a file, and three of `multi`'s own."""
    gcc = Package("debian", "gcc", "4:14.2", "", ("usr/bin/gcc",))
    layers = [
        made.layer(made.file("usr/bin/gcc", 500), made.file("tmp/requirements.txt", 10), packages=[gcc]),
        made.layer(made.whiteout("tmp/requirements.txt")),
        made.layer(made.folder("app")),
        made.layer(made.file("venv/bin/python", 40)),
        made.layer(made.file("app/requirements.txt", 33)),
    ]
    return made.image(*layers)


@pytest.mark.parametrize(
    ("that", "outcome"),
    [
        ('file matching "**/requirements.txt" is not in multi', "refuted"),
        ('file matching "app/*.txt" is in multi', "confirmed"),
        ('file matching "/app/requirements.txt" is in multi', "confirmed"),
        ('file matching "tmp/requirements.txt" is in multi', "refuted"),  # it is deleted
        ('file matching "*.txt" is in multi', "refuted"),  # in no folder
        ('package matching "gcc" is in multi', "confirmed"),
        ('package matching "g?c" is not in multi', "refuted"),
        ('package matching "clang*" is not in multi', "confirmed"),
        ('file matching "**" is not in other', "not-measured"),
    ],
)
def test_files_and_packages_are_looked_for_in_the_image(that: str, outcome: str) -> None:
    def contents(_: Build) -> ImageContents:
        return _image()

    found = _judge(that, source(contents=contents))
    assert found.outcome == outcome, found.evidence


def test_the_evidence_of_a_file_names_its_layer() -> None:
    found = _judge('file matching "**/requirements.txt" is not in multi', source(contents=lambda _: _image()))
    assert found.evidence.startswith("multi has /app/requirements.txt (")
    assert found.evidence.endswith(", from COPY . .).")
    assert found.place == Place("multi.Dockerfile", 12)


def test_a_summary_confirms_what_it_names_and_nothing_else() -> None:
    head = source(factory.with_images(factory.result(), path="app/requirements.txt"))
    assert _judge('file matching "**/requirements.txt" is in multi', head).outcome == "confirmed"
    assert _judge('file matching "**/other.txt" is not in multi', head).outcome == "not-measured"
    assert _judge('package matching "package-1" is in multi', head).outcome == "confirmed"
    assert _judge('package matching "gcc" is not in multi', head).outcome == "not-measured"
    assert _judge('file matching "x" is not in multi', source()).outcome == "not-measured"


@pytest.mark.parametrize(
    ("path", "pattern", "is_like"),
    [
        ("a/b/c.txt", "**/c.txt", True),
        ("c.txt", "**/c.txt", True),
        ("a/b/c.txt", "a/*.txt", False),
        ("a/c.txt", "a/?.txt", True),
        ("a/b/c.txt", "a/**", True),
        ("a.c", "a?c", True),
        ("a/c", "a?c", False),
        ("a[1].txt", "a[1].txt", True),
        ("ab", "a.", False),
    ],
)
def test_paths_are_matched_by_folder(path: str, pattern: str, is_like: bool) -> None:
    assert path_fits(path, pattern) is is_like
    assert path_fits(f"/{path}", f"/{pattern}") is is_like


def test_the_samples_state_claims_that_can_be_read() -> None:
    from layerbench.analysis.checks.limits import limits_of_bench
    from layerbench.config.file import load_bench_file

    for name, least in (("web", 9), ("native", 6)):
        path = Path(__file__).parents[3] / "sample_app" / name / "layerbench.toml"
        assert len(limits_of_bench(load_bench_file(path, {}), str(path)).expectations) >= least
