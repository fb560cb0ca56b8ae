"""How one limit on wrong claims is split over looks, the total and the steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.paired_claims import SIGNIFICANCE, claim_limits, look_significance, looks_of


@pytest.mark.parametrize(("most_rounds", "looks"), [(1, 1), (8, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_looks(most_rounds: int, looks: int) -> None:
    assert looks_of(most_rounds) == looks


@pytest.mark.parametrize(
    ("rounds", "looks", "steps", "multiples"),
    [
        (8, 1, 3, (1, 0, 0, 0)),  # 0.01 is one multiple of 2/256: the total alone has it
        (9, 1, 3, (1, 1, 0, 0)),
        (10, 1, 0, (5,)),
        (10, 1, 1, (3, 2)),
        (10, 1, 4, (1, 1, 1, 1, 1)),
        (10, 1, 5, (1, 1, 1, 1, 1, 0)),
        (10, 2, 3, (1, 1, 1, 1)),
        (11, 1, 5, (5, 1, 1, 1, 1, 1)),
    ],
)
def test_whole_multiples_of_the_smallest_p_value_are_handed_out(
    rounds: int, looks: int, steps: int, multiples: tuple[int, ...]
) -> None:
    limits = claim_limits(rounds, looks, steps)
    assert tuple(limit * 2 ** (rounds - 1) for limit in (limits.total, *limits.steps)) == multiples


@pytest.mark.parametrize("rounds", [1, 5, 7])
def test_rounds_that_can_claim_nothing_have_no_limit_to_split(rounds: int) -> None:
    limits = claim_limits(rounds, 1, 2)
    assert limits.total == SIGNIFICANCE < 2 / 2**rounds
    assert limits.steps == (0, 0)


@given(st.integers(1, 1000), st.integers(1, 100), st.integers(0, 5))
def test_all_questions_of_a_look_together_keep_to_its_share(rounds: int, looks: int, steps: int) -> None:
    limits = claim_limits(rounds, looks, steps)
    assert limits.total + sum(limits.steps) <= look_significance(rounds, looks) * (1 + 1e-12)
    assert all(0 <= limit <= limits.total for limit in limits.steps)


@pytest.mark.parametrize("most_rounds", [8, 10, 11, 20, 35, 100])
def test_all_looks_of_a_run_together_keep_to_one_in_a_hundred(most_rounds: int) -> None:
    looks = looks_of(most_rounds)
    at = [*range(10, most_rounds, 10), most_rounds]
    assert len(at) == looks
    assert sum(look_significance(rounds, looks) for rounds in at) == pytest.approx(SIGNIFICANCE)
