"""Build a case for real, before and after its edit, and hold prediction and explanation against what BuildKit did."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from layerbench.analysis.explain.build import KnownBuild, explain_build
from layerbench.analysis.explain.models import Cause, ExplainedStep
from layerbench.analysis.explain.places import planned_positions
from layerbench.buildx.command import BuildRequest, Namespace
from layerbench.buildx.docker import DockerClient
from layerbench.buildx.process import run_build
from layerbench.buildx.steps import trace_steps
from layerbench.cachekeys.compare import BuildComparison, compare_builds
from layerbench.cachekeys.models import BuildInputs
from layerbench.cachekeys.steps import PlannedStep
from layerbench.instructions import parse_dockerfile
from layerbench.results.models import Build, Step
from tests.generator.case import Case, Project, Site


@dataclass(frozen=True)
class Built:
    """A real build with what it was made from."""

    inputs: BuildInputs
    build: Build


@dataclass
class Agreement:
    """What was found of one case."""

    case: Case
    disagreements: list[str] = field(default_factory=list)
    open_steps: int = 0
    """Steps that hang on what a RUN wrote or on a folder's mode, were predicted to run to be safe, and hit."""
    steps: int = 0


def build_case(case: Case, docker: DockerClient, folder: Path) -> tuple[Built, Built]:
    """Build before and after, in a namespace of the cache of its own."""
    nonce = secrets.token_hex(8)
    site = Site(folder / f"context-{nonce}", case.before, nonce)
    namespace = Namespace.new()
    before = _build(site, case.before, docker, namespace)
    site.become(case.after)
    for path in case.edit.touched:
        site.touch(path)
    return before, _build(site, case.after, docker, namespace)


def check(case: Case, before: Built, after: Built) -> Agreement:
    """Where prediction and explanation are not what happened."""
    found = Agreement(case)
    comparison = compare_builds(before.inputs, after.inputs)
    _check_prediction(found, comparison, after.build)
    explained = explain_build(
        KnownBuild(after.build, after.inputs), KnownBuild(before.build, before.inputs), is_cold=False
    )
    for step in explained:
        _check_cause(found, step)
    return found


def _build(site: Site, project: Project, docker: DockerClient, namespace: Namespace) -> Built:
    request = BuildRequest(
        site.context,
        site.dockerfile,
        "layerbench-test/generator:none",
        namespace=namespace,
        build_args=project.build_args,
        target=project.target,
        extra_args=("--provenance=false", *project.extra_args),
    )
    inputs = site.inputs()
    # Nothing is exported: the cache is all that is asked about.
    words = ["--output=type=cacheonly" if word == "--load" else word for word in request.command(docker)]
    finished = run_build(
        [word for word in words if not word.startswith("--tag=")], docker.environ(), timeout_seconds=120
    )
    assert finished.exit_code == 0, (project.dockerfile, finished.text[-30:])
    steps = tuple(
        Step(
            step.stage,
            step.index,
            step.count,
            step.instruction,
            step.line_start,
            step.line_end,
            step.cached,
            step.seconds,
            step.started_seconds,
            step.inputs,
        )
        for step in trace_steps(finished.trace, parse_dockerfile(project.dockerfile))
    )
    return Built(inputs, Build("v", "edit", 1, "built", finished.wall_seconds, None, None, steps))


def _check_prediction(found: Agreement, comparison: BuildComparison, build: Build) -> None:
    positions = planned_positions(build.steps, comparison.plan)
    planned = {step.position for step in comparison.plan.steps}
    if planned != set(positions.values()) or len(positions) != len(build.steps):
        left = [comparison.plan.steps[at].name for at in planned - set(positions.values())]
        right = [step.instruction for at, step in enumerate(build.steps) if at not in positions]
        found.disagreements.append(f"only planned: {left}; only recorded: {right}")
    seen = {step.stage for step in build.steps}
    if list(positions.values()) != sorted(positions.values()):
        found.disagreements.append("the order is another")
    for at, position in positions.items():
        step, predicted = build.steps[at], comparison.steps[position]
        planned_as, recorded_as = _name(predicted.step), _name(step)
        # Of a shared step, the record names a stage that has a step of its own.
        is_shared = predicted.step.stage not in seen and (step.stage, step.index) in predicted.step.aliases
        if planned_as != recorded_as and not is_shared:
            found.disagreements.append(f"named {planned_as}, not {recorded_as}")
        if step.cached is None:
            continue
        found.steps += 1
        happened = "hit" if step.cached else "ran"
        if happened == predicted.outcome:
            continue
        if predicted.outcome == "ran" and predicted.certainty == "unknown":
            found.open_steps += 1
            continue
        cause = predicted.cause.text if predicted.cause else None
        found.disagreements.append(f"{step.instruction}: predicted {predicted.outcome} ({cause}), it {happened}")


def _name(step: PlannedStep | Step) -> tuple[str | None, int, int, str]:
    return step.stage, step.index, step.count, step.instruction


def _check_cause(found: Agreement, step: ExplainedStep) -> None:
    edit = found.case.edit
    if step.outcome == "hit":
        if step.certainty == "unknown":
            found.disagreements.append(f"{step.step.instruction}: {step.reason}")
        return
    assert step.cause is not None
    first = step.first_cause or step.cause
    if first.kind not in edit.kinds or (edit.mentions and not _mentions(first, edit.mentions)):
        found.disagreements.append(f"{step.step.instruction}: explained by {first.kind}: {first.text}")


def _mentions(cause: Cause, words: tuple[str, ...]) -> bool:
    told = [cause.text, *(change.path for change in cause.files)]
    return any(word in text for word in words for text in told)
