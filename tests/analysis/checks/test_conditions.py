from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.analysis.checks.conditions import (
    Amount,
    Comparison,
    Condition,
    Figure,
    PresenceCondition,
    Ratio,
    StepCondition,
    names_of,
    parse,
)
from layerbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (
            'step matching "RUN*pip install*" of single is cached in edit-source',
            StepCondition("RUN*pip install*", "single", "edit-source", True),
        ),
        ("step matching 'RUN \"x\"' is not cached in edit-*", StepCondition('RUN "x"', "*", "edit-*", False)),
        ('step matching "RUN*" of "with space" ran in warm', StepCondition("RUN*", "with space", "warm", False)),
        (
            "compressed_bytes of multi < compressed_bytes of single",
            Comparison(
                Figure("compressed_bytes", "multi", None, None), "<", Figure("compressed_bytes", "single", None, None)
            ),
        ),
        (
            "seconds of multi in edit-deps / seconds of multi-no-mounts in edit-deps < 0.9",
            Comparison(
                Ratio(
                    Figure("seconds", "multi", "edit-deps", None),
                    Figure("seconds", "multi-no-mounts", "edit-deps", None),
                ),
                "<",
                Amount(0.9, "count", "0.9"),
            ),
        ),
        (
            'layer_compressed_bytes matching "RUN*" of multi@head in cold<=4.8MiB',
            Comparison(
                Figure("layer_compressed_bytes", "multi@head", "cold", "RUN*"),
                "<=",
                Amount(5_033_164, "bytes", "4.8MiB"),
            ),
        ),
        (
            "1.5s >= seconds of a in cold",
            Comparison(Amount(1.5, "seconds", "1.5s"), ">=", Figure("seconds", "a", "cold", None)),
        ),
        (
            "layers of a / layers of b == 90%",
            Comparison(
                Ratio(Figure("layers", "a", None, None), Figure("layers", "b", None, None)),
                "==",
                Amount(0.9, "ratio", "90%"),
            ),
        ),
        (
            'file matching "**/requirements.txt" is not in multi',
            PresenceCondition("file", "**/requirements.txt", "multi", False),
        ),
        ('package matching "gcc*" is in multi', PresenceCondition("package", "gcc*", "multi", True)),
    ],
)
def test_a_condition_is_read(text: str, condition: Condition) -> None:
    assert parse(text) == condition
    assert (
        parse(
            f"  {text.replace(' ', '   ')} ".replace("pip   install", "pip install")
            .replace("with   space", "with space")
            .replace('RUN   "x"', 'RUN "x"')
        )
        == condition
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at its end: expected one of step, file, package, compressed_bytes"),
        ("stpe matching", 'at character 1 ("stpe"): expected one of'),
        ("stpe matching", "did you mean `step`?"),
        ("step", "at its end: expected `matching`"),
        ("step matching RUN", 'at character 15 ("RUN"): expected a pattern for the instruction in quotes'),
        ('step matching "" is cached in a', "at character 15"),
        ('step matching "RUN" is cahced in a', 'at character 24 ("cahced"): expected `cached`'),
        ('step matching "RUN" was cached in a', 'at character 21 ("was"): expected `is` or `ran`'),
        ('step matching "RUN" is cached', "at its end: expected `in`"),
        ('step matching "RUN" is cached in', "at its end: expected the name of a scenario"),
        ('step matching "RUN" is cached in a or b', 'at character 36 ("or"): expected the condition to end here'),
        ('step matching "RUN', 'at character 15 ("): close the quotes'),
        ("layers of a = 3", "at character 13 (=): write one of < <= > >= =="),
        ("layers of a", "at its end: expected one of <= >= == < >"),
        ("layers of a < 3MB", 'at character 15 ("3MB"): expected a number, such as 0.9 or 3, as on the left side'),
        ("compressed_bytes of a < 3", "expected bytes, such as 60MB"),
        ("compressed_bytes of a < 5mb", "expected an amount such as 60MB"),
        ("compressed_bytes of a < seconds of a in b", "expected bytes, such as 60MB"),
        ("compressed_bytes of a / layers of a < 3", 'at character 25 ("layers"): expected compressed_bytes as well'),
        ("seconds of a < 3s", 'at character 14 ("<"): expected `in SCENARIO`: seconds are of a scenario'),
        ("layers of * < 3", 'at character 11 ("*"): expected a variant by its name'),
        ("3 < 4", 'at character 1 ("3"): expected a figure on one side at least'),
        ('layers matching "RUN" of a < 3', 'at character 8 ("matching"): expected `of`'),
        ('file matching "x" is in mul*', 'at character 25 ("mul*"): expected a variant by its name'),
    ],
)
def test_an_error_names_the_position_and_the_mend(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert said in str(caught.value)


@given(st.text(alphabet="step file layers of is in ran matching \"'<>=/* 3MB%\n\x00é", max_size=60))
def test_whatever_is_written_there_is_a_condition_or_a_sentence(text: str) -> None:
    try:
        parse(text)
    except UsageError as error:
        assert str(error).startswith("at ")


def test_names_are_known_for_a_check_against_the_bench_file() -> None:
    text = "seconds of a in x / seconds of b in y < 2"
    assert list(names_of(parse(text))) == [("variant", "a"), ("scenario", "x"), ("variant", "b"), ("scenario", "y")]
    assert list(names_of(parse('step matching "R" ran in z'))) == [("variant", "*"), ("scenario", "z")]
    assert list(names_of(parse('package matching "gcc" is in m'))) == [("variant", "m")]
