"""Look into one image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from layerbench.analysis.anatomy.dive import DiveCount
from layerbench.analysis.anatomy.folders import FolderRow, FolderSums, Sums
from layerbench.analysis.anatomy.largest import LargestFiles
from layerbench.analysis.anatomy.layers import LayerCounts
from layerbench.analysis.anatomy.models import Anatomy, ImageContents, PackageBytes, PathBytes
from layerbench.analysis.anatomy.owners import Owners
from layerbench.analysis.anatomy.walk import Fated, walk
from layerbench.analysis.anatomy.waste.collector import ENVIRONMENT_FILE, WasteCollector
from layerbench.image.profile import EntryRow


def examine(image: ImageContents, *, top: int = 10, depth: int | None = None) -> Anatomy:
    """Say where every byte of an image comes from.

    Args:
        image: What to look into.
        top: How many of the largest files to name.
        depth: How many levels of folders to list in `Anatomy.tree`, the root being level 0; None for no list.
    """
    profiles = [layer.profile for layer in image.layers]
    examination = _Examination(Owners(profiles), len(profiles), top)
    examination.add_all(walk(profiles))
    return examination.finish(image, depth)


_REMOVERS = frozenset({"whiteout", "opaque"})


class _Examination:
    """Everything that is counted in the one pass over the entries."""

    def __init__(self, owners: Owners, layer_count: int, top: int) -> None:
        self._owners = owners
        self._counts = LayerCounts(layer_count)
        self._files = LargestFiles(top)
        self._dive = DiveCount()
        self._waste = WasteCollector(owners.packages)
        # By whether a package owns the bytes; a path that is in both counts as a file in the second only.
        self._owned = FolderSums()
        self._unowned = FolderSums()
        # Bytes and files of each package in each layer.
        self._packages: dict[tuple[int | None, int], list[int]] = {}
        # Files and bytes of content of each layer's paths that no other layer has.
        self._plain = [[0, 0] for _ in range(layer_count)]
        self._folder: str | None = None
        self._is_suspect_folder = False

    def add_all(self, paths: Iterable[Sequence[Fated]]) -> None:
        """Count all entries.

        Almost all are of a path that is in one layer only, and there in the end: what those need is in this loop.
        """
        owner_of, suspects, open_paths = self._owners.owner_of, self._waste.suspects, self._dive.open_paths
        files, waste = self._files, self._waste
        least_share, least_content = files.least_bytes, waste.least_bytes
        run_layer, run_owner = -1, None
        for members in paths:
            row, layer, later, _ = members[0]
            path, kind, _, share, content_bytes, _, _ = row
            cut = path.rfind("/")
            if later is not None or cut < 0 or len(members) > 1 or open_paths or kind in _REMOVERS:
                self._add(members)
                run_layer = -1
                continue
            is_folder = kind == "folder"
            folder = path if is_folder else path[:cut]
            if folder != self._folder:
                self._enter(folder)
                run_layer = -1
            owner = None if is_folder else owner_of(path, layer)
            if layer != run_layer or owner != run_owner:
                run_layer, run_owner, plain = layer, owner, self._plain[layer]
                sums, package = self._sums_of(folder, layer, owner), self._package(owner, layer)
            sums[0] += share
            package[0] += share
            if not is_folder:
                sums[1] += 1
                package[1] += 1
                plain[0] += 1
                plain[1] += content_bytes
                if share > least_share:
                    files.add(members)
                    least_share = files.least_bytes
            if self._is_suspect_folder or owner in suspects:
                waste.add(row, layer, owner)
            elif content_bytes >= least_content:
                waste.add_unsuspected(row, layer)
            if path.endswith(ENVIRONMENT_FILE):
                waste.add_environment_file(path)

    def _sums_of(self, folder: str, layer: int, owner: int | None) -> Sums:
        """Where bytes, and then files, of a folder are counted."""
        sums = (self._unowned if owner is None else self._owned).at(folder)
        sums[2] |= 1 << layer
        return sums

    def _package(self, owner: int | None, layer: int) -> list[int]:
        """Where bytes and files of a package are counted; what belongs to none is counted as one."""
        package = self._packages.get((owner, layer))
        if package is None:
            package = self._packages[owner, layer] = [0, 0]
        return package

    def _add(self, members: Sequence[Fated]) -> None:
        """Count all entries of any path."""
        self._dive.add(members)
        self._counts.add(members)
        self._files.add(members)
        file_sums: Sums | None = None
        for row, layer, later, successor in members:
            path, kind, _, share, _, _, _ = row
            is_inside = kind == "folder" or kind == "opaque"
            folder = path if is_inside else path[: max(0, path.rfind("/"))]
            if folder != self._folder:
                self._enter(folder)
            is_file = not is_inside and kind != "whiteout"
            owner = self._owners.owner_of(path, layer) if is_file else None
            sums, package = self._sums_of(folder, layer, owner), self._package(owner, layer)
            sums[0] += share
            package[0] += share
            package[1] += 1
            if is_file and (file_sums is None or owner is None):
                file_sums = sums
            if later is not None:
                self._waste.add_lost(row, layer, later, successor)
            elif kind not in _REMOVERS:
                self._add_live(row, layer, owner)
        if file_sums is not None:
            file_sums[1] += 1

    def _add_live(self, row: EntryRow, layer: int, owner: int | None) -> None:
        self._waste.add(row, layer, owner)
        path, kind, _, _, _, _, target = row
        if kind == "symlink" and "/" not in path:
            self._owners.follow(path, target)
        if path.endswith(ENVIRONMENT_FILE):
            self._waste.add_environment_file(path)

    def finish(self, image: ImageContents, depth: int | None) -> Anatomy:
        """What it all comes to."""
        profiles = [layer.profile for layer in image.layers]
        notes = [note for profile in profiles for note in profile.notes]
        waste = self._waste.finish(image.layers)
        for layer, (files, content_bytes) in enumerate(self._plain):
            self._counts.add_plain(layer, files)
            self._dive.add_plain(layer, content_bytes)
        unowned, whole = self._unowned.partition(), self._unowned
        whole.include(self._owned)
        return Anatomy(
            image=image,
            layers=self._counts.finish(image.layers),
            files=self._files.finish(),
            folders=_paths(whole.partition()),
            tree=() if depth is None else _paths(whole.tree(depth)),
            packages=self._package_bytes(),
            unowned=_paths(unowned),
            end_bytes=sum(profile.end_bytes for profile in profiles),
            waste=waste,
            dive=self._dive.finish(),
            notes=tuple(dict.fromkeys((*notes, *self._waste.notes))),
        )

    def _enter(self, folder: str) -> None:
        self._folder = folder
        self._owners.enter(folder)
        self._is_suspect_folder = self._waste.enter(folder)

    def _package_bytes(self) -> tuple[PackageBytes, ...]:
        found = []
        for (number, layer), (uncompressed_bytes, files) in self._packages.items():
            if number is None:
                continue
            owner = self._owners.packages[number]
            environment = self._waste.environment_of(owner)
            found.append(PackageBytes(*owner, environment, uncompressed_bytes, files, layer))
        return tuple(sorted(found, key=lambda one: (-one.uncompressed_bytes, one.name, one.location, one.layer)))


def _paths(rows: Sequence[FolderRow]) -> tuple[PathBytes, ...]:
    return tuple(PathBytes(row.path, row.weight, row.amount, _positions(row.marks)) for row in rows)


def _positions(bits: int) -> tuple[int, ...]:
    return tuple(position for position in range(bits.bit_length()) if bits >> position & 1)
