from __future__ import annotations

import io

import pytest

from layerbench.report.interface import PLAIN_WIDTH
from layerbench.report.terminal import is_ascii_only, options_for, plain_options


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("columns", "width"),
    [("", PLAIN_WIDTH), ("72", 72), ("0", PLAIN_WIDTH), ("wide", PLAIN_WIDTH), ("-3", 100), ("3", 20)],
)
def test_width_where_there_is_no_terminal(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    options = options_for(io.StringIO())
    assert (options.width, options.color_system) == (width, None)
    assert plain_options().width == width


@pytest.mark.parametrize(
    ("encoding", "environment", "expected"),
    [
        ("utf-8", {}, False),
        ("UTF8", {"LANG": "en_GB.UTF-8"}, False),
        ("utf-8", {"LC_ALL": "C"}, True),
        ("utf-8", {"LANG": "POSIX"}, True),
        ("utf-8", {"LC_ALL": "en_GB.UTF-8", "LANG": "C"}, False),
        ("utf-8", {"LC_ALL": "C.UTF-8", "LANG": "C"}, False),
        ("utf-8", {"LC_CTYPE": "C.UTF-8", "LANG": "C"}, True),
        ("utf-8", {"LC_CTYPE": "C.UTF-8", "LANG": "en_GB.UTF-8"}, False),
        ("utf-8", {"LC_ALL": "", "LC_CTYPE": "C"}, True),
        ("utf-8", {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, False),
        ("ascii", {"PYTHONIOENCODING": "ascii"}, True),
        ("iso8859-1", {}, True),
        ("no-such-encoding", {}, True),
        (None, {}, False),
    ],
)
def test_which_characters_can_be_shown(
    encoding: str | None, environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_ascii_only(encoding) is expected
