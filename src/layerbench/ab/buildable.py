"""Variants that one of the states cannot build at all: they are left out, so that the others are still compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from layerbench.ab.joining import SIDES, Joined, SideName, name_at
from layerbench.ab.loading import Side, told_of
from layerbench.config.models import BenchFile, Variant
from layerbench.errors import EngineError, LayerbenchError, UsageError
from layerbench.runner.connect import Connection
from layerbench.runner.leftovers import remove_images
from layerbench.runner.preflight import check_dockerfiles
from layerbench.runner.sources import SourceFinder

LeftOut = Mapping[str, str]
"""By a variant's name why it is not built, as a sentence without its stop."""


def unreadable(benches: Mapping[SideName, BenchFile], sides: Mapping[SideName, Side]) -> LeftOut:
    """The variants whose Dockerfile one of the states has in a form that nobody can build.

    Args:
        benches: with the same variants on both sides.
        sides: where they are laid out.

    Raises:
        UsageError: nothing else is left.
    """
    problems: dict[str, UsageError] = {}
    for side in SIDES:
        bench = benches[side]
        for variant in bench.variants:
            try:
                with told_of(sides[side]):
                    check_dockerfiles(replace(bench, variants=(variant,)))
            except UsageError as error:
                problems.setdefault(variant.name, error)
    _see_that_some_are_left(problems, benches["head"].variants)
    return {name: _told(name, str(error)) for name, error in problems.items()}


def without_bases(joined: Joined, sides: Mapping[SideName, Side], connection: Connection, folder: Path) -> LeftOut:
    """The variants of which one of the states is built on what cannot be had; asked for once a run has found one.

    Raises:
        EngineError: nothing else is left, as where no engine answers.
    """
    problems: dict[str, LayerbenchError] = {}
    finder = SourceFinder(connection, joined.bench.bases, folder, "auto", lambda _: None)
    by_name = {variant.name: variant for variant in joined.bench.variants}
    try:
        for name in joined.variants:
            for side in SIDES:
                if name in problems:
                    break
                try:
                    finder.find(by_name[name_at(name, side)])
                except (EngineError, UsageError) as error:
                    problems[name] = EngineError(f"in {sides[side].label} {error}")
    finally:
        remove_images(connection.docker, finder.tags)
    _see_that_some_are_left(problems, joined.sides["head"].variants)
    return {name: _told(name, str(error)) for name, error in problems.items()}


def _see_that_some_are_left(problems: Mapping[str, LayerbenchError], variants: Iterable[Variant]) -> None:
    if problems and all(variant.name in problems for variant in variants):
        raise next(iter(problems.values()))


def _told(name: str, why: str) -> str:
    return f"the variant {name} is left out: {why}"
