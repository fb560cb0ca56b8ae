"""All waste of an image, while its entries stream by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from layerbench.analysis.anatomy.models import ImageLayer, Waste, WasteKind
from layerbench.analysis.anatomy.owners import Owner
from layerbench.analysis.anatomy.waste.bytecode import FOLDER, SUFFIX, is_bytecode, made_twice
from layerbench.analysis.anatomy.waste.duplicates import Duplicates
from layerbench.analysis.anatomy.waste.rules import (
    MENDS,
    OPTIONAL,
    PRECEDENCE,
    FolderRule,
    folder_rule,
    lost_mend,
    package_kind,
)
from layerbench.analysis.anatomy.waste.sums import WasteSum
from layerbench.image.profile import EntryRow

ENVIRONMENT_FILE = "/pyvenv.cfg"
"""How the path of a virtual environment's configuration ends (PEP 405)."""
_MOST_BYTECODE = 10_000
"""In one folder; of more than these, interpreters are compared piece by piece."""
_ALWAYS_TOLD = frozenset[WasteKind]({"overwritten", "deleted", "pycache-twice", "duplicate"})


class _Cause(NamedTuple):
    """Why an entry is waste."""

    kind: WasteKind
    package: int | None = None
    """Of a `venv-installer` its number: whether it is in an environment is known only in the end."""
    otherwise: WasteKind | None = None
    """What it is where it is in none."""


class _Key(NamedTuple):
    cause: _Cause
    layer: int
    later_layer: int | None


