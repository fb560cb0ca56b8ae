from __future__ import annotations

import pytest

from tests.image.packages.feeding import collect, packages_of

DATABASE = "lib/apk/db/installed"
INSTALLED = b"""\
C:Q1sGmXs7w9DPQVC6tU3Vtgnwj0Ob0=
P:musl
V:1.2.5-r9
A:x86_64
S:411224
I:667648
T:the musl c library (libc) implementation
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1VU6nEOf1kmBVb8TyBJrVfOm1vGA=
R:libc.musl-x86_64.so.1
a:0:0:777
Z:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=

C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:.build-deps
V:20250101.000000

P:alpine-baselayout
V:3.6.8-r1
F:
R:root-file
F:usr
M:0:0:755
F:usr/caf\xe9
R:a b
F:../../outside
R:../x

"""


@pytest.mark.parametrize("path", [DATABASE, f"usr/{DATABASE}"])
def test_installed(path: str) -> None:
    assert [tuple(each) for each in packages_of({path: INSTALLED})] == [
        ("alpine", "musl", "1.2.5-r9", "", ("lib/ld-musl-x86_64.so.1", "lib/libc.musl-x86_64.so.1")),
        ("alpine", ".build-deps", "20250101.000000", "", ()),
        ("alpine", "alpine-baselayout", "3.6.8-r1", "", ("root-file", "usr/caf\udce9/a b", "x")),
    ]


def test_an_empty_database() -> None:
    assert packages_of({DATABASE: b""}) == ()


def test_what_stands_before_damage_is_kept() -> None:
    packages, notes = collect({DATABASE: b"P:a\nV:1\n\n\xff\xfe\n\nP:b\nV:2\n"})
    assert [each.name for each in packages] == ["a"]
    assert notes == (f"{DATABASE} cannot be read: a record has no name of a package",)


def test_other_files_called_so_are_not_wanted() -> None:
    assert collect({"opt/lib/apk/db/installed": INSTALLED}) == ((), ())
