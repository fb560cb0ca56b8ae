"""The conditions of expectations: a small grammar, read by hand.

    condition = step | presence | comparison
    step      = "step" "matching" TEXT [ "of" NAME ] ( "is" ["not"] "cached" | "ran" ) "in" NAME
    presence  = ( "file" | "package" ) "matching" TEXT "is" ["not"] "in" NAME
    comparison = side ( "<" | "<=" | ">" | ">=" | "==" ) side
    side      = AMOUNT | figure [ "/" figure ]
    figure    = METRIC [ "matching" TEXT ] "of" NAME [ "in" NAME ]

TEXT is in double or single quotes; NAME is a bare word or in quotes; AMOUNT is such as `60MB`, `1.5s`, `90%`, `0.9`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from layerbench.analysis.checks.models import Unit
from layerbench.analysis.checks.rules import METRICS, SCENARIO_METRICS, STEP_METRICS, unit_of
from layerbench.config.models import Metric
from layerbench.config.names import is_pattern
from layerbench.errors import UsageError
from layerbench.units import parse_bytes, parse_percent, parse_seconds

Operator = Literal["<", "<=", ">", ">=", "=="]
OPERATORS: tuple[Operator, ...] = ("<=", ">=", "==", "<", ">")
_STARTS = ("step", "file", "package", *METRICS)
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<operator><=|>=|==|<|>|/)|(?P<word>[^\s"'<>=/]+)|(?P<bad>\S))"""
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class StepCondition:
    """What the cache did for some steps; it has to hold for all that fit."""

    step: str
    variant: str
    """A name, or a pattern with `*`."""
    scenario: str
    is_cached: bool


@dataclass(frozen=True, slots=True)
class PresenceCondition:
    """Whether files or packages are in a variant's image."""

    what: Literal["file", "package"]
    pattern: str
    variant: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the run."""

    metric: Metric
    variant: str
    scenario: str | None
    step: str | None


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure by another of the same metric."""

    above: Figure
    below: Figure


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of the bench file."""

    value: float
    unit: Unit | Literal["ratio"]
    text: str


Side: TypeAlias = Figure | Ratio | Amount


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides and how they have to stand to each other."""

    left: Side
    operator: Operator
    right: Side


Condition: TypeAlias = StepCondition | PresenceCondition | Comparison


def parse(text: str) -> Condition:
    """Read a condition.

    Raises:
        UsageError: it is none; says where, and what is expected there.
    """
    return _Parser(text).condition()


def names_of(condition: Condition) -> Iterator[tuple[Literal["variant", "scenario"], str]]:
    """The variants and scenarios that a condition names."""
    match condition:
        case StepCondition():
            yield from (("variant", condition.variant), ("scenario", condition.scenario))
        case PresenceCondition():
            yield "variant", condition.variant
        case Comparison():
            for figure in figures_of(condition):
                yield "variant", figure.variant
                if figure.scenario is not None:
                    yield "scenario", figure.scenario


def figures_of(comparison: Comparison) -> Iterator[Figure]:
    """The figures that a comparison is about, from left to right."""
    for side in (comparison.left, comparison.right):
        if isinstance(side, Figure):
            yield side
        elif isinstance(side, Ratio):
            yield from (side.above, side.below)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["quoted", "operator", "word", "end"]
    text: str
    position: int
    """Counted from 1."""


