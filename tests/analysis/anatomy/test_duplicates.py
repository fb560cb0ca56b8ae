from __future__ import annotations

from layerbench.analysis.anatomy.waste.duplicates import Duplicates
from tests.analysis.anatomy.build import file


def test_memory_is_bounded_by_looking_at_larger_files_only() -> None:
    duplicates = Duplicates(most_contents=10)
    assert duplicates.note is None
    for number in range(20):
        assert duplicates.add(file(f"small{number}", 5000 + number), 0) is None
    large = file("large", "x" * 50_000)
    assert duplicates.add(large, 0) is None
    assert duplicates.add(file("copy", "x" * 50_000), 1) is not None
    assert duplicates.least_bytes > 4096
    assert str(duplicates.least_bytes) in (duplicates.note or "")


def test_files_below_the_limit_are_not_looked_at_any_more() -> None:
    duplicates = Duplicates(most_contents=4)
    for number in range(8):
        duplicates.add(file(f"f{number}", 6000), 0)
    assert duplicates.add(file("again", "f0 6000"), 0) is None
