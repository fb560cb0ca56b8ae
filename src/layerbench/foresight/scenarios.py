"""Why a scenario's edits run steps again: found from files, when somebody asks after the build."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from layerbench.analysis.predict.foresee import foresee
from layerbench.config.models import Run, Scenario, Variant
from layerbench.foresight.sources import SourceReader
from layerbench.workspace import Workspace

Causes = Mapping[tuple[str | None, str], str]
"""A clause by stage and instruction, for steps that run for a cause of their own: `app.py changed (content)`."""


def scenario_causes(variant: Variant, scenario: Scenario) -> Causes:
    """The own cause of each step that a scenario's edits run again, by another copy of the context.

    Raises:
        LayerbenchError: the context or the Dockerfile cannot be read, or an edit does not fit any more.
    """
    if not scenario.edits:
        return {}
    independent = any(isinstance(edit, Run) for edit in scenario.edits)
    with (
        tempfile.TemporaryDirectory(prefix="layerbench-") as folder,
        Workspace.create(variant.context, Path(folder), independent=independent) as workspace,
    ):
        before = SourceReader(_silent).read(_at(variant, workspace.context)).inputs
        workspace.apply(scenario.edits, secrets.token_hex(8))
        after = SourceReader(_silent).read(_at(variant, workspace.context)).inputs
    return {
        (one.step.stage, one.step.instruction): one.cause.text
        for one in foresee(before, after)
        if one.cause is not None and one.cause.first is not None and one.cause.first.position == one.step.position
    }


def _at(variant: Variant, context: Path) -> Variant:
    """The variant with a copy in place of its context; a Dockerfile in that is the copy's."""
    dockerfile, source = variant.dockerfile.resolve(), variant.context.resolve()
    if dockerfile.is_relative_to(source):
        dockerfile = context / dockerfile.relative_to(source)
    return replace(variant, context=context, dockerfile=dockerfile)


def _silent(_: str) -> None:
    """What cannot be read was told by the build."""
