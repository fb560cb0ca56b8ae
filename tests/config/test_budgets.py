"""`[[budgets]]` and `[[expectations]]` of the bench file."""

from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.config.file import load_bench_file, load_limits
from layerbench.config.models import Budget, Expectation
from layerbench.errors import UsageError
from layerbench.runner.records import bench_record

BENCH = """
name = "web"

[variants.single]
[variants.multi]

[scenarios.edit-source]
edits = [{ touch = "app.py" }]
"""


def _write(folder: Path, more: str) -> Path:
    for name in ("single", "multi"):
        (folder / f"{name}.Dockerfile").write_text("FROM scratch\n")
    path = folder / "layerbench.toml"
    path.write_text(BENCH + more)
    return path


def _budget(folder: Path, lines: str) -> Budget:
    (budget,) = load_bench_file(_write(folder, f"[[budgets]]\n{lines}\n"), {}).budgets
    return budget


@pytest.mark.parametrize(
    ("lines", "budget"),
    [
        (
            'metric = "compressed_bytes"\nmax = "60 MB"',
            Budget("compressed_bytes", "max", "60MB", None, 60_000_000),
        ),
        (
            'metric = "uncompressed_bytes"\nmax = "4.8MiB"\nvariant = "multi"\nlevel = "warn"',
            Budget("uncompressed_bytes", "max", "4.8MiB", None, 5_033_164, "multi", level="warn"),
        ),
        (
            'metric = "compressed_bytes"\nmax_increase = ["1MB", "5%"]',
            Budget("compressed_bytes", "max_increase", "+5% and +1MB", 0.05, 1_000_000),
        ),
        (
            'metric = "seconds"\nscenario = "edit-*"\nstep = "RUN*pip*"\nmax = "1.5s"',
            Budget("seconds", "max", "1.5s", None, 1.5, "*", "edit-*", "RUN*pip*"),
        ),
        (
            'metric = "seconds"\nmax_increase = ["10%", "500ms"]',
            Budget("seconds", "max_increase", "+10% and +500ms", 0.1, 0.5),
        ),
        ('metric = "layers"\nmax_increase = 1', Budget("layers", "max_increase", "+1", None, 1)),
        (
            'metric = "cached_steps"\nscenario = "edit-source"\nmin = 3',
            Budget("cached_steps", "min", "at least 3", None, 3, "*", "edit-source"),
        ),
        ('metric = "cached_steps"\nmax_decrease = 0', Budget("cached_steps", "max_decrease", "-0", None, 0)),
    ],
)
def test_a_budget_is_read(tmp_path: Path, lines: str, budget: Budget) -> None:
    assert _budget(tmp_path, lines) == budget


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('metric = "compressed_bytes"', "budgets[0]: a budget has exactly one of max, min, max_increase"),
        ('metric = "compressed_bytes"\nmax = "5MB"\nmin = "1MB"', "exactly one of"),
        ('metric = "compressed_bytes"\nmax = "5mb"', '"5mb" is no number of bytes; write one like 500MB'),
        ('metric = "compressed_bytes"\nmax = 5000', "should be a number of bytes with its unit"),
        ('metric = "compressed_bytes"\nmax_increase = ["5%", "6%"]', "is a percentage, an amount, or an array of both"),
        ('metric = "compressed_bytes"\nmax_increase = []', "is a percentage, an amount, or an array of both"),
        ('metric = "compressed_bytes"\nmax_increase = "5 per%"', '"5 per%" is no percentage'),
        ('metric = "seconds"\nmax = "5MB"', '"5MB" is no duration'),
        ('metric = "layers"\nmax = "5"', "should be a whole number"),
        ('metric = "layers"\nmax = true', "should be a whole number"),
        ('metric = "layers"\nmax = -1', "should be a whole number"),
        ('metric = "cached_steps"\nmax_increase = 1', "use `max_decrease`"),
        ('metric = "layers"\nmax_decrease = 1', "`max_decrease` is for cached_steps"),
        ('metric = "layers"\nmax = 3\nstep = "RUN*"', "`step` goes with layer_* metrics"),
        ('metric = "layers"\nmax = 3\nvariant = "mutli"', 'budgets[0].variant: no variant is named "mutli"; did you'),
        (
            'metric = "layers"\nmax = 3\nscenario = "x-*"',
            'budgets[0].scenario: no scenario is named "x-*"; known: cold',
        ),
        ('metric = "layers"\nmaximum = 3', 'budgets[0].maximum: unknown key; did you mean "max"?'),
        ('metric = "size"\nmax = 3', "budgets[0].metric: "),
    ],
)
def test_what_is_wrong_is_one_sentence_with_file_key_and_mend(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        _budget(tmp_path, lines)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'layerbench.toml'}: budgets[0]")
    assert said in message
    assert "\n" not in message


def test_expectations_are_read_as_they_are(tmp_path: Path) -> None:
    more = '[[expectations]]\nclaim = "small"\nthat = \'layers of multi < 9\'\nlevel = "warn"\n'
    assert load_bench_file(_write(tmp_path, more), {}).expectations == (
        Expectation("small", "layers of multi < 9", "warn"),
    )


def test_a_claim_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expectations\[0\]\.claim: a claim is one line"):
        load_bench_file(_write(tmp_path, '[[expectations]]\nclaim = "a\\nb"\nthat = "x"\n'), {})


def test_what_is_measured_is_the_same_whatever_is_expected_of_it(tmp_path: Path) -> None:
    plain = bench_record(load_bench_file(_write(tmp_path, ""), {}))
    more = '[[budgets]]\nmetric = "layers"\nmax = 3\n[[expectations]]\nclaim = "c"\nthat = "layers of multi < 9"\n'
    assert bench_record(load_bench_file(_write(tmp_path, more), {})) == plain


def test_a_file_of_budgets_has_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "strict.toml"
    path.write_text('[[budgets]]\nmetric = "layers"\nmax = 3\n')
    budgets, expectations = load_limits(path)
    assert [one.amount for one in budgets] == [3]
    assert expectations == ()
    path.write_text("rounds = 3\n")
    with pytest.raises(UsageError, match=r"strict\.toml: rounds: unknown key"):
        load_limits(path)
    with pytest.raises(UsageError, match=r"missing\.toml: no such file; give the file of \[\[budgets\]\]"):
        load_limits(tmp_path / "missing.toml")
