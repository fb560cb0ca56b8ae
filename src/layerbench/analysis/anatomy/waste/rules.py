"""What is waste in an image's end state, one rule a kind: where to find it and what to change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, get_args

from layerbench.analysis.anatomy.models import WasteKind
from layerbench.analysis.anatomy.owners import Owner
from layerbench.image.profile import Ecosystem

PRECEDENCE: Mapping[WasteKind | None, int] = {kind: place for place, kind in enumerate((*get_args(WasteKind), None))}
"""An entry that several rules fit belongs to the first of them."""


class FolderRule(Protocol):
    """Waste that is known by the folder that it is in."""

    @property
    def kind(self) -> WasteKind:
        """What it is called."""
        ...

    @property
    def marks(self) -> tuple[str, ...]:
        """At least one of them is in every folder that it fits; they begin and end with `/`."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How the files end; empty where all are waste."""
        ...

    @property
    def mend(self) -> str:
        """What to change, in one line."""
        ...

    def fits(self, folder: str) -> bool:
        """Whether what is in a folder, which has `/` in front and behind, is such waste."""
        ...

    def keeps(self, folder: str) -> bool:
        """Whether it fits what is in a folder, but not the folder itself."""
        ...


@dataclass(frozen=True, slots=True)
class Below:
    """What is at one place of the file system."""

    kind: WasteKind
    mend: str
    marks: tuple[str, ...]
    suffixes: tuple[str, ...] = ()

    def fits(self, folder: str) -> bool:
        """See `FolderRule`."""
        return folder.startswith(self.marks)

    def keeps(self, folder: str) -> bool:
        """See `FolderRule`. The folder belongs to the system."""
        return folder in self.marks


@dataclass(frozen=True, slots=True)
class Anywhere:
    """What is below a folder of that name, wherever it is."""

    kind: WasteKind
    mend: str
    marks: tuple[str, ...]
    suffixes: tuple[str, ...] = ()

    def fits(self, folder: str) -> bool:
        """See `FolderRule`."""
        return any(mark in folder for mark in self.marks)

    def keeps(self, folder: str) -> bool:
        """See `FolderRule`."""
        return False


@dataclass(frozen=True, slots=True)
class InPythonPackages:
    """What is below a folder of that name inside a Python package."""

    kind: WasteKind
    mend: str
    marks: tuple[str, ...]
    suffixes: tuple[str, ...] = field(default=(), init=False)

    def fits(self, folder: str) -> bool:
        """See `FolderRule`. The package's own folder may have any name."""
        for installed in ("/site-packages/", "/dist-packages/"):
            _, _, inner = folder.partition(installed)
            inside = inner[inner.find("/") :] if inner else ""
            if inside and any(mark in inside for mark in self.marks):
                return True
        return False

    def keeps(self, folder: str) -> bool:
        """See `FolderRule`."""
        return False


def _cache(name: str, folder: str, instead: str) -> str:
    return f"Mount {name}'s cache for the RUN (RUN --mount=type=cache,target={folder} …){instead}."


FOLDER_RULES: tuple[FolderRule, ...] = (
    Below(
        "apt-lists",
        "Delete the lists in the RUN that fetches them (&& rm -rf /var/lib/apt/lists/*), or mount a cache there.",
        ("/var/lib/apt/lists/",),
    ),
    Below(
        "apt-archives",
        "Run apt-get clean in the RUN that installs, or mount a cache (--mount=type=cache,target=/var/cache/apt).",
        ("/var/cache/apt/",),
        (".deb", ".bin"),
    ),
    Below("apk-cache", "Install with apk add --no-cache, or mount a cache at /var/cache/apk.", ("/var/cache/apk/",)),
    Below(
        "rpm-cache",
        "Clean up in the RUN that installs (&& dnf clean all), or mount a cache at the package manager's cache folder.",
        ("/var/cache/dnf/", "/var/cache/yum/", "/var/cache/libdnf5/", "/var/cache/zypp/"),
    ),
    Anywhere("pip-cache", _cache("pip", "/root/.cache/pip", ", or set --no-cache-dir"), ("/.cache/pip/",)),
    Anywhere("npm-cache", _cache("npm", "/root/.npm", ""), ("/.npm/_cacache/",)),
    Anywhere(
        "yarn-cache",
        "Run yarn cache clean in the RUN that installs, or mount a cache at the folder that yarn cache dir names.",
        ("/.cache/yarn/", "/.yarn/berry/cache/"),
    ),
    Anywhere("uv-cache", _cache("uv", "/root/.cache/uv", ", or set UV_NO_CACHE=1"), ("/.cache/uv/",)),
    Anywhere("poetry-cache", _cache("poetry", "/root/.cache/pypoetry", ""), ("/.cache/pypoetry/",)),
    Below(
        "headers",
        "Compile in a build stage and copy only what it makes; headers are of no use at run time.",
        ("/usr/include/",),
    ),
    Anywhere(
        "git",
        "Exclude .git in .dockerignore, or clone in a build stage and copy the files without it.",
        ("/.git/",),
    ),
    InPythonPackages(
        "tests",
        "If nobody runs them: delete the packages' tests in the RUN that installs the packages.",
        ("/tests/", "/test/"),
    ),
    InPythonPackages(
        "docs",
        "If nobody reads them: delete the packages' docs in the RUN that installs the packages.",
        ("/docs/", "/doc/"),
    ),
)


