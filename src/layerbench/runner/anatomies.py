"""What is in the images of a run: a summary of each for the result file, and all layers for the side file.

What the builds were made from goes into the side file as well, by way of here: it has one writer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING

from layerbench.errors import LayerbenchError, UsageError
from layerbench.image.models import BlobInfo, SavedImage, SavedLayer
from layerbench.results.image_models import (
    DiveSummary,
    FileSummary,
    ImageSummary,
    LayerFiles,
    LayerPackages,
    LayerSummary,
    PackageSummary,
    WasteSummary,
)
from layerbench.results.models import Result
from layerbench.results.side_file import DocumentKind, SideFile, named_side_file, side_file_of

if TYPE_CHECKING:
    from layerbench.analysis.anatomy.models import Anatomy, PackageBytes
    from layerbench.image.profile import LayerProfile

_LARGEST = 10
_MOST_WASTE = 30
_INSTRUCTION_LETTERS = 100


class Anatomies:
    """The images of one run, each looked into once.

    Args:
        side_file: Where their layers go; None for nowhere.
        note: Told when the side file cannot be written: the run goes on without it.
    """

    def __init__(self, side_file: SideFile | None, note: Callable[[str], None]) -> None:
        self._side_file = side_file
        self._given_up: str | None = None
        """Name of a side file that cannot be written any more: what earlier builds refer to is still in it."""
        self._note = note
        self._summaries: dict[tuple[str, str | None], ImageSummary] = {}
        self._largest_files: dict[str, tuple[FileSummary, ...]] = {}

    @property
    def side_file(self) -> str | None:
        """Name of the side file, once there is something in it."""
        if self._side_file is None:
            return self._given_up
        return self._side_file.path.name if not self._side_file.is_empty else None

    @property
    def keeps_documents(self) -> bool:
        """Whether there is a side file to keep them in."""
        return self._side_file is not None

    def keep_document(self, kind: DocumentKind, content: bytes) -> str | None:
        """Put a document into the side file.

        Returns:
            Its digest; None where there is no side file, or it cannot be written.
        """
        if self._side_file is None:
            return None
        try:
            return self._side_file.add_document(kind, content)
        except LayerbenchError as error:
            self._give_up(error)
            return None

    def go_on_with(self, images: Iterable[ImageSummary]) -> None:
        """Take over what an earlier run found."""
        self._summaries |= {(image.config_digest, image.manifest_digest): image for image in images}

    def of_builds(self, result: Result) -> tuple[ImageSummary, ...]:
        """The summaries of the images that a result's builds made."""
        images = [build.image for build in result.builds if build.image]
        made = {(image.config_digest, image.manifest_digest) for image in images}
        return tuple(summary for key, summary in self._summaries.items() if key in made)

    def add(self, image: SavedImage) -> None:
        """Look into an image, unless it is known. One whose layers' profiles were lost has no summary."""
        key = (image.config_digest, image.manifest_digest)
        if any(layer.profile is None for layer in image.layers):
            return
        self._keep_layers(image.layers)
        if key not in self._summaries:
            self._summaries[key] = self._summary(image)

    def _keep_layers(self, layers: Iterable[SavedLayer]) -> None:
        if self._side_file is None:
            return
        from layerbench.image.profile_codec import encode_blob

        kept = self._side_file.diff_ids
        new = {layer.diff_id: encode_blob(_blob_of(layer)) for layer in layers if layer.diff_id not in kept}
        try:
            self._side_file.add(new)
        except LayerbenchError as error:
            self._give_up(error)

    def _give_up(self, error: LayerbenchError) -> None:
        self._note(f"{error}; the run goes on without it")
        self._given_up = self.side_file
        self._side_file = None

    def _summary(self, image: SavedImage) -> ImageSummary:
        # With the first image, and not before the first build: a run of warm builds would feel it.
        from layerbench.analysis.anatomy.examine import examine
        from layerbench.image.contents import contents_of

        anatomy = examine(contents_of(image, image.config_digest), top=_LARGEST, depth=None)
        packages: defaultdict[int, list[PackageBytes]] = defaultdict(list)
        for package in anatomy.packages:
            packages[package.layer].append(package)
        return ImageSummary(
            config_digest=image.config_digest,
            manifest_digest=image.manifest_digest,
            platform=image.platform,
            layers=tuple(
                LayerSummary(
                    diff_id=layer.diff_id,
                    instruction=layer.instruction,
                    packages=_packages(packages[layer.position]),
                    files=LayerFiles(
                        layer.files_added,
                        layer.files_changed,
                        layer.files_removed,
                        self._largest_of(image.layers[layer.position].profile),
                    ),
                )
                for layer in anatomy.layers
            ),
            waste=_waste(anatomy),
            dive=DiveSummary(anatomy.dive.efficiency, anatomy.dive.wasted_bytes, anatomy.dive.user_wasted_ratio),
        )

    def _largest_of(self, profile: LayerProfile | None) -> tuple[FileSummary, ...]:
        if profile is None:
            return ()
        found = self._largest_files.get(profile.diff_id)
        if found is None:
            files = ((entry.uncompressed_bytes, entry.path) for entry in profile.entries() if entry.kind == "file")
            found = tuple(FileSummary(path, count) for count, path in nlargest(_LARGEST, files))
            self._largest_files[profile.diff_id] = found
        return found


def open_side_file(
    output: Path | None, resumed: Path | None, earlier: Result | None, note: Callable[[str], None]
) -> SideFile | None:
    """The side file of a run that is about to begin; nothing is written unless it goes on with another one.

    Args:
        output: The result file; None for standard output, which has no side file.
        resumed: The result file that the run goes on with.
        earlier: What stands in that.
        note: Told where the layers of the earlier builds are lost.

    Raises:
        UsageError: something else has the side file's name.
        LayerbenchError: the earlier layers cannot be copied.
    """
    if output is None or (output.exists() and not output.is_file()):
        return None
    side_file = SideFile(side_file_of(output))
    if resumed is not None and earlier is not None and earlier.side_file is not None:
        try:
            side_file.go_on_with(named_side_file(resumed, earlier.side_file))
            return side_file
        except UsageError as error:
            note(f"the files of the layers that were measured before are lost: {error}")
    side_file.check_place()
    return side_file


def _blob_of(layer: SavedLayer) -> BlobInfo:
    return BlobInfo(
        layer.digest or layer.diff_id,
        layer.compressed_bytes,
        layer.diff_id,
        layer.uncompressed_bytes,
        profile=layer.profile,
    )


def _packages(packages: list[PackageBytes]) -> LayerPackages:
    largest = nlargest(_LARGEST, packages, key=lambda package: package.uncompressed_bytes)
    return LayerPackages(
        len(packages),
        sum(package.uncompressed_bytes for package in packages),
        tuple(PackageSummary(one.ecosystem, one.name, one.version, one.uncompressed_bytes) for one in largest),
    )


def _waste(anatomy: Anatomy) -> tuple[WasteSummary, ...]:
    largest = nlargest(_MOST_WASTE, anatomy.waste, key=lambda waste: waste.uncompressed_bytes)
    return tuple(
        WasteSummary(one.kind, one.uncompressed_bytes, one.layer, _beginning(one.instruction), one.optional)
        for one in largest
    )


def _beginning(instruction: str) -> str:
    """Enough to know an instruction by: it stands whole in the layers, and here it may come thirty times."""
    return instruction if len(instruction) <= _INSTRUCTION_LETTERS else f"{instruction[: _INSTRUCTION_LETTERS - 1]}…"
