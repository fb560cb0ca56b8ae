"""The result of a joined run as two, each as if its side had been measured alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from layerbench.ab.joining import SIDES, Joined, SideName, name_at
from layerbench.errors import LayerbenchError, UsageError
from layerbench.instructions import parse_dockerfile
from layerbench.results.file import ResultWriter
from layerbench.results.models import Build, Result, Revision
from layerbench.results.side_file import SideFile, read_layers, side_file_of
from layerbench.runner.explanations import copy_documents
from layerbench.runner.records import bench_record
from layerbench.runner.sources import platform_arguments


class Splitter:
    """Splits one growing result again and again; a build that was split before stays the same object.

    Args:
        joined: what is run.
        platform: the engine's, such as `linux/amd64`.
        revisions: what each side is in git's terms.
    """

    def __init__(
        self, joined: Joined, platform: str, revisions: Mapping[SideName, Revision | None] | None = None
    ) -> None:
        self._joined = joined
        self._revisions = revisions or {}
        self._own = {name_at(name, side): (name, side) for name in joined.variants for side in SIDES}
        self._references = {side: _references(joined, side, platform) for side in SIDES}
        self._split: dict[int, tuple[Build, Build]] = {}

    def split(self, result: Result, side: SideName) -> Result:
        """What one side measured: its own names, bench file, bases, images and notes."""
        builds = tuple(self._of(build) for build in result.builds if self._own[build.variant][1] == side)
        made = {(build.image.config_digest, build.image.manifest_digest) for build in builds if build.image}
        record = bench_record(self._joined.sides[side])
        return replace(
            result,
            bench=replace(record, rounds=result.bench.rounds),
            builds=builds,
            bases=tuple(base for base in result.bases if base.reference in self._references[side]),
            smoke_tests=tuple(
                replace(test, variant=self._own[test.variant][0])
                for test in result.smoke_tests
                if self._own[test.variant][1] == side
            ),
            notes=self._notes(result.notes, side),
            images=tuple(image for image in result.images if (image.config_digest, image.manifest_digest) in made),
            side_file=None,
            revision=self._revisions.get(side),
        )

    def _of(self, build: Build) -> Build:
        """A build by its own names. The joined one is kept, so that its id means no other one."""
        if id(build) not in self._split:
            own = replace(
                build,
                variant=self._own[build.variant][0],
                scenario=self._joined.own_scenarios[build.scenario],
            )
            self._split[id(build)] = (build, own)
        return self._split[id(build)][1]

    def _notes(self, notes: tuple[str, ...], side: SideName) -> tuple[str, ...]:
        """The notes on this side's variants, by their own names, and those on none."""
        found = []
        for note in notes:
            named = {joined: own for joined, own in self._own.items() if joined in note}
            if not named or any(own_side == side for _, own_side in named.values()):
                text = note
                for joined, (own, _) in named.items():
                    text = text.replace(joined, own)
                found.append(text)
        return tuple(found)


class SplitWriter:
    """Keeps a result file and a side file for each side.

    Args:
        splitter: of the run.
        paths: the two result files.
        layers: where the run keeps the layers of all images.
    """

    def __init__(self, splitter: Splitter, paths: Mapping[SideName, Path], layers: SideFile) -> None:
        self._splitter = splitter
        self._paths = paths
        self._layers = layers
        self._writers = {side: ResultWriter(path) for side, path in paths.items()}
        self._side_files = {side: SideFile(side_file_of(path)) for side, path in paths.items()}
        self._results: dict[SideName, Result] = {}
        self.latest: Result | None = None

    @property
    def results(self) -> Mapping[SideName, Result]:
        """What was written last; empty before the first build."""
        return self._results

    def check_places(self) -> None:
        """See that nothing of the person's would be replaced.

        Raises:
            UsageError: something else than a side file has its name.
        """
        for side_file in self._side_files.values():
            side_file.check_place()

    def save(self, result: Result) -> None:
        """Write both result files.

        Raises:
            LayerbenchError: one cannot be written; what was there before is untouched.
        """
        self.latest = result
        for side in SIDES:
            own = replace(self._splitter.split(result, side), side_file=self._side_file_name(side))
            self._results[side] = own
            self._writers[side].write(own)

    def save_layers(self, note: Callable[[str], None]) -> None:
        """Give each side's images their layers, and name the side files in the results; told where that fails."""
        if self.latest is None:
            return
        for side in SIDES:
            wanted = {
                layer.diff_id for build in self._results[side].builds if build.image for layer in build.image.layers
            }
            side_file = self._side_files[side]
            new = (wanted & set(self._layers.diff_ids)) - set(side_file.diff_ids)
            try:
                if new:
                    side_file.add(read_layers(self._layers.path, sorted(new)))
                copy_documents(self._layers.path, side_file, self._results[side].builds)
            except LayerbenchError as error:
                note(f"{error}; the files of the layers of {self._paths[side]} are incomplete")
        self.save(self.latest)

    def _side_file_name(self, side: SideName) -> str | None:
        side_file = self._side_files[side]
        return None if side_file.is_empty else side_file.path.name


def _references(joined: Joined, side: SideName, platform: str) -> set[str]:
    """What the FROMs of a side's Dockerfiles name."""
    found: set[str] = set()
    for variant in joined.sides[side].variants:
        arguments = {**platform_arguments(variant.platform or platform), **variant.build_args}
        try:
            dockerfile = parse_dockerfile(variant.dockerfile.read_text(errors="replace"))
            found.update(dockerfile.base_references(variant.target, arguments))
        except (OSError, UsageError):  # the run itself says what is wrong with it
            continue
    return found