@dataclass(frozen=True, slots=True)
class PackageRule:
    """Waste that is known by the package that owns it."""

    kind: WasteKind
    mend: str
    names: Mapping[Ecosystem, re.Pattern[str]]

    def fits(self, package: Owner) -> bool:
        """Whether it is such a package."""
        pattern = self.names.get(package.ecosystem)
        return pattern is not None and pattern.fullmatch(package.name.lower()) is not None


# Of "gcc-12-base" every Debian image has one, for the sake of its libraries.
_ARCHITECTURE = r"(-[a-z0-9_-]+-linux-gnu[a-z0-9_]*)?"
PACKAGE_RULES: tuple[PackageRule, ...] = (
    PackageRule(
        "build-tools",
        "Compile in a build stage and copy only what it makes into the final one.",
        {
            "debian": re.compile(
                rf"(gcc|g\+\+|cpp|gfortran|gdc|gnat)(-\d+)?{_ARCHITECTURE}|binutils(-.+)?|build-essential|dpkg-dev"
                r"|make|cmake(-data)?|ninja-build|meson|autoconf|automake|libtool|bison|flex|patch"
                r"|rustc(-.+)?|cargo(-.+)?|golang(-.+)?|clang(-.+)?|llvm(-.+)?|lld(-\d+)?"
            ),
            "alpine": re.compile(
                r"build-base|abuild|gcc|g\+\+|gfortran|binutils|make|cmake|samurai|ninja(-.+)?|meson|autoconf|automake"
                r"|libtool|bison|flex|patch|rust|cargo|go|clang\d*|llvm\d*|lld\d*"
            ),
            "rpm": re.compile(
                r"gcc(-c\+\+|-gfortran|-toolset-.+)?|cpp|binutils(-gold)?|make|cmake(-data|-filesystem)?|ninja-build"
                r"|meson|autoconf|automake|libtool|bison|flex|patch|rpm-build|rust|cargo|golang(-bin|-src)?|clang|llvm"
                r"|lld"
            ),
        },
    ),
    PackageRule(
        "headers",
        "Install -dev packages in a build stage only; the final one needs just the libraries.",
        {
            "debian": re.compile(r".+-dev(-bin)?|linux-libc-dev.*"),
            "alpine": re.compile(r".+-dev|.*-headers"),
            "rpm": re.compile(r".+-(devel|headers)"),
        },
    ),
    PackageRule(
        "venv-installer",
        "Make the environment with python -m venv --without-pip (install with pip --python), or with uv.",
        {"python": re.compile(r"pip|setuptools|wheel")},
    ),
)

DUPLICATE_MEND = "Keep one copy and make the others links (ln), or copy the files to one place only."
BYTECODE_MEND = (
    "Compile once: set PYTHONDONTWRITEBYTECODE=1 where Python runs during the build, or delete __pycache__ in that RUN."
)
OPTIONAL = frozenset[WasteKind]({"tests", "docs"})
MENDS: Mapping[WasteKind, str] = {
    **{rule.kind: rule.mend for rule in FOLDER_RULES},
    **{rule.kind: rule.mend for rule in PACKAGE_RULES},
    "pycache-twice": BYTECODE_MEND,
    "duplicate": DUPLICATE_MEND,
}


# One search tells of almost all folders that no rule fits.
_ANY_MARK = re.compile(f"/(?:{'|'.join(re.escape(mark[1:]) for rule in FOLDER_RULES for mark in rule.marks)})")


def folder_rule(folder: str) -> FolderRule | None:
    """The first rule that fits what is in a folder."""
    anchored = f"/{folder}/"
    if _ANY_MARK.search(anchored) is None:
        return None
    return next((rule for rule in FOLDER_RULES if rule.fits(anchored)), None)


def package_kind(package: Owner) -> WasteKind | None:
    """What a package's files are, if they are waste: `venv-installer` only inside a virtual environment."""
    return next((rule.kind for rule in PACKAGE_RULES if rule.fits(package)), None)


def lost_mend(kind: WasteKind, instruction: str, *, is_same_content: bool) -> str:
    """What to change where a later layer writes files again or deletes them.

    Args:
        kind: `overwritten` or `deleted`.
        instruction: That brought the files.
        is_same_content: Whether they are mostly written again with the content that they had.
    """
    keyword = instruction.partition(" ")[0].upper()
    is_copied = keyword in {"COPY", "ADD"}
    if kind == "deleted":
        if is_copied:
            return (
                "Copy only what is needed: name it, exclude the rest in .dockerignore, or mount it (--mount=type=bind)."
            )
        return "Delete it in the RUN that makes it, or make it in a build stage and copy only what is needed."
    if is_same_content and is_copied:
        return f"Set owner and mode as they are copied: {keyword} --chown=… --chmod=… in place of a later RUN."
    if is_same_content:
        return "Change owner and mode in the RUN that makes the files, not in a later one."
    return (
        "Write each file once: make and change it in one RUN, or in a build stage that only the result is copied from."
    )
