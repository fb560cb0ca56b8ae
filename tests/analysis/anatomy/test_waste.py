from __future__ import annotations

from collections.abc import Sequence

import pytest

from layerbench.analysis.anatomy.examine import examine
from layerbench.analysis.anatomy.models import Waste, WasteKind
from layerbench.image.profile import Entry, Package
from tests.analysis.anatomy.build import file, folder, hardlink, image, layer, package, symlink, whiteout

SITE = "venv/lib/python3.12/site-packages"
SYSTEM_SITE = "usr/local/lib/python3.12/site-packages"
PYCACHE = f"{SYSTEM_SITE}/a/__pycache__"


def waste_of(*entries: Entry, packages: Sequence[Package] = ()) -> list[Waste]:
    return list(examine(image(layer(*entries, packages=packages))).waste)


def owned(ecosystem: str, name: str, path: str = "usr/bin/tool") -> tuple[Entry, list[Package]]:
    return file(path, 1000), [package(ecosystem, name, [path])]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("var/lib/apt/lists/deb.example_main_Packages.lz4", "apt-lists"),
        ("var/lib/apt/lists/partial/deb.example_main_Packages", "apt-lists"),
        ("var/cache/apt/archives/gcc_12_amd64.deb", "apt-archives"),
        ("var/cache/apt/pkgcache.bin", "apt-archives"),
        ("var/cache/apk/APKINDEX.1.tar.gz", "apk-cache"),
        ("var/cache/dnf/fedora/repodata/x.xml", "rpm-cache"),
        ("var/cache/yum/x.xml", "rpm-cache"),
        ("var/cache/libdnf5/x.xml", "rpm-cache"),
        ("var/cache/zypp/packages/x.rpm", "rpm-cache"),
        ("root/.cache/pip/http-v2/0/1/x.body", "pip-cache"),
        ("home/app/.cache/pip/wheels/x.whl", "pip-cache"),
        ("root/.npm/_cacache/content-v2/sha512/x", "npm-cache"),
        ("usr/local/share/.cache/yarn/v6/x.tgz", "yarn-cache"),
        ("root/.yarn/berry/cache/x.zip", "yarn-cache"),
        ("root/.cache/uv/archive-v0/x/a.py", "uv-cache"),
        ("root/.cache/pypoetry/artifacts/x.whl", "poetry-cache"),
        ("usr/include/stdio.h", "headers"),
        ("app/.git/objects/pack/x.pack", "git"),
        (f"{SYSTEM_SITE}/numpy/tests/test_a.py", "tests"),
        (f"{SYSTEM_SITE}/numpy/core/test/data/a.bin", "tests"),
        ("usr/lib/python3/dist-packages/yaml/docs/a.rst", "docs"),
        (f"{SYSTEM_SITE}/numpy/doc/a.py", "docs"),
    ],
)
def test_what_is_known_by_its_folder(path: str, kind: WasteKind) -> None:
    [found] = waste_of(file(path, 1000))
    assert (found.kind, found.uncompressed_bytes, found.layer, found.paths) == (kind, 1536, 0, (path,))
    assert found.later_layer is found.later_instruction is None
    assert found.optional is (kind in ("tests", "docs"))


@pytest.mark.parametrize(
    "path",
    [
        "var/lib/apt/extended_states",
        "opt/var/lib/apt/lists/x",
        "var/cache/apt/archives/lock",
        "var/cache/debconf/config.dat",
        "var/cache/dnfdaemon/x",
        "root/.cache/pipenv/x",
        "root/.config/pip/pip.conf",
        "root/.npm/_logs/x.log",
        "app/.yarn/cache/x.zip",
        "root/.cache/uvicorn/x",
        "usr/local/include/x.h",
        "app/.gitignore",
        "app/.git",
        "app/.github/workflows/x.yml",
        "app/tests/test_a.py",
        f"{SYSTEM_SITE}/tests/test_a.py",
        f"{SYSTEM_SITE}/numpy/testing/a.py",
        f"{SYSTEM_SITE}/numpy/tests.py",
        f"{SYSTEM_SITE}/docstring/a.py",
    ],
)
def test_what_only_looks_like_it(path: str) -> None:
    assert waste_of(file(path, 1000)) == []


