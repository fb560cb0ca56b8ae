"""From the arguments of `run` to what is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layerbench.config.models import Append, Delete, Patch, Replace, Write
from layerbench.errors import UsageError
from layerbench.pytest_plugin.asking import Asked, Places, Wanted, understand, understand_edit
from tests.pytest_plugin.conftest import SAMPLE


def ask(root: Path = SAMPLE, /, **wanted: Any) -> Asked:
    return understand(Wanted(**wanted), Places(root))


def test_a_variant_alone_is_its_cold_build() -> None:
    asked = ask(variant="single")
    assert [variant.name for variant in asked.bench.variants] == ["single"]
    assert [scenario.name for scenario in asked.bench.scenarios] == ["cold", "warm"]
    assert asked.scenario.name == "cold"
    assert asked.bench.rounds == 1
    assert asked.bench.bases  # what serves where a base cannot be pulled is the bench file's


def test_a_scenario_comes_with_what_it_rests_on() -> None:
    assert [one.name for one in ask(variant="single", warm=True).bench.scenarios] == ["cold", "warm"]
    asked = ask(variant="single", scenario="edit-deps")
    assert [one.name for one in asked.bench.scenarios] == ["cold", "warm", "edit-deps"]
    assert asked.scenario.edits == (Replace("requirements.txt", "^uvicorn==.*$", "uvicorn==0.53.0"),)
    assert asked.title == "single after a changed pin"


def test_edits_are_those_of_the_bench_file(tmp_path: Path) -> None:
    (tmp_path / "change.diff").write_text("--- a/x\n+++ b/x\n")
    assert understand_edit({"append": "app.py", "text": "x"}, tmp_path) == Append("app.py", "x")
    assert understand_edit({"delete": "folder"}, tmp_path) == Delete("folder")
    assert understand_edit({"patch": "change.diff"}, tmp_path) == Patch("--- a/x\n+++ b/x\n")
    edits = [{"append": "app.py"}, {"replace": "requirements.txt", "pattern": "a", "with": "b"}]
    asked = ask(variant="single", edit=edits)
    assert len(asked.scenario.edits) == 2
    assert asked.title == "single after append app.py, replace requirements.txt"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app.py", "\n# layerbench {nonce}\n"),
        ("src/main.go", "\n// layerbench {nonce}\n"),
        ("style.css", "\n/* layerbench {nonce} */\n"),
        ("pom.xml", "\n<!-- layerbench {nonce} -->\n"),
        ("go.mod", "\n// layerbench {nonce}\n"),
        ("notes", "\n# layerbench {nonce}\n"),
    ],
)
def test_the_text_that_is_left_out_is_a_comment_that_was_never_there(path: str, text: str) -> None:
    assert understand_edit({"append": path}, SAMPLE) == Append(path, text)
    assert understand_edit({"write": path}, SAMPLE) == Write(path, text)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"append": "package.json"}, 'edit of "package.json": such a file has no comments; say its text'),
        ({"apend": "app.py"}, 'unknown key apend; did you mean "append"?'),
        ({"append": "../app.py"}, "`append` should be a path inside the context"),
        ({"replace": "app.py"}, "`replace` takes `pattern` and `with`"),
        ({"patch": "missing.diff"}, 'the patch "missing.diff" cannot be read: No such file'),
        ({"append": 5}, "append: input should be a valid string"),
    ],
)
def test_a_wrong_edit_is_told(edit: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as error:
        understand_edit(edit, SAMPLE)
    assert words.lower() in str(error.value).lower()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"variant": "sinlge"}, 'no variant is named "sinlge"; did you mean "single"?'),
        ({}, "has several variants; name one of naive, single,"),
        ({"variant": "single", "scenario": "edit-dep"}, 'no scenario is named "edit-dep"; did you mean "edit-deps"?'),
        ({"variant": "single", "scenario": "cold", "warm": True}, "edit, scenario and warm exclude each other"),
        ({"variant": "single", "edit": []}, "edit: the list is empty"),
        ({"variant": "single", "target": "x"}, "target and build_args go with dockerfile="),
        ({"dockerfile": "nothing.Dockerfile"}, 'dockerfile: no such file: "'),
        ({"dockerfile": "single.Dockerfile", "context": "nothing"}, 'context: no such folder: "'),
        ({"dockerfile": "single.Dockerfile", "scenario": "edit-deps"}, "is the bench file's; with a Dockerfile named"),
    ],
)
def test_a_wrong_request_is_told(wanted: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as error:
        ask(**wanted)
    assert words in str(error.value)


def test_a_scenario_of_other_variants_is_told(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "layerbench.toml").write_text(
        "[variants.a]\ndockerfile = 'Dockerfile'\n[variants.b]\ndockerfile = 'Dockerfile'\n"
        "[scenarios.x]\nvariants = ['b']\nedits = [{ touch = 'Dockerfile' }]\n"
    )
    with pytest.raises(UsageError, match='scenario "x" is for b only, not for a'):
        ask(tmp_path, variant="a", scenario="x")


def test_a_dockerfile_needs_no_bench_file(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch AS end\n")
    for wanted in ({"dockerfile": "app/Dockerfile"}, {"context": "app"}, {"dockerfile": tmp_path / "app/Dockerfile"}):
        asked = ask(tmp_path, **wanted, target="end", build_args={"A": "1"})
        [variant] = asked.bench.variants
        assert (variant.dockerfile, variant.context) == (tmp_path / "app/Dockerfile", tmp_path / "app")
        assert (variant.target, variant.build_args) == ("end", {"A": "1"})
        assert asked.title == "Dockerfile, cold"
    asked = ask(tmp_path, dockerfile="app/Dockerfile", context=".", edit={"append": "x.py"})
    assert asked.bench.variants[0].context == tmp_path
