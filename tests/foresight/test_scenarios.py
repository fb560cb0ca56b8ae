from __future__ import annotations

from pathlib import Path

import pytest

from layerbench.config.models import COLD, Append, Chmod, Replace, Run, Scenario, Variant
from layerbench.errors import LayerbenchError
from layerbench.foresight.scenarios import scenario_causes
from layerbench.pytest_plugin.reasons import told_cached
from layerbench.results.models import Step

DOCKERFILE = "FROM scratch\nCOPY requirements.txt /\nCOPY src /src/\nCOPY . /all/\n"


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    files = {"Dockerfile": DOCKERFILE, "requirements.txt": "a==1\n", "src/a.py": "1\n", ".dockerignore": "Dockerfile\n"}
    for name, text in files.items():
        path = tmp_path / "context" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Variant("v", tmp_path / "context" / "Dockerfile", tmp_path / "context")


def edit(*edits: Append | Replace | Chmod | Run) -> Scenario:
    return Scenario("s", "edit", edits=edits)


def test_causes_of_an_edit(variant: Variant) -> None:
    assert scenario_causes(variant, edit(Append("src/a.py", "# {nonce}\n"))) == {
        (None, "COPY src /src/"): "src/a.py changed (content)",
        (None, "COPY . /all/"): "src/a.py changed (content)",
    }
    assert scenario_causes(variant, edit(Run("chmod 755 src/a.py"))).keys() == {
        (None, "COPY src /src/"), (None, "COPY . /all/"),
    }  # fmt: skip
    assert (variant.context / "src/a.py").read_text() == "1\n"


def test_an_edit_of_the_dockerfile(variant: Variant) -> None:
    causes = scenario_causes(variant, edit(Replace("Dockerfile", "src /src/", "src /other/")))
    assert causes.keys() == {(None, "COPY src /other/")}
    assert "instruction changed" in causes[None, "COPY src /other/"]


def test_no_edit_no_cause(variant: Variant) -> None:
    assert scenario_causes(variant, COLD) == {}


def test_an_edit_that_fits_no_more(variant: Variant) -> None:
    with pytest.raises(LayerbenchError):
        scenario_causes(variant, edit(Append("gone.py", "1")))


def test_a_failed_assertion_names_the_first_cause(variant: Variant) -> None:
    scenario = edit(Append("requirements.txt", "b==1\n"))
    steps = (
        Step(None, 2, 3, "COPY requirements.txt /", 2, 2, False, 0.1, 0.1),
        Step(None, 3, 3, "RUN install", 3, 3, False, 2.0, 0.2, (0,)),
    )
    assert told_cached(steps, 1, "edit", lambda: scenario_causes(variant, scenario)) == (
        'not cached: it ran for 2.00 s, for "COPY requirements.txt /" (line 2) before it ran: '
        "requirements.txt changed (content)"
    )
