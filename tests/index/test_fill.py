from __future__ import annotations

import platform
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerbench.config.models import IndexSettings
from layerbench.errors import BuildError, EngineError, UsageError
from layerbench.index.fill import cache_folder, fill, platforms, requirement_sets
from layerbench.index.server import serve
from tests.index.packages import make_sdist, make_wheel, use_index

MACHINE = platform.machine()


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose packages the index that pip uses offers."""
    folder = tmp_path / "offered"
    folder.mkdir()
    with serve(folder, "127.0.0.1") as url:
        use_index(monkeypatch, url)
        yield folder


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    return tmp_path / "requirements.txt"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def ignore(_: str) -> None:
    pass


def test_requirements_with_what_they_need(offered, requirements, tmp_path):
    make_wheel(offered, "app", "1.0", ["part>=1"])
    make_wheel(offered, "part", "1.1")
    make_wheel(offered, "part", "0.9")
    requirements.write_text("app==1.0\n")
    folder = fill(IndexSettings(requirements=(requirements,)), ignore, tmp_path / "cache")
    assert names(folder) == {"app-1.0-py3-none-any.whl", "part-1.1-py3-none-any.whl"}


def test_wheels_are_those_of_the_image_and_not_of_this_python(offered, requirements, tmp_path):
    for python in ("cp311", "cp312", "cp313"):
        make_wheel(offered, "native", tag=f"{python}-{python}-manylinux_2_17_{MACHINE}")
    make_wheel(offered, "native", tag="cp312-cp312-win_amd64")
    make_wheel(offered, "native", tag=f"cp312-cp312-musllinux_1_2_{MACHINE}")
    requirements.write_text("native\n")
    for version, tag in (("3.12", "cp312"), ("3.13", "cp313")):
        settings = IndexSettings(requirements=(requirements,), python_version=version)
        folder = fill(settings, ignore, tmp_path / "cache")
        assert names(folder) == {f"native-1.0-{tag}-{tag}-manylinux_2_17_{MACHINE}.whl"}


def test_markers_are_those_of_the_image_as_well(offered, requirements, tmp_path):
    make_wheel(offered, "app", requires=['new ; python_version >= "3.12"', 'newest ; python_full_version >= "3.99"'])
    make_wheel(offered, "new")
    make_wheel(offered, "newest")
    requirements.write_text("app\n")
    for version, expected in (("3.11", {"app"}), ("3.12", {"app", "new"}), ("3.99", {"app", "new", "newest"})):
        settings = IndexSettings(requirements=(requirements,), python_version=version)
        found = {name.split("-")[0] for name in names(fill(settings, ignore, tmp_path / "cache"))}
        assert found == expected


def test_pins_that_edits_change_to_come_on_top(offered, requirements, tmp_path):
    for version in ("1.0", "2.0", "3.0"):
        make_wheel(offered, "app", version, [f"part=={version}"])
        make_wheel(offered, "part", version)
    make_wheel(offered, "extra")
    requirements.write_text("app==2.0\n")
    settings = IndexSettings(requirements=(requirements,), packages=("app==1.0", "extra"))
    assert list(requirement_sets(settings)) == [("app==2.0",), ("app==1.0",), ("extra",)]
    found = {"-".join(name.split("-")[:2]) for name in names(fill(settings, ignore, tmp_path / "cache"))}
    assert found == {"app-2.0", "app-1.0", "part-2.0", "part-1.0", "extra-1.0"}


def test_sources_stay_sources_and_bring_what_their_build_needs(offered, requirements, tmp_path):
    make_sdist(offered, "native", requires=["part"], pyproject="[build-system]\nrequires = ['builder>=1']\n")
    for name in ("app", "part", "builder", "wheel"):
        make_wheel(offered, name)
    requirements.write_text("app\nNative==1.0\n")
    told: list[str] = []
    settings = IndexSettings(requirements=(requirements,), sources=("native",))
    folder = fill(settings, told.append, tmp_path / "cache")
    assert {name.split("-")[0] for name in names(folder)} == {"app", "native", "part", "builder", "wheel"}
    assert "native-1.0.tar.gz" in names(folder)
    assert told == ["fetching the source of native 1.0", "downloading packages for the builds (1 of 1)"]


def test_a_second_time_nothing_is_downloaded(tmp_path, requirements, monkeypatch):
    offered = tmp_path / "offered"
    offered.mkdir()
    make_wheel(offered, "app")
    requirements.write_text("app\n")
    settings = IndexSettings(requirements=(requirements,))
    with serve(offered, "127.0.0.1") as url:
        use_index(monkeypatch, url)
        first = fill(settings, ignore, tmp_path / "cache")
    told: list[str] = []
    assert fill(settings, told.append, tmp_path / "cache") == first
    assert told == []
    requirements.write_text("app==1.0\n")
    assert cache_folder(settings, tmp_path / "cache") != first
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(BuildError):
        fill(settings, ignore, tmp_path / "cache")


def test_it_lies_in_the_persons_cache(tmp_path, requirements, monkeypatch):
    requirements.write_text("app\n")
    settings = IndexSettings(requirements=(requirements,))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert cache_folder(settings).parent == tmp_path / "mine/layerbench/index"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder(settings).parent == tmp_path / "home/.cache/layerbench/index"


def test_a_package_that_is_not_to_be_had_leaves_nothing_behind(offered, requirements, tmp_path):
    make_wheel(offered, "app")
    requirements.write_text("app\nnothing==1\n")
    with pytest.raises(BuildError, match="No matching distribution found for nothing==1"):
        fill(IndexSettings(requirements=(requirements,)), ignore, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_a_package_without_wheels_says_what_to_do(offered, requirements, tmp_path):
    make_sdist(offered, "native")
    requirements.write_text("native==1.0\n")
    with pytest.raises(BuildError, match=r"native==1\.0.*index\.sources"):
        fill(IndexSettings(requirements=(requirements,)), ignore, tmp_path / "cache")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("native>=1\n", 'index.sources: "native>=1" is not pinned; write native==VERSION'),
        ("app\n", "index.sources: native is in none of index.requirements and index.packages; add it there"),
    ],
)
def test_sources_must_be_pinned(requirements, tmp_path, text, sentence):
    requirements.write_text(text)
    with pytest.raises(UsageError) as error:
        fill(IndexSettings(requirements=(requirements,), sources=("native",)), ignore, tmp_path / "cache")
    assert str(error.value) == sentence


def test_a_cache_that_cannot_be_written(requirements, tmp_path):
    requirements.write_text("app\n")
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(EngineError, match="the package index is kept there"):
        fill(IndexSettings(requirements=(requirements,)), ignore, tmp_path / "cache")


def test_two_at_once_fill_it_once(offered, requirements, tmp_path):
    make_wheel(offered, "app")
    requirements.write_text("app\n")
    told: list[str] = []
    found: list[Path] = []
    settings = IndexSettings(requirements=(requirements,))

    def work() -> None:
        found.append(fill(settings, told.append, tmp_path / "cache"))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    assert len(told) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == [found[0].name]


def test_platforms_go_from_new_to_old():
    assert platforms("x86_64")[0] == "manylinux_2_28_x86_64"
    assert platforms("x86_64")[-1] == "manylinux1_x86_64"
    assert platforms("aarch64")[-1] == "manylinux2014_aarch64"
