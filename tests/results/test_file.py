from __future__ import annotations

import dataclasses
import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import TypeAdapter

from layerbench.errors import LayerbenchError, UsageError
from layerbench.report.interface import FORMATS, Options, reporter
from layerbench.results.file import ResultWriter, read_result, result_json, write_result
from layerbench.results.models import Result, ScenarioRecord
from tests.results import factory, strategies


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    write_result(factory.result([factory.plan("naive")], factory.SCENARIOS[:1], rounds=1), path)
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    whole = factory.fail(factory.result(), "single", "cold")
    write_result(whole, tmp_path / "result.json")
    assert read_result(tmp_path / "result.json") == whole


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None)
@given(whole=strategies.result())
def test_any_result_is_read_as_it_was_written(whole: Result, tmp_path: Path) -> None:
    write_result(whole, tmp_path / "result.json")
    assert read_result(tmp_path / "result.json") == whole


def test_the_file_is_stable_and_reads_well(small: Path) -> None:
    text = small.read_text()
    keys = list(json.loads(text))
    assert keys == [field.name for field in dataclasses.fields(Result)]
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_a_growing_result_is_written_as_a_whole_one_is(tmp_path: Path) -> None:
    whole = factory.result([factory.plan("naive")], rounds=2)
    writer = ResultWriter(tmp_path / "result.json")
    for count in (0, 1, 2, 7, 3, len(whole.builds)):
        part = dataclasses.replace(whole, builds=whole.builds[:count])
        writer.write(part)
        expected = TypeAdapter(Result).dump_json(part, indent=2) + b"\n"
        assert (tmp_path / "result.json").read_bytes() == expected == result_json(part)


def test_images_are_a_line_each(tmp_path: Path) -> None:
    whole = factory.with_images(factory.result(rounds=2))
    assert len(whole.images) > 3
    writer = ResultWriter(tmp_path / "result.json")
    for count in (0, 1, 3, 2, len(whole.images)):
        part = dataclasses.replace(whole, images=whole.images[:count], side_file="result.layers.zip")
        writer.write(part)
        text = (tmp_path / "result.json").read_text()
        lines = [line for line in text.splitlines() if line.startswith('    {"config_digest"')]
        assert [json.loads(line.rstrip(","))["config_digest"] for line in lines] == [
            image.config_digest for image in part.images
        ]
        assert read_result(tmp_path / "result.json") == part
        assert json.loads(text) == TypeAdapter(Result).dump_python(part, mode="json")


def test_a_path_that_is_no_unicode_does_not_lose_the_run(tmp_path: Path) -> None:
    whole = factory.with_images(factory.result(rounds=1), path=b"caf\xe9".decode(errors="surrogateescape"))
    write_result(whole, tmp_path / "result.json")
    assert read_result(tmp_path / "result.json").images[0].layers[-1].files.largest[0].path == "caf?"


def test_a_file_without_images_is_read(small: Path) -> None:
    whole = json.loads(small.read_text())
    del whole["images"], whole["side_file"]
    small.write_text(json.dumps(whole))
    assert (read_result(small).images, read_result(small).side_file) == ((), None)


def test_images_of_a_run_are_less_than_a_megabyte() -> None:
    """Sixty distinct images, as three rounds of the web sample app make them, with every list full."""
    whole = factory.result()
    distinct = factory.with_images(whole, packages=10).images[0]
    many = dataclasses.replace(
        whole, images=tuple(dataclasses.replace(distinct, config_digest=f"sha256:{n:064x}") for n in range(60))
    )
    assert len(result_json(many)) - len(result_json(whole)) < 1_000_000


def test_a_build_that_was_replaced_is_written_anew(tmp_path: Path) -> None:
    whole = factory.result([factory.plan("naive")], rounds=2)
    writer = ResultWriter(tmp_path / "result.json")
    writer.write(whole)
    changed = factory.change(whole, "naive", "warm", invalid="something ran")
    writer.write(changed)
    assert read_result(tmp_path / "result.json") == changed


def test_a_text_that_looks_like_the_key_of_the_builds_does_no_harm(tmp_path: Path) -> None:
    scenario = ScenarioRecord('\n  "builds": [],\n', "edit", edits=({"write": {"builds": []}},))
    whole = factory.result([factory.plan("naive")], [factory.SCENARIOS[0], scenario], rounds=1)
    write_result(whole, tmp_path / "result.json")
    assert read_result(tmp_path / "result.json") == whole


def test_a_name_that_is_no_unicode_does_not_lose_the_run(tmp_path: Path) -> None:
    whole = factory.change(
        factory.result(rounds=1), "naive", "cold", invalid=b"caf\xe9".decode(errors="surrogateescape")
    )
    write_result(whole, tmp_path / "result.json")
    assert read_result(tmp_path / "result.json").builds[0].invalid == "caf?"
    assert len(read_result(tmp_path / "result.json").builds) == len(whole.builds)