class WasteCollector:
    """Asked folder by folder, as `Owners` is: `enter`, then `add` for each entry that is in it.

    Args:
        packages: By their numbers.
        new_sum: Makes what the waste of a kind in a layer is added up in.
    """

    def __init__(self, packages: Sequence[Owner], new_sum: Callable[[], WasteSum] = WasteSum) -> None:
        self._new_sum = new_sum
        self._package_kinds = [package_kind(package) for package in packages]
        self.suspects = frozenset(number for number, kind in enumerate(self._package_kinds) if kind is not None)
        """Numbers of the packages whose files have to be looked at."""
        self._packages = packages
        self._rule: FolderRule | None = None
        self._is_bytecode_folder = False
        self._sums: dict[_Key, WasteSum] = {}
        # The .pyc of the folder, with their layers and what they are if they are not made twice.
        self._bytecode: list[tuple[EntryRow, int, _Cause | None]] = []
        self._duplicates = Duplicates()
        self._environments: set[str] = set()
        self.least_bytes = self._duplicates.least_bytes
        """Files of no folder and no package that has to be looked at need to be added from this length on."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out."""
        return (self._duplicates.note,) if self._duplicates.note else ()

    def enter(self, folder: str) -> bool:
        """Go to a folder; whether what is in it has to be looked at, whoever owns it."""
        if self._bytecode:
            self._book_bytecode()
        self._rule = folder_rule(folder)
        self._is_bytecode_folder = folder.endswith(FOLDER)
        return self._is_bytecode_folder or self._rule is not None

    def add(self, row: EntryRow, layer: int, owner: int | None) -> None:
        """Look at an entry that is there in the end, no whiteout, with the package that owns it."""
        cause = None
        if self._rule is not None or owner in self.suspects:
            cause = self._cause(row, owner)
        if not self._is_bytecode_folder or not row[0].endswith(SUFFIX):
            self._book(row, layer, cause)
            return
        self._bytecode.append((row, layer, cause))
        if len(self._bytecode) == _MOST_BYTECODE:
            self._book_bytecode()

    def add_unsuspected(self, row: EntryRow, layer: int) -> None:
        """Look at a plain file as `add` does, where neither its folder nor its package has to be looked at."""
        if (copy := self._duplicates.add(row, layer)) is not None:
            self._sum(_Cause("duplicate"), copy[1], None).add(copy[0])

    def add_lost(self, row: EntryRow, layer: int, later_layer: int, successor: EntryRow | None) -> None:
        """Look at an entry that a later layer takes away, and what takes its place."""
        if successor is None:
            kind: WasteKind = "deleted"
        elif row[1] == successor[1] == "folder":
            # Every layer has to have the folders around what it brings.
            return
        else:
            kind = "pycache-twice" if is_bytecode(row[0]) else "overwritten"
        self._sum(_Cause(kind), layer, later_layer).add(row, successor)

    def add_environment_file(self, path: str) -> None:
        """Take note of a `pyvenv.cfg`."""
        self._environments.add(path.rpartition("/")[0])

    def environment_of(self, owner: Owner) -> str | None:
        """The virtual environment that a Python package is in, once all entries were seen."""
        if owner.ecosystem != "python" or not self._environments:
            return None
        folder = owner.location
        while folder and folder not in self._environments:
            folder = folder.rpartition("/")[0]
        return folder or None

    def finish(self, layers: Sequence[ImageLayer]) -> tuple[Waste, ...]:
        """All waste, the most bytes first."""
        rows = [_waste(*key, total, layers) for key, total in self.sums().items()]
        return tuple(sorted(rows, key=lambda row: (-row.uncompressed_bytes, PRECEDENCE[row.kind], row.layer)))

    def sums(self) -> dict[tuple[WasteKind, int, int | None], WasteSum]:
        """What is waste, once all entries were seen, by its kind, its layer, and the later one that takes it away."""
        self._book_bytecode()
        settled: dict[tuple[WasteKind, int, int | None], WasteSum] = {}
        for key, total in self._sums.items():
            kind = self._settled_kind(key.cause)
            if kind is not None:
                settled.setdefault((kind, key.layer, key.later_layer), self._new_sum()).include(total)
        return {key: total for key, total in settled.items() if _is_told(key[0], total)}

    def _cause(self, row: EntryRow, owner: int | None) -> _Cause | None:
        by_folder = self._kind_by_folder(row, owner)
        by_package = None if owner is None else self._package_kinds[owner]
        if by_package is None or PRECEDENCE[by_folder] < PRECEDENCE[by_package]:
            return None if by_folder is None else _Cause(by_folder)
        if by_package == "venv-installer":
            return _Cause(by_package, owner, by_folder)
        return _Cause(by_package)

    def _kind_by_folder(self, row: EntryRow, owner: int | None) -> WasteKind | None:
        rule = self._rule
        if rule is None or (rule.suffixes and not row[0].endswith(rule.suffixes)):
            return None
        if row[1] == "folder" and rule.keeps(f"/{row[0]}/"):
            return None
        # Headers of a package are waste if the package is: some have files there that are no headers to compile with.
        return None if rule.kind == "headers" and owner is not None else rule.kind

    def _book(self, row: EntryRow, layer: int, cause: _Cause | None) -> None:
        if cause is not None:
            self._sum(cause, layer, None).add(row)
        elif row[1] == "file":
            self.add_unsuspected(row, layer)

    def _book_bytecode(self) -> None:
        needless = made_twice([(row, layer) for row, layer, _ in self._bytecode])
        for position, (row, layer, cause) in enumerate(self._bytecode):
            self._book(row, layer, _Cause("pycache-twice") if position in needless else cause)
        self._bytecode.clear()

    def _sum(self, cause: _Cause, layer: int, later_layer: int | None) -> WasteSum:
        return self._sums.setdefault(_Key(cause, layer, later_layer), self._new_sum())

    def _settled_kind(self, cause: _Cause) -> WasteKind | None:
        if cause.package is None or self.environment_of(self._packages[cause.package]) is not None:
            return cause.kind
        return cause.otherwise


def _is_told(kind: WasteKind, total: WasteSum) -> bool:
    """A cache's empty folders and lock files are no cache."""
    return kind in _ALWAYS_TOLD or total.content_bytes > 0


def _waste(kind: WasteKind, layer: int, later: int | None, total: WasteSum, layers: Sequence[ImageLayer]) -> Waste:
    return Waste(
        kind,
        total.uncompressed_bytes,
        layer,
        layers[layer].instruction,
        later,
        None if later is None else layers[later].instruction,
        total.paths,
        total.files,
        kind in OPTIONAL,
        _mend(kind, layers[layer].instruction, total),
    )


def _mend(kind: WasteKind, instruction: str, total: WasteSum) -> str:
    if kind in ("overwritten", "deleted"):
        is_same = 2 * total.same_content_bytes > total.uncompressed_bytes
        return lost_mend(kind, instruction, is_same_content=is_same)
    return MENDS[kind]
