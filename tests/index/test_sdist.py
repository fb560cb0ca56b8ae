from __future__ import annotations

import zipfile

import pytest

from layerbench.errors import BuildError
from layerbench.index.listing import Client
from layerbench.index.sdist import build_requirements, fetch_sdist, is_sdist, run_requirements
from layerbench.index.server import serve
from tests.index.packages import make_sdist, make_wheel

PYPROJECT = "[build-system]\nrequires = ['setuptools>=61', 'cython<4']\nbuild-backend = 'setuptools.build_meta'\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("psycopg2-2.9.13.tar.gz", True),
        ("Psycopg2-2.9.13.zip", True),
        ("psycopg2-2.9.1.tar.gz", False),
        ("psycopg2-2.9.13-cp312-cp312-linux_x86_64.whl", False),
        ("psycopg2-binary-2.9.13.tar.gz", False),
        ("psycopg2_binary-2.9.13.tar.gz", False),
        ("psycopg2-2.9.13.tar.gz.asc", False),
    ],
)
def test_which_files_are_sdists_of_a_version(name, expected):
    assert is_sdist(name, "psycopg2", "2.9.13") is expected


def test_it_arrives_unchanged_and_unbuilt(tmp_path):
    offered, folder = tmp_path / "offered", tmp_path / "folder"
    offered.mkdir()
    folder.mkdir()
    make_sdist(offered, "native", "0.9")
    made = make_sdist(offered, "native", "1.0")
    make_wheel(offered, "native", "1.0")
    with serve(offered, "127.0.0.1") as url:
        got = fetch_sdist(Client({}, 10), [url.rstrip("/")], "Native", "1.0", folder)
    assert got.parent == folder
    assert got.read_bytes() == made.read_bytes()


def test_a_second_index_is_asked(tmp_path, plain_server):
    make_sdist(tmp_path, "native")
    with serve(tmp_path, "127.0.0.1") as url:
        urls = ["file:///somewhere", plain_server[0], url.rstrip("/")]
        assert fetch_sdist(Client({}, 10), urls, "native", "1.0", plain_server[1]).is_file()


def test_a_version_that_is_not_offered(tmp_path):
    make_sdist(tmp_path, "native", "0.9")
    with serve(tmp_path, "127.0.0.1") as url, pytest.raises(BuildError, match=r"native 1\.0 cannot be had as source"):
        fetch_sdist(Client({}, 10), [url.rstrip("/")], "native", "1.0", tmp_path)


def test_other_content_than_the_page_says_is_refused(tmp_path, plain_server):
    url, folder = plain_server
    sdist = make_sdist(folder, "native")
    (folder / "native").mkdir()
    (folder / "native/index.html").write_text(f'<a href="/{sdist.name}#sha256={"0" * 64}">x</a>')
    with pytest.raises(BuildError, match=r"native-1\.0\.tar\.gz has another sha256"):
        fetch_sdist(Client({}, 10), [url], "native", "1.0", tmp_path)
    assert not (tmp_path / sdist.name).exists()


def test_what_its_build_needs(tmp_path):
    assert build_requirements(make_sdist(tmp_path, "a", pyproject=PYPROJECT)) == ("setuptools>=61", "cython<4", "wheel")
    assert build_requirements(make_sdist(tmp_path, "b")) == ("setuptools>=40.8.0", "wheel")
    assert build_requirements(make_sdist(tmp_path, "c", pyproject="[tool.x]\n")) == ("setuptools>=40.8.0", "wheel")
    assert build_requirements(make_sdist(tmp_path, "d", pyproject="not toml")) == ("setuptools>=40.8.0", "wheel")


def test_what_it_needs_when_it_runs(tmp_path):
    requires = ["a>=1", 'b ; python_version >= "3.12"', 'c ; extra == "test"']
    assert run_requirements(make_sdist(tmp_path, "x", requires=requires)) == tuple(requires[:2])


def test_a_zip_is_read_as_well(tmp_path):
    path = tmp_path / "z-1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("z-1/pyproject.toml", PYPROJECT)
        archive.writestr("z-1/PKG-INFO", "Name: z\nRequires-Dist: a\n")
    assert build_requirements(path)[0] == "setuptools>=61"
    assert run_requirements(path) == ("a",)
