from __future__ import annotations

import pytest

from layerbench.analysis.selection import select
from layerbench.errors import UsageError
from tests.results import factory


def test_without_wishes_all_stays() -> None:
    assert select(factory.result()) == factory.result()


def test_what_is_left_is_as_if_only_that_had_been_measured() -> None:
    plans = [factory.plan("single"), factory.plan("multi")]
    scenarios = [factory.SCENARIOS[0], factory.SCENARIOS[3]]
    chosen = select(factory.result(), ["multi", "single"], ["edit-deps", "cold"])
    assert chosen == factory.result(plans, scenarios)


@pytest.mark.parametrize(
    ("variants", "scenarios", "said"),
    [
        (["singel"], [], 'no variant "singel"; did you mean "single"?'),
        ([], ["zzz"], 'no scenario "zzz"; it has: cold, warm, edit-source'),
    ],
)
def test_an_unknown_name_is_an_error_with_a_mend(variants: list[str], scenarios: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(factory.result(), variants, scenarios)
    assert said in str(caught.value)