class _Parser:
    """Reads tokens from left to right; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def condition(self) -> Condition:
        start = self._peek()
        found: Condition
        if self._take("step"):
            found = self._step()
        elif start.text in ("file", "package") and start.kind == "word":
            self._at += 1
            found = self._presence("file" if start.text == "file" else "package")
        else:
            found = self._comparison()
        if self._peek().kind != "end":
            raise self._error("the condition to end here; for two conditions write two expectations")
        return found

    def _step(self) -> StepCondition:
        self._expect("matching")
        step = self._quoted("a pattern for the instruction")
        variant = self._name("a variant") if self._take("of") else "*"
        if self._take("ran"):
            is_cached = False
        else:
            self._expect("is", or_else="ran")
            is_cached = not self._take("not")
            self._expect("cached")
        self._expect("in")
        return StepCondition(step, variant, self._name("a scenario"), is_cached)

    def _presence(self, what: Literal["file", "package"]) -> PresenceCondition:
        self._expect("matching")
        pattern = self._quoted("a path" if what == "file" else "the package's name")
        self._expect("is")
        is_there = not self._take("not")
        self._expect("in")
        return PresenceCondition(what, pattern, self._single("a variant"), is_there)

    def _comparison(self) -> Comparison:
        left = self._side()
        token = self._peek()
        if token.kind != "operator" or token.text not in OPERATORS:
            raise self._error(f"one of {' '.join(OPERATORS)}")
        self._at += 1
        right_at = self._at
        right = self._side()
        if isinstance(left, Amount) and isinstance(right, Amount):
            self._at = 0
            raise self._error("a figure on one side at least, such as `compressed_bytes of NAME`")
        if _unit(left) != _unit(right):
            self._at = right_at
            raise self._error(f"{_example(_unit(left))}, as on the left side")
        return Comparison(left, token.text, right)

    def _side(self) -> Side:
        token = self._peek()
        if token.kind == "word" and token.text[0].isdecimal():
            return self._amount()
        figure = self._figure()
        if not self._take_operator("/"):
            return figure
        at = self._at
        other = self._figure()
        if other.metric != figure.metric:
            self._at = at
            raise self._error(f"{figure.metric} as well: a ratio is of one metric")
        return Ratio(figure, other)

    def _amount(self) -> Amount:
        token = self._peek()
        try:
            found = _amount(token.text)
        except ValueError:
            raise self._error("an amount such as 60MB, 4.8MiB, 1.5s, 90%, 0.9 or 3") from None
        self._at += 1
        return found

    def _figure(self) -> Figure:
        token = self._peek()
        if token.kind != "word" or token.text not in METRICS:
            near = difflib.get_close_matches(token.text, _STARTS, n=1)
            mend = f"; did you mean `{near[0]}`?" if near else ""
            raise self._error(f"one of {', '.join(_STARTS)}{mend}")
        metric = token.text
        self._at += 1
        step = None
        if self._take("matching"):
            if metric not in STEP_METRICS:
                self._at -= 1
                raise self._error(f"`of`: {metric} is of the whole, and has no `matching`")
            step = self._quoted("a pattern for the instruction")
        self._expect("of")
        variant = self._single("a variant")
        scenario = self._single("a scenario") if self._take("in") else None
        if scenario is None and metric in SCENARIO_METRICS:
            raise self._error(f"`in SCENARIO`: {metric} are of a scenario")
        return Figure(metric, variant, scenario, step)

    def _single(self, what: str) -> str:
        """A name that is no pattern."""
        at = self._at
        name = self._name(what)
        if is_pattern(name):
            self._at = at
            raise self._error(f"{what} by its name: a figure is of one, not of a pattern")
        return name

    def _name(self, what: str) -> str:
        token = self._peek()
        if token.kind not in ("word", "quoted"):
            raise self._error(f"the name of {what}")
        self._at += 1
        return token.text

    def _quoted(self, what: str) -> str:
        token = self._peek()
        if token.kind != "quoted" or not token.text:
            raise self._error(f'{what} in quotes, such as "RUN*pip install*"')
        self._at += 1
        return token.text

    def _expect(self, word: str, *, or_else: str | None = None) -> None:
        if not self._take(word):
            raise self._error(f"`{word}`{f' or `{or_else}`' if or_else else ''}")

    def _take(self, word: str) -> bool:
        token = self._peek()
        taken = token.kind == "word" and token.text == word
        self._at += taken
        return taken

    def _take_operator(self, operator: str) -> bool:
        token = self._peek()
        taken = token.kind == "operator" and token.text == operator
        self._at += taken
        return taken

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _error(self, expected: str) -> UsageError:
        token = self._peek()
        found = "at its end" if token.kind == "end" else f'at character {token.position} ("{token.text}")'
        return UsageError(f"{found}: expected {expected}")


def _tokens(text: str) -> Iterator[_Token]:
    end = 0
    for match in _TOKEN.finditer(text):
        kind = cast("Literal['quoted', 'operator', 'word']", match.lastgroup)
        found, position = match[kind], match.start(kind) + 1
        if match.lastgroup == "bad":
            mend = "close the quotes" if found in "\"'" else "write one of < <= > >= =="
            raise UsageError(f"at character {position} ({found}): {mend}")
        yield _Token(kind, found[1:-1] if kind == "quoted" else found, position)
        end = match.end()
    yield _Token("end", "", end + 1)


def _amount(text: str) -> Amount:
    if text.endswith("%"):
        return Amount(parse_percent(text), "ratio", text)
    if _NUMBER.fullmatch(text):
        return Amount(float(text), "count", text)
    return (
        Amount(parse_seconds(text), "seconds", text) if _is_duration(text) else Amount(parse_bytes(text), "bytes", text)
    )


def _is_duration(text: str) -> bool:
    return not text.endswith("B")


def _unit(side: Side) -> str:
    """What has to be the same on both sides; a plain number is a ratio as well as a count."""
    match side:
        case Ratio():
            return "count"
        case Amount():
            return "count" if side.unit == "ratio" else side.unit
        case Figure():
            return unit_of(side.metric)


def _example(unit: str) -> str:
    return {"bytes": "bytes, such as 60MB", "seconds": "seconds, such as 1.5s"}.get(unit, "a number, such as 0.9 or 3")
