from __future__ import annotations

import pytest

from layerbench.analysis.explain.models import StepName
from layerbench.analysis.impact.ignorable import ignorable_files
from layerbench.analysis.impact.models import Ignorable

COPY = StepName(2, None, 3, "COPY . .", 4)
RUN = StepName(3, None, 4, "RUN pytest tests && pip install .", 5)


def found(
    *paths: str, steps: tuple[StepName, ...] = (COPY,), manifests: dict[str, str] | None = None
) -> dict[str, Ignorable]:
    readers = {path: frozenset({2}) for path in paths}
    listed = ignorable_files(dict.fromkeys(paths, 10), readers, steps, manifests or {}, ".dockerignore")
    return {one.line: one for one in listed}


def test_what_an_image_hardly_needs() -> None:
    listed = found(
        "app.py", ".git/HEAD", ".git/objects/ab", "tests/test_app.py", "src/__pycache__/a.pyc", "README.md",
        "Dockerfile", "lib/tests/x.py", "docs/a.md", ".env",
    )  # fmt: skip
    assert {line: one.file_count for line, one in listed.items()} == {
        ".git": 2, "tests": 1, "**/__pycache__": 1, "README.md": 1, "Dockerfile": 1, "docs": 1, ".env": 1,
    }  # fmt: skip
    assert listed[".git"].file_bytes == 20
    assert listed[".git"].steps == (COPY,)


def test_a_pattern_stands_for_several_names() -> None:
    assert found("single.Dockerfile", "multi.Dockerfile").keys() == {"*.Dockerfile"}
    assert found("single.Dockerfile").keys() == {"single.Dockerfile"}


def test_what_is_not_copied_is_not_told() -> None:
    bind = StepName(2, None, 3, "RUN --mount=type=bind,target=/src make", 4)
    assert found("tests/a.py", steps=(bind,)) == {}
    assert ignorable_files({"tests/a.py": 1}, {}, (COPY,), {}, ".dockerignore") == ()


@pytest.mark.parametrize(
    "instruction", ["COPY README.md .", 'COPY ["./README.md", "/x/"]', "COPY --chown=1 README.md /"]
)
def test_what_is_named_is_meant(instruction: str) -> None:
    assert found("README.md", steps=(COPY, StepName(4, None, 5, instruction, 9))) == {}


def test_a_folder_of_which_a_file_is_named_stays() -> None:
    assert found("docs/api.json", "docs/b.md", steps=(COPY, StepName(4, None, 5, "COPY docs/api.json /srv/", 9))) == {}


@pytest.mark.parametrize(
    ("path", "text", "tool"),
    [
        (
            "pyproject.toml",
            '[build-system]\nrequires = ["setuptools>=64", "setuptools_scm[toml]>=8"]',
            "setuptools-scm",
        ),
        ("pyproject.toml", '[build-system]\nrequires = ["hatchling", "hatch-vcs"]', "hatch-vcs"),
        ("pyproject.toml", '[tool.pdm.version]\nsource = "scm"', "pdm-backend"),
        ("lib/pyproject.toml", '[build-system]\nrequires = ["pbr"]', "pbr"),
        ("setup.py", "setup(use_scm_version=True)", "use_scm_version"),
        ("go.mod", "module x", "go build"),
        ("Cargo.toml", '[build-dependencies]\nvergen = "8"', "vergen"),
        ("pom.xml", "<artifactId>git-commit-id-maven-plugin</artifactId>", "git-commit-id-maven-plugin"),
    ],
)
def test_a_build_that_asks_git_is_told(path: str, text: str, tool: str) -> None:
    (warning,) = found(".git/HEAD", manifests={path: text})[".git"].warnings
    assert warning.startswith(tool)
    assert path in warning


@pytest.mark.parametrize(
    "text", ['[build-system]\nrequires = ["setuptools", "wheel"]', "not toml [", "[build-system]\nrequires = 3", ""]
)
def test_a_build_that_does_not_is_not(text: str) -> None:
    assert found(".git/HEAD", manifests={"pyproject.toml": text})[".git"].warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nreadme = "README.md"',
        '[project]\nreadme = {file = "./README.md"}',
        '[project]\nlicense-files = ["README*"]',
        '[tool.poetry]\nreadme = ["README.md"]',
        '[tool.setuptools.dynamic]\nreadme = {file = ["README.md"]}',
    ],
)
def test_a_readme_that_the_package_names_is_told(text: str) -> None:
    (warning,) = found("README.md", manifests={"pyproject.toml": text})["README.md"].warnings
    assert "without it the build of the package fails" in warning
    assert found("docs/README.md", manifests={"pyproject.toml": text})["docs"].warnings == ()


def test_a_run_that_names_it_is_told() -> None:
    assert found("tests/a.py", steps=(COPY, RUN))["tests"].warnings == ("a RUN (line 5) names tests",)
    other = StepName(3, None, 4, "RUN make mytests", 5)
    assert found("tests/a.py", steps=(COPY, other))["tests"].warnings == ()
