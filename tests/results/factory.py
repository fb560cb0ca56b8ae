"""Results as a run of the web sample app makes them, with the figures that were seen on a real engine.

Seconds cold / warm / source edit / changed pin and the compressed sizes are those of a measured run; rounds differ by a
few per cent, always in the same way, so that snapshots hold.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

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

ALL = ("cold", "edit-source", "edit-deps", "add-file")
DEPS = ("cold", "edit-deps")
COLD = ("cold",)


@dataclass(frozen=True)
class StepPlan:
    """A step of the fixture: how long it takes, in which scenarios it runs, and the layer that it makes."""

    instruction: str
    line: int
    seconds: float
    runs_in: tuple[str, ...]
    compressed_bytes: int = 0
    uncompressed_bytes: int = 0


@dataclass(frozen=True)
class VariantPlan:
    """A variant of the fixture: its stages, and what a build takes beside its steps."""

    name: str
    stages: tuple[tuple[str | None, tuple[StepPlan, ...]], ...]
    overhead_seconds: float = 0.21


_MOUNTS = "--mount=type=cache,target=/root/.cache/pip --mount=type=bind,source=requirements.txt,target=requirements.txt"
_VENV = (
    StepPlan("WORKDIR /app", 9, 0.03, COLD, 93, 1_536),
    StepPlan("COPY --from=builder /venv /venv", 10, 0.62, DEPS, 21_900_000, 62_400_000),
    StepPlan("COPY . .", 12, 0.02, ALL, 1_210, 6_144),
)

WEB: tuple[VariantPlan, ...] = (
    VariantPlan(
        "naive",
        (
            (
                None,
                (
                    StepPlan("WORKDIR /app", 2, 0.03, COLD, 93, 1_536),
                    StepPlan("COPY . .", 3, 0.02, ALL, 1_210, 6_144),
                    StepPlan("RUN pip install -r requirements.txt", 4, 2.72, ALL, 19_230_000, 54_100_000),
                ),
            ),
        ),
    ),
    VariantPlan(
        "single",
        (
            (
                None,
                (
                    StepPlan("WORKDIR /app", 3, 0.03, COLD, 93, 1_536),
                    StepPlan("COPY requirements.txt .", 4, 0.02, DEPS, 210, 1_536),
                    StepPlan(
                        "RUN pip install --no-cache-dir -r requirements.txt", 5, 2.84, DEPS, 19_230_000, 54_100_000
                    ),
                    StepPlan("COPY . .", 6, 0.02, ALL, 1_210, 6_144),
                ),
            ),
        ),
    ),
    VariantPlan(
        "single-pip-cache",
        (
            (
                None,
                (
                    StepPlan("WORKDIR /app", 3, 0.03, COLD, 93, 1_536),
                    StepPlan("COPY requirements.txt .", 4, 0.02, DEPS, 210, 1_536),
                    StepPlan("RUN pip install -r requirements.txt", 5, 2.91, DEPS, 22_650_000, 57_900_000),
                    StepPlan("COPY . .", 6, 0.02, ALL, 1_210, 6_144),
                ),
            ),
        ),
    ),
    VariantPlan(
        "multi",
        (
            (
                "builder",
                (
                    StepPlan("RUN python -m venv /venv", 3, 2.25, COLD),
                    StepPlan(f"RUN {_MOUNTS} pip install -r requirements.txt", 4, 2.95, DEPS),
                ),
            ),
            ("stage-1", _VENV),
        ),
    ),
    VariantPlan(
        "multi-no-mounts",
        (
            (
                "builder",
                (
                    StepPlan("RUN python -m venv /venv", 3, 2.21, COLD),
                    StepPlan("COPY requirements.txt .", 4, 0.02, DEPS),
                    StepPlan("RUN pip install -r requirements.txt", 5, 3.12, DEPS),
                ),
            ),
            ("stage-1", _VENV),
        ),
    ),
)

SCENARIOS: tuple[ScenarioRecord, ...] = (
    ScenarioRecord("cold", "cold", "nothing cached"),
    ScenarioRecord("warm", "warm", "nothing changed"),
    ScenarioRecord("edit-source", "edit", "a source edit", ({"append": "app.py", "text": "# {nonce}\n"},)),
    ScenarioRecord("edit-deps", "edit", "a changed pin", ({"replace": "requirements.txt"},)),
    ScenarioRecord("touch", "edit", "a touched file", ({"touch": "app.py"},)),
    ScenarioRecord("add-file", "edit", "an added file", ({"write": "extra.py"},)),
)

_BASE_LAYERS = (
    Layer("sha256:" + "b1" * 32, "sha256:" + "d1" * 32, 28_230_000, 77_800_000, None),
    Layer("sha256:" + "b2" * 32, "sha256:" + "d2" * 32, 59_770_000, 156_700_000, None),
)


def jitter(variant: str, scenario: str, round_: int) -> float:
    """A factor near 1, the same in every process."""
    seed = sum(ord(letter) * (at + 3) for at, letter in enumerate(variant + scenario)) + round_ * 37
    return 1 + (seed % 23 - 11) / 400


def build(plan: VariantPlan, scenario: str, round_: int) -> Build:
    """One built build of a plan."""
    factor = jitter(plan.name, scenario, round_)
    steps: list[Step] = []
    layers = list(_BASE_LAYERS)
    started = 0.1
    for stage, plans in plan.stages:
        count = len(plans) + 1
        steps.append(Step(stage, 1, count, "FROM python:3.12-slim", 1, 1, None, 0.004, 0.05))
        for index, planned in enumerate(plans, start=2):
            runs = scenario in planned.runs_in
            seconds = round(planned.seconds * factor, 3) if runs else 0.0
            line = planned.line
            steps.append(
                Step(
                    stage,
                    index,
                    count,
                    planned.instruction,
                    line,
                    line,
                    not runs,
                    seconds,
                    started,
                    (len(steps) - 1,),
                )
            )
            started = round(started + seconds, 3)
            if planned.uncompressed_bytes:
                digest = f"{sum(map(ord, planned.instruction)) % 251:02x}" * 32
                layers.append(
                    Layer(
                        f"sha256:{digest}",
                        f"sha256:{digest[::-1]}",
                        planned.compressed_bytes,
                        planned.uncompressed_bytes,
                        len(steps) - 1,
                    )
                )
    ran = any(step.cached is False for step in steps)
    export = round(0.09 * factor if ran else 0.02, 3)
    work = sum(step.seconds or 0 for step in steps if step.cached is False)
    image = Image(
        "sha256:" + f"{len(plan.name):02x}" * 32,
        "sha256:" + f"{len(plan.name) + 64:02x}" * 32,
        sum(layer.compressed_bytes for layer in layers),
        sum(layer.uncompressed_bytes for layer in layers),
        "manifest",
        tuple(layers),
    )
    return Build(
        variant=plan.name,
        scenario=scenario,
        round=round_,
        outcome="built",
        wall_seconds=round(plan.overhead_seconds * factor + work + export, 3),
        export_seconds=export,
        context_bytes=2_048 if scenario in ALL else 134,
        steps=tuple(steps),
        image=image,
        frontend="builtin",
    )


def result(
    plans: Sequence[VariantPlan] = WEB,
    scenarios: Sequence[ScenarioRecord] = SCENARIOS,
    rounds: int = 3,
    name: str = "web",
) -> Result:
    """A complete run: every plan in every scenario in every round."""
    return Result(
        schema_version=SCHEMA_VERSION,
        tool_version="0.1.0",
        started_at="2026-01-22T12:34:56+00:00",
        finished_at="2026-01-22T12:40:11+00:00",
        complete=True,
        machine=Machine(2, 8_241_000_000, "Linux 6.1.0-18-amd64", "x86_64"),
        builder=Builder("default", "docker", "28.5.2", "0.29.1", "0.25.1", "containerd", "bench"),
        bench=Bench(
            name,
            "sha256:" + "ab" * 32,
            rounds,
            tuple(VariantRecord(plan.name, f"{plan.name}.Dockerfile", ".") for plan in plans),
            tuple(scenarios),
        ),
        bases=(Base("python:3.12-slim", "sha256:" + "c3" * 32),),
        builds=tuple(
            build(plan, scenario.name, round_)
            for round_ in range(1, rounds + 1)
            for scenario in scenarios
            for plan in plans
        ),
        smoke_tests=tuple(SmokeTest(plan.name, "passed", 0.9) for plan in plans),
    )


def plan(name: str) -> VariantPlan:
    """The web variant of that name."""
    return next(plan for plan in WEB if plan.name == name)


def change(
    whole: Result, variant: str, scenario: str, rounds: Sequence[int] = (1, 2, 3), /, **fields: object
) -> Result:
    """The result with fields of the named builds replaced."""
    return dataclasses.replace(
        whole,
        builds=tuple(
            dataclasses.replace(one, **fields)  # type: ignore[arg-type]
            if (one.variant, one.scenario) == (variant, scenario) and one.round in rounds
            else one
            for one in whole.builds
        ),
    )


def fail(whole: Result, variant: str, scenario: str, rounds: Sequence[int] = (1, 2, 3), step: int = 3) -> Result:
    """The result with the named builds failed in a step."""
    error = StepError(step, 1, "process did not complete: exit code: 1", ("Collecting fastapi", "ERROR: no such index"))
    return change(whole, variant, scenario, rounds, outcome="failed", image=None, error=error, export_seconds=None)


def with_images(whole: Result, path: str = "usr/lib/libpython3.12.so", packages: int = 2) -> Result:
    """The result with a summary of each distinct image, and `packages` packages, files and wastes in each of it."""
    images = {(image.config_digest, image.manifest_digest): image for one in whole.builds if (image := one.image)}
    return dataclasses.replace(whole, images=tuple(_summary(image, path, packages) for image in images.values()))


def _summary(image: Image, path: str, count: int) -> ImageSummary:
    packages = tuple(PackageSummary("python", f"package-{at}", "1.2.3", 4_000_000 - at) for at in range(count))
    files = tuple(FileSummary(path, 3_000_000 - at) for at in range(count))
    instruction = "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt"
    return ImageSummary(
        image.config_digest,
        image.manifest_digest,
        "linux/amd64",
        tuple(
            LayerSummary(
                layer.diff_id, instruction, LayerPackages(40, 52_000_000, packages), LayerFiles(3_421, 12, 3, files)
            )
            for layer in image.layers
        ),
        tuple(WasteSummary("pip-cache", 3_420_000 - at, 1, instruction, False) for at in range(3 * count)),
        DiveSummary(0.9712, 3_520_000, 0.0614),
    )