@pytest.mark.parametrize(
    ("ecosystem", "name", "kind"),
    [
        ("debian", "gcc", "build-tools"),
        ("debian", "g++-12", "build-tools"),
        ("debian", "cpp-14-x86-64-linux-gnu", "build-tools"),
        ("debian", "binutils-common", "build-tools"),
        ("debian", "golang-1.22-go", "build-tools"),
        ("debian", "llvm-17", "build-tools"),
        ("debian", "libc6-dev", "headers"),
        ("debian", "libgcc-12-dev", "headers"),
        ("debian", "linux-libc-dev", "headers"),
        ("alpine", "build-base", "build-tools"),
        ("alpine", "musl-dev", "headers"),
        ("alpine", "linux-headers", "headers"),
        ("rpm", "gcc-c++", "build-tools"),
        ("rpm", "glibc-devel", "headers"),
        ("rpm", "kernel-headers", "headers"),
    ],
)
def test_what_is_known_by_its_package(ecosystem: str, name: str, kind: WasteKind) -> None:
    entry, packages = owned(ecosystem, name)
    [found] = waste_of(entry, packages=packages)
    assert (found.kind, found.uncompressed_bytes, found.optional) == (kind, 1536, False)


@pytest.mark.parametrize(
    ("ecosystem", "name"),
    [
        ("debian", "gcc-12-base"),
        ("debian", "libgcc-s1"),
        ("debian", "libllvm15"),
        ("debian", "makedev"),
        ("debian", "python3-devscripts"),
        ("debian", "udev"),
        ("alpine", "libgcc"),
        ("rpm", "libgcc"),
        ("rpm", "gcc"[:2]),
        ("python", "cmake"),
        ("python", "pip"),
    ],
)
def test_packages_that_are_no_waste(ecosystem: str, name: str) -> None:
    entry, packages = owned(ecosystem, name)
    assert waste_of(entry, packages=packages) == []


def test_an_owned_file_below_usr_include_is_what_its_package_is() -> None:
    entry, packages = owned("debian", "libpython3.11-minimal", "usr/include/python3.11/pyconfig.h")
    assert waste_of(entry, packages=packages) == []


def test_caches_come_before_build_tools() -> None:
    entry, packages = owned("debian", "gcc", "var/cache/apt/archives/gcc.deb")
    assert [one.kind for one in waste_of(entry, packages=packages)] == ["apt-archives"]


def test_an_empty_cache_is_no_waste() -> None:
    assert waste_of(folder("var/lib/apt/lists/partial"), file("var/lib/apt/lists/lock", 0)) == []


def test_folders_of_a_cache_count_with_it_but_not_those_of_the_system() -> None:
    entries = [folder("root"), folder("root/.cache"), folder("root/.cache/pip"), folder("root/.cache/pip/http")]
    [found] = waste_of(*entries, *(file(f"root/.cache/pip/http/{n}", n) for n in range(1, 10)))
    assert (found.uncompressed_bytes, found.files) == (2 * 512 + 9 * 1024, 9)
    assert found.paths == ("root/.cache/pip/http",)
    [found] = waste_of(folder("var/lib/apt/lists"), file("var/lib/apt/lists/x", 1))
    assert found.uncompressed_bytes == 1024


def installed_pip(site: str) -> tuple[list[Entry], list[Package]]:
    paths = [f"{site}/pip/__init__.py", f"{site}/pip/tests/a.py"]
    return [file(path, 1000) for path in paths], [package("python", "pip", paths, at=site)]


def test_pip_is_waste_inside_a_virtual_environment_only() -> None:
    entries, packages = installed_pip(SITE)
    [found] = waste_of(*entries, file("venv/pyvenv.cfg"), packages=packages)
    assert (found.kind, found.uncompressed_bytes, found.optional) == ("venv-installer", 2 * 1536, False)
    assert "--without-pip" in found.mend
    entries, packages = installed_pip(SYSTEM_SITE)
    [found] = waste_of(*entries, file("venv/pyvenv.cfg"), packages=packages)
    assert (found.kind, found.uncompressed_bytes) == ("tests", 1536)


def test_other_packages_of_a_virtual_environment_are_no_waste() -> None:
    path = f"{SITE}/pipdeptree.py"
    packages = [package("python", "pipdeptree", [path], at=SITE)]
    assert waste_of(file(path), file("venv/pyvenv.cfg"), packages=packages) == []


def test_duplicates() -> None:
    big, small = "x" * 4096, "y" * 4095
    assert waste_of(file("a", small), file("b", small), file("c", big)) == []
    assert waste_of(file("a", big), hardlink("b", "a"), symlink("c", "a")) == []
    [found] = waste_of(file("a/x", big), file("b", big), file("c/d", big))
    assert (found.kind, found.uncompressed_bytes, found.paths) == ("duplicate", 2 * 4608, ("b", "c/d"))


def test_of_duplicates_the_one_in_the_lowest_layer_stays() -> None:
    big = "x" * 5000
    anatomy = examine(image(layer(file("z", big)), layer(file("a", big))))
    assert [(one.layer, one.paths) for one in anatomy.waste] == [(1, ("a",))]


def test_a_copy_that_is_gone_is_no_duplicate() -> None:
    big = "x" * 5000
    anatomy = examine(image(layer(file("a", big)), layer(file("b", big), whiteout("a"))))
    assert [one.kind for one in anatomy.waste] == ["deleted"]


