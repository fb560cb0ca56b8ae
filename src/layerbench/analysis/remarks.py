"""What a reader has to know beside the figures: what went wrong, and what the figures rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from layerbench.analysis.wording import join_words
from layerbench.results.models import Result


def alarms(result: Result) -> tuple[str, ...]:
    """What must not be overlooked, each in a sentence.

    A run that is not complete, builds that failed or do not count, images that do not work.
    """
    said = []
    planned = sum(
        result.bench.rounds
        for scenario in result.bench.scenarios
        for variant in result.bench.variants
        if scenario.variants is None or variant.name in scenario.variants
    )
    if not result.complete:
        said.append(
            "This run is not complete: it was cut short or is still under way"
            f" ({len(result.builds)} of {planned} planned builds are here); `layerbench run --resume` does the rest."
        )
    outcomes = Counter(build.outcome for build in result.builds)
    if outcomes["failed"]:
        said.append(f"{_count(outcomes['failed'], 'build')} failed and {_are(outcomes['failed'])} in no figure.")
    invalid = sum(build.outcome == "built" and build.invalid is not None for build in result.builds)
    if invalid:
        said.append(
            f"{_count(invalid, 'build')} did not start from the cache that the scenario says, so"
            f" {'it is' if invalid == 1 else 'they are'} in no figure."
        )
    said += [
        f"The image of {test.variant} does not work, so it is never the best: {test.error or 'no reason was recorded'}"
        for test in result.smoke_tests
        if test.outcome == "failed"
    ]
    return tuple(said)


def remarks(result: Result) -> tuple[str, ...]:
    """What the figures rest on: stand-ins, frontends, cache mounts that stayed empty, and the run's own notes.

    What a note says already is not said again.
    """
    return (
        *(
            f"A stand-in served for the base image {base.reference}: {base.substituted_by}."
            for base in result.bases
            if base.substituted_by is not None and not _is_noted(result, base.substituted_by)
        ),
        *_frontends(result),
        *_empty_cache_mounts(result),
        *_meaning_of_compressed(result),
        *result.notes,
    )


def _is_noted(result: Result, name: str) -> bool:
    return any(name in note for note in result.notes)


def _frontends(result: Result) -> tuple[str, ...]:
    """Which Dockerfile frontend served, where not all variants had the same."""
    by_frontend = {
        kind: list(dict.fromkeys(build.variant for build in result.builds if build.frontend == kind))
        for kind in ("registry", "builtin")
    }
    if not (by_frontend["registry"] and by_frontend["builtin"]):
        return ()
    return (
        f"The Dockerfile frontend of the syntax line's image built {join_words(by_frontend['registry'])}; the engine's"
        f" own built {join_words(by_frontend['builtin'])}.",
    )


def _empty_cache_mounts(result: Result) -> tuple[str, ...]:
    mounts: dict[str, dict[str, None]] = {}
    for build in result.builds:
        for target in build.empty_cache_mounts:
            mounts.setdefault(target, {}).setdefault(build.variant)
    return tuple(
        f"The cache mount {target} of {join_words(list(variants))} was still empty after the install, so its figures do"
        " not show what such a mount saves where the package index allows caching."
        for target, variants in mounts.items()
        if not _is_noted(result, target)
    )


def _meaning_of_compressed(result: Result) -> tuple[str, ...]:
    sources = {build.image.compressed_bytes_source for build in result.builds if build.image is not None}
    if "gzip" not in sources:
        return ()
    if len(sources) == 1:
        return (
            "This engine's image store keeps no compressed layers: compressed sizes are what gzip makes of them, and"
            " compare only with such sizes.",
        )
    return ("Some compressed sizes are the manifest's and some are gzip's: these are not compared with each other.",)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def rounds_measured(result: Result) -> tuple[int, int]:
    """The fewest and the most valid builds that a figure rests on; (0, 0) where there is none."""
    counts: Sequence[int] = list(
        Counter(
            (build.variant, build.scenario)
            for build in result.builds
            if build.outcome == "built" and build.invalid is None
        ).values()
    )
    return (min(counts), max(counts)) if counts else (0, 0)
