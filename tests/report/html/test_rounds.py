from __future__ import annotations

from layerbench.analysis.stats import spread
from layerbench.report.html.round_views import is_outlier


def test_what_lies_far_out_is_an_outlier() -> None:
    seconds = [1.0, 1.01, 1.02, 1.03, 1.04, 2.0]
    found = spread(seconds)
    assert [one for one in seconds if is_outlier(one, found)] == [2.0]


def test_steady_rounds_and_few_rounds_have_none() -> None:
    steady = [1.0, 1.0, 1.0, 1.0, 1.02]
    assert not any(is_outlier(one, spread(steady)) for one in steady)
    few = [1.0, 1.0, 9.0]
    assert not any(is_outlier(one, spread(few)) for one in few)