def test_bytecode_written_again_by_a_later_layer() -> None:
    entry = file(f"{PYCACHE}/m.cpython-312.pyc", 1000)
    anatomy = examine(image(layer(entry), layer(file(entry.path, 1001), instruction="RUN python app.py")))
    [found] = anatomy.waste
    assert (found.kind, found.layer, found.later_layer) == ("pycache-twice", 0, 1)
    assert (found.uncompressed_bytes, found.later_instruction) == (1536, "RUN python app.py")


def test_bytecode_of_two_interpreters() -> None:
    names = ("m.cpython-311.pyc", "m.cpython-312.pyc", "m.cpython-312.opt-1.pyc", "n.cpython-311.pyc")
    [found] = waste_of(*(file(f"{PYCACHE}/{name}", 1000 + number) for number, name in enumerate(names)))
    # Of one layer's the newest interpreter's stays, with all its levels of optimization.
    assert (found.kind, found.paths) == ("pycache-twice", (f"{PYCACHE}/m.cpython-311.pyc",))


def test_bytecode_of_two_interpreters_in_two_layers() -> None:
    first, second = file(f"{PYCACHE}/m.cpython-311.pyc", 10), file(f"{PYCACHE}/m.cpython-39.pyc", 11)
    anatomy = examine(image(layer(second), layer(first)))
    assert [(one.kind, one.layer) for one in anatomy.waste] == [("pycache-twice", 1)]


@pytest.mark.parametrize(
    "names",
    [
        ("m.cpython-312.pyc", "m.cpython-312.opt-1.pyc", "m.cpython-312.opt-2.pyc"),
        ("m.cpython-312.pyc", "mm.cpython-311.pyc"),
        ("m.pyc", "n.pyc"),
        ("a.b.cpython-311.pyc", "a.cpython-312.pyc"),
    ],
)
def test_bytecode_of_one_interpreter(names: Sequence[str]) -> None:
    assert waste_of(*(file(f"{PYCACHE}/{name}", 10) for name in names)) == []


def test_what_is_written_again_or_deleted_is_no_other_waste() -> None:
    path = "root/.cache/pip/x"
    kinds = [one.kind for one in examine(image(layer(file(path, 5000)), layer(whiteout("root/.cache")))).waste]
    assert kinds == ["deleted"]
    kinds = [one.kind for one in examine(image(layer(file("a", 1)), layer(file("a", 2)))).waste]
    assert kinds == ["overwritten"]


@pytest.mark.parametrize(
    ("instruction", "content", "words"),
    [
        ("COPY . /app", "same", "COPY --chown"),
        ("ADD x.tar /app", "same", "ADD --chown"),
        ("RUN make", "same", "in the RUN that makes the files"),
        ("COPY . /app", "other", "Write each file once"),
    ],
)
def test_the_mend_of_what_is_written_again(instruction: str, content: str, words: str) -> None:
    lower = layer(*(file(f"app/{n}", "same") for n in range(9)), instruction=instruction)
    upper = layer(*(file(f"app/{n}", content, mode=0o755) for n in range(9)), instruction="RUN chown -R app /app")
    [found] = examine(image(lower, upper)).waste
    assert words in found.mend
    assert (found.instruction, found.later_instruction) == (instruction, "RUN chown -R app /app")
    assert (found.paths, found.files) == (("app",), 9)


@pytest.mark.parametrize(("instruction", "words"), [("COPY . /app", ".dockerignore"), ("RUN make", "in the RUN that")])
def test_the_mend_of_what_is_deleted(instruction: str, words: str) -> None:
    [found] = examine(image(layer(file("a"), instruction=instruction), layer(whiteout("a")))).waste
    assert words in found.mend


def test_rows_are_by_kind_and_both_layers() -> None:
    lower = layer(file("a", 100), file("b", 2000), file("c", 100))
    anatomy = examine(image(lower, layer(whiteout("a")), layer(whiteout("b"), file("c"))))
    assert [(one.kind, one.later_layer, one.paths) for one in anatomy.waste] == [
        ("deleted", 2, ("b",)),
        ("overwritten", 2, ("c",)),
        ("deleted", 1, ("a",)),
    ]


def test_a_few_paths_are_named_the_largest_first() -> None:
    entries = [file(f"{name}/x", size) for name, size in zip("abcdefg", (1, 9000, 2000, 1, 4000, 1, 1), strict=True)]
    [found] = examine(image(layer(*entries), layer(*(whiteout(entry.path) for entry in entries)))).waste
    assert found.paths == ("b/x", "e/x", "c/x", "a/x", "d/x")
    assert found.files == 7


def test_mends_are_lines() -> None:
    from layerbench.analysis.anatomy.waste.rules import MENDS

    assert all(mend and "\n" not in mend for mend in MENDS.values())
