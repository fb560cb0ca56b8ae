"""Which variant of base is held against which one of head."""

from __future__ import annotations

from layerbench.analysis.comparison.models import Side
from layerbench.analysis.wording import join_words
from layerbench.errors import UsageError
from layerbench.results.models import Result


def pair_variants(base: Side, head: Side) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Pairs of variants, and a sentence for each that is on one side only.

    Where one side names a variant, the other one has that of the same name, if it names none. Where none does, all are
    matched by name; a single variant matches a single one whatever its name.

    Raises:
        UsageError: a side does not have the variant, or the two have none in common.
    """
    for side in (base, head):
        if side.variant is not None:
            _check(side, side.variant)
    if base.variant is not None or head.variant is not None:
        first, second = base.variant or head.variant, head.variant or base.variant
        assert first is not None  # noqa: S101 - one of the two is there
        assert second is not None  # noqa: S101
        _check(base, first)
        _check(head, second)
        return ((first, second),), ()
    before, after = variants_of(base.result), variants_of(head.result)
    if len(before) == len(after) == 1:
        return ((before[0], after[0]),), ()
    common = [name for name in before if name in after]
    if not common:
        raise UsageError(
            f"{base.name} and {head.name} have no variant in common: give one of each, as {base.name}:VARIANT"
            f" ({_listed(before)}) and {head.name}:VARIANT ({_listed(after)})"
        )
    said = (
        *(f'The variant "{name}" is only in base and is not compared.' for name in before if name not in after),
        *(f'The variant "{name}" is only in head and is not compared.' for name in after if name not in before),
    )
    return tuple((name, name) for name in common), said


def variants_of(result: Result) -> tuple[str, ...]:
    """Names of the variants of a result, in the order of its bench file."""
    return tuple(
        dict.fromkeys((*(one.name for one in result.bench.variants), *(build.variant for build in result.builds)))
    )


def _check(side: Side, variant: str) -> None:
    names = variants_of(side.result)
    if variant not in names:
        raise UsageError(f'{side.name} has no variant "{variant}": there are {_listed(names)}')


def _listed(names: tuple[str, ...]) -> str:
    return join_words([f'"{name}"' for name in names]) or "none"
