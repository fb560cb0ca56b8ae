"""Results of any shape, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from layerbench.results.image_models import (
    DiveSummary,
    FileSummary,
    ImageSummary,
    LayerFiles,
    LayerPackages,
    LayerSummary,
    PackageSummary,
    WasteSummary,
)
from layerbench.results.models import (
    SCHEMA_VERSION,
    Base,
    Bench,
    Build,
    Builder,
    Image,
    Layer,
    Machine,
    Result,
    ScenarioRecord,
    SmokeTest,
    Step,
    StepError,
    VariantRecord,
)

NAMES = st.one_of(st.sampled_from(["naive", "single", "multi"]), st.text(st.characters(codec="utf-8"), max_size=20))
INSTRUCTIONS = st.one_of(
    st.sampled_from(["FROM scratch", "WORKDIR /app", "COPY . .", "RUN pip install -r requirements.txt"]),
    st.text(st.characters(codec="utf-8"), max_size=30),
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
SECONDS = st.one_of(st.none(), st.floats(0, 1e6, allow_nan=False))
POSITIONS = st.integers(-1, 5)


def result(max_builds: int = 8) -> st.SearchStrategy[Result]:
    """Any result; positions may point nowhere, and builds may name variants that the bench does not know."""
    # `dict[str, Any]` and ClassVar are beyond type inference, the rest is found from the annotations.
    scenario = st.builds(ScenarioRecord, name=NAMES, description=st.none() | TEXTS, edits=st.just(()))
    step = st.builds(
        Step,
        instruction=INSTRUCTIONS,
        stage=st.none() | NAMES,
        seconds=SECONDS,
        started_seconds=SECONDS,
        inputs=st.lists(POSITIONS, max_size=2).map(tuple),
        error=st.none() | TEXTS,
        platform=st.none() | TEXTS,
    )
    layer = st.builds(Layer, digest=st.none() | TEXTS, diff_id=TEXTS, step=st.none() | POSITIONS)
    image = st.builds(
        Image, manifest_digest=st.none() | TEXTS, config_digest=TEXTS, layers=st.lists(layer, max_size=3).map(tuple)
    )
    error = st.builds(
        StepError, step=st.none() | POSITIONS, message=TEXTS, log_tail=st.lists(TEXTS, max_size=2).map(tuple)
    )
    build = st.builds(
        Build,
        variant=NAMES,
        scenario=NAMES,
        wall_seconds=SECONDS,
        export_seconds=SECONDS,
        steps=st.lists(step, max_size=4).map(tuple),
        error=st.none() | error,
        image=st.none() | image,
        invalid=st.none() | TEXTS,
        empty_cache_mounts=st.lists(TEXTS, max_size=2).map(tuple),
    )
    variant = st.builds(
        VariantRecord,
        name=NAMES,
        dockerfile=TEXTS,
        context=TEXTS,
        target=st.none() | TEXTS,
        build_args=st.dictionaries(TEXTS, TEXTS, max_size=1),
        build_contexts=st.just({}),
        timeout_seconds=SECONDS,
    )
    bench = st.builds(
        Bench,
        name=NAMES,
        digest=TEXTS,
        rounds=st.integers(0, 5),
        variants=st.lists(variant, max_size=3).map(tuple),
        scenarios=st.lists(scenario, max_size=3).map(tuple),
    )
    return st.builds(
        Result,
        schema_version=st.just(SCHEMA_VERSION),
        tool_version=TEXTS,
        started_at=TEXTS | st.just("2026-01-22T12:34:56+00:00"),
        machine=st.builds(Machine, kernel=TEXTS, architecture=TEXTS),
        builder=st.builds(Builder, name=TEXTS, driver=TEXTS),
        bench=bench,
        bases=st.lists(st.builds(Base, reference=TEXTS), max_size=2).map(tuple),
        builds=st.lists(build, max_size=max_builds).map(tuple),
        smoke_tests=st.lists(
            st.builds(SmokeTest, variant=NAMES, seconds=st.floats(0, 100), error=st.none() | TEXTS), max_size=2
        ).map(tuple),
        notes=st.lists(TEXTS, max_size=2).map(tuple),
        images=st.lists(image_summary(), max_size=2).map(tuple),
        side_file=st.none() | TEXTS,
    )


def image_summary() -> st.SearchStrategy[ImageSummary]:
    """What is in any image."""
    package = st.builds(PackageSummary, ecosystem=TEXTS, name=TEXTS, version=TEXTS)
    packages = st.builds(LayerPackages, largest=st.lists(package, max_size=2).map(tuple))
    files = st.builds(LayerFiles, largest=st.lists(st.builds(FileSummary, path=TEXTS), max_size=2).map(tuple))
    layer = st.builds(LayerSummary, diff_id=TEXTS, instruction=INSTRUCTIONS, packages=packages, files=files)
    waste = st.builds(WasteSummary, kind=TEXTS, instruction=INSTRUCTIONS)
    ratios = st.floats(0, 10)
    return st.builds(
        ImageSummary,
        config_digest=TEXTS,
        manifest_digest=st.none() | TEXTS,
        platform=st.none() | TEXTS,
        layers=st.lists(layer, max_size=2).map(tuple),
        waste=st.lists(waste, max_size=2).map(tuple),
        dive=st.none() | st.builds(DiveSummary, efficiency=ratios, user_wasted_ratio=ratios),
    )
