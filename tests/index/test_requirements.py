from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerbench.errors import UsageError
from layerbench.index.requirements import pinned_version, project_of, read_requirements, without


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_comments_blank_lines_and_continuations(tmp_path):
    path = write(
        tmp_path / "requirements.txt",
        "# about\n\nfastapi==1.0  # why\nuvicorn==2 \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\nx @ https://h/x.zip#egg=x\n",
    )
    assert read_requirements(path) == (
        "fastapi==1.0",
        "uvicorn==2 --hash=sha256:ab --hash=sha256:cd",
        "x @ https://h/x.zip#egg=x",
    )


@pytest.mark.parametrize(
    "option", ["-r more/base.txt", "-rmore/base.txt", "--requirement=more/base.txt", "--requirement more/base.txt"]
)
def test_included_files_stand_in_their_place(tmp_path, option):
    write(tmp_path / "more/base.txt", "-r deeper.txt\nb==1\n-r ../requirements.txt\n")
    write(tmp_path / "more/deeper.txt", "c==1\n")
    path = write(tmp_path / "requirements.txt", f"a==1\n{option}\nd==1\n")
    assert read_requirements(path) == ("a==1", "c==1", "b==1", "d==1")


def test_constraints_are_named_absolutely(tmp_path):
    path = write(tmp_path / "requirements.txt", "-c limits.txt\na\n")
    assert read_requirements(path) == (f"--constraint {tmp_path}/limits.txt", "a")


def test_a_missing_included_file_is_named(tmp_path):
    path = write(tmp_path / "requirements.txt", "-r gone.txt\n")
    with pytest.raises(UsageError, match=r"gone\.txt: No such file"):
        read_requirements(path)


def test_a_file_that_is_not_text_is_named(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_requirements(path)


@pytest.mark.parametrize(
    ("line", "project", "version"),
    [
        ("uvicorn", "uvicorn", None),
        ("uvicorn==0.5", "uvicorn", "0.5"),
        ("Uvi_corn.X[standard,a] == 0.5 ; python_version < '4'", "uvi-corn-x", "0.5"),
        ("a==1 --hash=sha256:00", "a", "1"),
        ("a>=1,<2", "a", None),
        ("a==1.*", "a", None),
        ("a~=1", "a", None),
        ("a ; sys_platform == 'win32'", "a", None),
        ("a @ https://host/a.zip", "a", None),
        ("https://host/a.zip", None, None),
        ("./folder", None, None),
        ("folder/a.whl", None, None),
        ("-e .", None, None),
        ("--index-url https://host/simple", None, None),
    ],
)
def test_what_a_line_is_for(line, project, version):
    assert project_of(line) == project
    assert pinned_version(line) == version


def test_without_leaves_out_by_project():
    lines = ("Psycopg2==1", "--constraint /c", "b", "psycopg2-binary==1")
    assert without(lines, {"psycopg2"}) == ("--constraint /c", "b", "psycopg2-binary==1")


@settings(deadline=None)  # it writes files
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_sentence(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "requirements.txt"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        lines = read_requirements(path)
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        for line in lines:
            assert line == line.strip() != ""
            project_of(line), pinned_version(line)
