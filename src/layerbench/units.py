"""Bytes, seconds and ratios as people read them. Every place that shows a figure uses these."""

from __future__ import annotations

import re

_BYTE_UNITS = (("kB", 1), ("MB", 1), ("GB", 2), ("TB", 2))
_MINUTE, _HOUR = 60, 3600
_UNIT_BYTES: dict[str, int] = {
    "B": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGT", start=1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGT", start=1)},
}
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
_DURATION = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?) ?(?P<unit>ms|s|min|h)")
_PERCENT = re.compile(r"(?P<number>[0-9]{1,6}(?:\.[0-9]{1,6})?) ?%")
_BYTE_COUNT = re.compile(r"(?P<whole>[0-9]{1,15})(?:\.(?P<decimals>[0-9]{1,3}))? ?(?P<unit>[kKMGT]?i?B)")


def format_bytes(count: float) -> str:
    """A number of bytes in decimal units, as docker prints them: `512 B`, `6.1 kB`, `107.2 MB`, `1.24 GB`."""
    if abs(count) < 1000:
        return f"{count:.0f} B"
    value = float(count)
    for unit, digits in _BYTE_UNITS:
        value /= 1000
        # Compared after rounding: 999,960 bytes are 1.0 MB, not 1000.0 kB.
        if abs(round(value, digits)) < 1000:
            return f"{value:.{digits}f} {unit}"
    return f"{value:.0f} TB"


def format_bytes_delta(count: int) -> str:
    """A difference of bytes with its sign: `+9.1 MB`, `-12.4 kB`, `0 B`."""
    return f"+{format_bytes(count)}" if count > 0 else format_bytes(count)


def parse_bytes(text: str) -> int:
    """A number of bytes as a person writes it: `512B`, `100GB`, `1.5 GB`, `4GiB`.

    Raises:
        ValueError: it is none, has no unit, or one that is spelled in another way.
    """
    found = _BYTE_COUNT.fullmatch(text)
    if found is None or found["unit"] not in _UNIT_BYTES:
        raise ValueError(f'"{text}" is no number of bytes; write one like 500MB, 10GB or 4GiB')
    thousandths = int(found["whole"] + (found["decimals"] or "").ljust(3, "0"))
    return thousandths * _UNIT_BYTES[found["unit"]] // 1000


def parse_seconds(text: str) -> float:
    """A duration as a person writes it: `1.5s`, `200ms`, `2 min`, `1h`.

    Raises:
        ValueError: it is none, has no unit, or one that is spelled in another way.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no duration; write one like 1.5s, 200ms or 2min')
    return float(found["number"]) * _UNIT_SECONDS[found["unit"]]


def parse_percent(text: str) -> float:
    """A share of 1 as a person writes it in per cent: `5%` is 0.05.

    Raises:
        ValueError: it is none, or the sign is missing.
    """
    found = _PERCENT.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no percentage; write one like 5% or 2.5%')
    return float(found["number"]) / 100


def format_seconds(seconds: float) -> str:
    """A duration with about three digits: `0.31 s`, `12.4 s`, `2 min 05 s`, `1 h 02 min`."""
    number, unit = _seconds_parts(seconds)
    return f"{number} {unit}" if unit else number


def format_seconds_range(low: float, high: float, dash: str = "–") -> str:
    """Two durations with their unit said once where they share it: `2.91–3.10 s`."""
    low_number, low_unit = _seconds_parts(low)
    high_number, high_unit = _seconds_parts(high)
    if low_unit and high_unit:
        return f"{low_number}{dash}{high_number} s"
    return f"{format_seconds(low)}{dash}{format_seconds(high)}"


def format_ratio(ratio: float) -> str:
    """How many times as much: `1.04x`, `11.8x`, `118x`."""
    for digits, limit in ((2, 10), (1, 100)):
        if round(ratio, digits) < limit:
            return f"{ratio:.{digits}f}x"
    return f"{ratio:.0f}x"


def format_percent(share: float) -> str:
    """A share as per cent: `6%`, `118%`; below one with a digit after the point: `0.4%`."""
    digits = 1 if 0 < abs(share) < 0.01 else 0
    return f"{share * 100:.{digits}f}%"


def _seconds_parts(seconds: float) -> tuple[str, str]:
    """Number and unit; minutes and hours are told in words of their own and have no unit left."""
    if 0 < seconds < 0.005:
        return "<0.01", "s"
    if round(seconds, 2) < 10:
        return f"{seconds:.2f}", "s"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f}", "s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s", ""
    minutes = round(seconds / _MINUTE)
    return f"{minutes // _MINUTE} h {minutes % _MINUTE:02} min", ""
