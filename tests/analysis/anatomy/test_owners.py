from __future__ import annotations

from layerbench.analysis.anatomy.owners import Owners
from layerbench.image.profile import Package
from tests.analysis.anatomy.build import layer, package


def owners_of(*layers: list[Package]) -> Owners:
    return Owners([layer(packages=packages).profile for packages in layers])


def owner(owners: Owners, path: str, position: int = 0) -> tuple[str, str] | None:
    owners.enter(path.rpartition("/")[0])
    number = owners.owner_of(path, position)
    return None if number is None else owners.packages[number][1:3]


def test_the_latest_layer_that_tells_of_a_path_counts() -> None:
    def at(version: str, *paths: str) -> list[Package]:
        return [package("debian", "p", paths, version=version)]

    owners = owners_of([], at("1", "a", "b"), [], at("2", "a"))
    assert [owner(owners, "a", position) for position in range(4)] == [None, ("p", "1"), ("p", "1"), ("p", "2")]
    assert owner(owners, "b", 3) == ("p", "1")


def test_databases_that_tell_of_all_packages_every_time() -> None:
    one, other = package("alpine", "one", ["a"]), package("alpine", "other", ["b"])
    owners = owners_of([one], [one, other], [one, package("alpine", "other", ["b"], version="2")])
    assert [owner(owners, "b", position) for position in range(3)] == [None, ("other", "1"), ("other", "2")]
    assert owner(owners, "a", 2) == ("one", "1")
    assert len(owners.packages) == 3


def test_a_package_that_goes_back_to_its_old_version() -> None:
    versions = [[package("rpm", "p", ["a"], version=version)] for version in "121"]
    owners = owners_of(*versions)
    assert [owner(owners, "a", position) for position in range(3)] == [("p", "1"), ("p", "2"), ("p", "1")]


def test_the_system_comes_before_python_and_python_before_node() -> None:
    path = "site/node_modules/n/a.py"
    system = package("debian", "d", [path])
    python = package("python", "p", [path], at="site")
    node = package("node", "n", at="site/node_modules/n")
    owners = owners_of([node], [python], [system], [python, node])
    assert [owner(owners, path, position) for position in range(4)] == [("n", "1"), ("p", "1"), ("d", "1"), ("d", "1")]


def test_a_python_package_of_the_system_is_no_package_of_its_own() -> None:
    metadata = "usr/lib/python3/dist-packages/yaml-6.dist-info/METADATA"
    python = package("python", "yaml", [metadata, "usr/lib/python3/dist-packages/yaml/x.py"])
    owners = owners_of([package("debian", "python3-yaml", [metadata]), python])
    assert [one.name for one in owners.packages] == ["python3-yaml"]
    assert owner(owners, "usr/lib/python3/dist-packages/yaml/x.py") is None
    assert [one.name for one in owners_of([python]).packages] == ["yaml"]


def test_node_packages_own_what_is_below_them_the_nearest_first() -> None:
    outer = package("node", "outer", at="app/node_modules/outer")
    inner = package("node", "inner", at="app/node_modules/outer/node_modules/inner")
    owners = owners_of([outer], [inner])
    deep = "app/node_modules/outer/node_modules/inner/lib/a.js"
    assert owner(owners, deep, 0) == ("outer", "1")
    assert owner(owners, deep, 1) == ("inner", "1")
    assert owner(owners, "app/node_modules/outer/a.js", 1) == ("outer", "1")
    assert owner(owners, "app/node_modules/outer-b/a.js", 1) is None


def test_links_at_the_top_are_followed_where_they_lead() -> None:
    owners = owners_of([package("debian", "p", ["lib/x86/a.so", "usr/lib/b.so"])])
    assert owner(owners, "usr/lib/x86/a.so") is None
    owners.follow("lib", "usr/lib")
    assert owner(owners, "usr/lib/x86/a.so") == ("p", "1")
    assert owner(owners, "usr/lib/b.so") == ("p", "1")
    assert owner(owners, "usr/library/x86/a.so") is None


def test_two_links_to_one_folder() -> None:
    owners = owners_of([package("debian", "p", ["bin/a", "sbin/b"])])
    owners.follow("bin", "usr/bin")
    owners.follow("sbin", "/usr/bin/")
    assert owner(owners, "usr/bin/a") == owner(owners, "usr/bin/b") == ("p", "1")


def test_links_to_nowhere_do_no_harm() -> None:
    owners = owners_of([package("debian", "p", ["a"])])
    for target in ("", "/", "bin", "../..", "."):
        owners.follow("bin", target)
    assert owner(owners, "bin/a") is None
    assert owner(owners, "a") == ("p", "1")


def test_a_hostile_path_is_not_searched_for_long() -> None:
    owners = owners_of([package("node", "n", at="a")])
    assert owner(owners, "a/" * 200_000 + "x") is None
    assert owner(owners, "a/a/x") == ("n", "1")