def test_standard_input_is_read(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(small.read_bytes())))
    assert read_result(Path("-")) == read_result(small)


def test_a_byte_order_mark_is_no_damage(small: Path) -> None:
    expected = read_result(small)
    small.write_bytes(b"\xef\xbb\xbf" + small.read_bytes())
    assert read_result(small) == expected


def _edited(path: Path, **changes: object) -> Path:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"name = 'web'\n", "is no JSON"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b'{"schema_version": 1, "builds": [', "is cut short"),
        (b"[]", "is JSON, but no result file"),
        (b"3", "is JSON, but no result file"),
        (b'{"name": "web"}', "has no schema_version"),
        (b'{"schema_version": null}', "has no schema_version"),
    ],
)
def test_a_file_that_is_no_result_is_said_to_be_none(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_result(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_newer_file_names_who_wrote_it(small: Path) -> None:
    _edited(small, schema_version=2, tool_version="3.1.4", builds={"another": "shape"})
    with pytest.raises(UsageError, match=r"schema version 2, written by layerbench 3\.1\.4.*install the newer one"):
        read_result(small)


def test_a_newer_file_of_the_same_shape_is_not_read_either(small: Path) -> None:
    with pytest.raises(UsageError, match="schema version 2"):
        read_result(_edited(small, schema_version=2))


def test_an_older_file_is_to_be_measured_again(small: Path) -> None:
    with pytest.raises(UsageError, match=r"schema version 0.*measure again"):
        read_result(_edited(small, schema_version=0))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            lambda whole: whole["builds"][0].update(wall_seconds="fast"),
            "builds[0].wall_seconds: should be a valid number",
        ),
        (lambda whole: whole["builds"][0].update(round="1"), "builds[0].round: should be a valid integer, not '1'"),
        (lambda whole: whole["builds"][0].update(outcome="lost"), "builds[0].outcome"),
        (lambda whole: whole["builds"][0]["steps"][2].pop("cached"), "builds[0].steps[2].cached: this key is missing"),
        (lambda whole: whole["machine"].update(colour="red"), "machine.colour: this key is not known"),
        (lambda whole: whole.update(builds=None), "builds"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(damage: object, said: str, small: Path) -> None:
    whole = json.loads(small.read_text())
    damage(whole)  # type: ignore[operator]
    small.write_text(json.dumps(whole))
    with pytest.raises(UsageError) as caught:
        read_result(small)
    assert said in str(caught.value)


def test_what_json_does_not_have_is_no_figure(small: Path) -> None:
    small.write_text(small.read_text().replace('"wall_seconds": 3', '"wall_seconds": NaN, "x": 3', 1))
    with pytest.raises(UsageError, match="wall_seconds"):
        read_result(small)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        read_result(tmp_path / "none.json")
    with pytest.raises(UsageError, match="is a folder"):
        read_result(tmp_path)
    with pytest.raises(UsageError, match="cannot read"):
        read_result(Path("a\0b"))
    with pytest.raises(UsageError, match="cannot read"):
        read_result(tmp_path / ("x" * 300))


def _shortest() -> bytes:
    """One build of two steps and one layer: a file to be damaged at every byte."""
    whole = factory.result([factory.plan("naive")], factory.SCENARIOS[:1], rounds=1)
    build = whole.builds[0]
    assert build.image is not None
    image = dataclasses.replace(build.image, layers=build.image.layers[-1:])
    return result_json(
        dataclasses.replace(whole, builds=(dataclasses.replace(build, steps=build.steps[:2], image=image),))
    )


def test_a_file_cut_off_anywhere_is_a_sentence(small: Path) -> None:
    content = _shortest()
    for length in range(len(content) - 2):
        small.write_bytes(content[:length])
        with pytest.raises(UsageError, match=r"is cut short|is empty"):
            read_result(small)


def test_a_byte_damaged_anywhere_gives_a_sentence_or_a_report(small: Path) -> None:
    content = _shortest()
    others = b'9"-} \xff0'
    read = 0
    for at in range(len(content)):
        small.write_bytes(content[:at] + others[at % len(others) :][:1] + content[at + 1 :])
        try:
            result = read_result(small)
        except LayerbenchError as error:
            assert "\n" not in str(error)
            continue
        read += 1
        if read % 10 == 0:
            for name in set(FORMATS) - {"badge"}:  # which is of one variant, and says so where a name was damaged
                assert reporter(name).render(result, Options(steps=bool(read % 20)))
    assert read > 100
