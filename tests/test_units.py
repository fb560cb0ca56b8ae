from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.units import (
    format_bytes,
    format_bytes_delta,
    format_percent,
    format_ratio,
    format_seconds,
    format_seconds_range,
    parse_bytes,
    parse_percent,
    parse_seconds,
)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_960, "1.0 MB"),
        (107_230_000, "107.2 MB"),
        (999_960_000, "1.00 GB"),
        (1_240_000_000, "1.24 GB"),
        (5_000_000_000_000_000, "5000 TB"),
        (-2_700_000, "-2.7 MB"),
    ],
)
def test_bytes_are_decimal_as_docker_prints_them(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(9_100_000, "+9.1 MB"), (-12_400, "-12.4 kB"), (1, "+1 B"), (-999_960, "-1.0 MB"), (0, "0 B")],
)
def test_a_difference_of_bytes_has_a_sign(count: int, text: str) -> None:
    assert format_bytes_delta(count) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0B", 0),
        ("512B", 512),
        ("10kB", 10_000),
        ("500 MB", 500_000_000),
        ("1.5GB", 1_500_000_000),
        ("0.001kB", 1),
        ("100TB", 100 * 10**12),
        ("1KiB", 1024),
        ("4GiB", 4 * 1024**3),
        ("0.5MiB", 512 * 1024),
    ],
)
def test_a_number_of_bytes_is_read(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize(
    "text",
    ["", "10", "GB", "-1GB", "+1GB", "1e3kB", "10gb", "10G", "10KB", "10kiB", "10iB", "1.GB", "1 000MB", "1GB ", "٣GB"],
)
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no number of bytes; write one like"):
        parse_bytes(text)


@given(st.integers(0, 10**15 - 1), st.sampled_from(["B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"]))
def test_a_whole_number_of_bytes_is_exact(number: int, unit: str) -> None:
    factor = parse_bytes(f"1{unit}")
    assert parse_bytes(f"{number}{unit}") == number * factor


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 s"),
        (0.001, "<0.01 s"),
        (0.3104, "0.31 s"),
        (9.994, "9.99 s"),
        (9.996, "10.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (3720, "1 h 02 min"),
    ],
)
def test_seconds_have_about_three_digits(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_a_range_says_its_unit_once() -> None:
    assert format_seconds_range(2.91, 3.1) == "2.91–3.10 s"
    assert format_seconds_range(9.9, 10.2, dash="-") == "9.90-10.2 s"
    assert format_seconds_range(59, 61) == "59.0 s–1 min 01 s"


@pytest.mark.parametrize(("ratio", "text"), [(1.004, "1.00x"), (9.996, "10.0x"), (11.84, "11.8x"), (99.96, "100x")])
def test_ratios(ratio: float, text: str) -> None:
    assert format_ratio(ratio) == text


@pytest.mark.parametrize(("share", "text"), [(0, "0%"), (0.004, "0.4%"), (0.06, "6%"), (1.184, "118%"), (-0.3, "-30%")])
def test_shares(share: float, text: str) -> None:
    assert format_percent(share) == text


@given(st.integers(1000, 10**15), st.integers(1000, 10**15))
def test_more_bytes_are_never_shown_as_less(one: int, other: int) -> None:
    units = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}

    def shown(count: int) -> float:
        number, unit = format_bytes(count).split()
        return float(number) * units[unit]

    small, large = sorted((one, other))
    assert shown(small) <= shown(large)
    assert shown(small) == pytest.approx(small, rel=0.051)


@given(st.floats(0, 1e7))
def test_a_duration_never_has_sixty_of_a_unit(seconds: float) -> None:
    words = format_seconds(seconds).removeprefix("<").split()
    parts = dict(zip(words[1::2], map(float, words[::2]), strict=True))
    assert all(number < 60 for unit, number in parts.items() if unit != "h")


@pytest.mark.parametrize(
    ("text", "seconds"), [("1.5s", 1.5), ("200ms", 0.2), ("2min", 120), ("2 min", 120), ("1h", 3600), ("0s", 0)]
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1.5", "1,5s", "1m", "-1s", "1.5 sec", "1.5S", " 1s", "1s ", "1e3s", "s", "１s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration; write one like 1\.5s"):
        parse_seconds(text)


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("2.5 %", 0.025), ("0%", 0), ("150%", 1.5)])
def test_a_percentage_is_read(text: str, share: float) -> None:
    assert parse_percent(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "5", "5 percent", "-5%", "+5%", "5%%", "%", ".5%", "5,5%", "５%"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no percentage; write one like 5%"):
        parse_percent(text)
