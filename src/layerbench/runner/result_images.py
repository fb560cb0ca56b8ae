"""Images that a run has measured, from its result file and side file alone: no engine and no image is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from layerbench.errors import UsageError
from layerbench.image.contents import ImageContents, ImageLayer
from layerbench.image.documents import Platform
from layerbench.image.profile import LayerProfile
from layerbench.image.profile_codec import decode_blob
from layerbench.results.file import read_result
from layerbench.results.models import Build, Image, ImageSummary, Result, Step
from layerbench.results.side_file import named_side_file, read_layers

_COLD = "cold"
_SHOWN_LETTERS = 80


def open_build(path: Path, selection: str, *, name: str, platform: str | None = None) -> ImageContents:
    """The image of one build of a result file.

    Args:
        path: The result file.
        selection: `VARIANT[:SCENARIO[:ROUND]]`; empty where the file has one variant only.
        name: How the image is called.
        platform: Refuse an image for another one.

    Raises:
        UsageError: there is no such build, it has no image, or the side file is missing or damaged.
    """
    result = read_result(path)
    build = _choose(result, selection, str(path))
    image = build.image
    assert image is not None  # noqa: S101 - only such builds are chosen
    summary = result.summary_of(image)
    its_platform = summary.platform if summary else None
    if platform and its_platform and not Platform.parse(platform).matches(Platform.parse(its_platform)):
        raise UsageError(f"{name} is for {its_platform}, not for {platform}: leave out --platform")
    side_file = named_side_file(path, result.side_file)
    diff_ids = [layer.diff_id for layer in image.layers]
    encoded = read_layers(side_file, diff_ids)
    profiles = {diff_id: _profile(content, diff_id, side_file) for diff_id, content in encoded.items()}
    instructions = _instructions(build, image, summary)
    return ImageContents(
        name,
        tuple(
            ImageLayer(
                instruction,
                layer.digest,
                layer.diff_id,
                layer.compressed_bytes,
                layer.uncompressed_bytes,
                profiles[layer.diff_id],
            )
            for layer, instruction in zip(image.layers, instructions, strict=True)
        ),
        image.compressed_bytes_source,
        its_platform,
        image.manifest_digest,
        image.config_digest,
    )


def _profile(content: bytes, diff_id: str, side_file: Path) -> LayerProfile:
    try:
        profile = decode_blob(content).profile
    except ValueError as error:
        raise UsageError(
            f"{side_file} is damaged in its layer {diff_id} ({error}): copy it again, or run `layerbench run` again"
        ) from error
    if profile is None or profile.diff_id != diff_id:
        raise UsageError(f"{side_file} has another layer in place of {diff_id}: run `layerbench run` again with -o")
    return profile


def _instructions(build: Build, image: Image, summary: ImageSummary | None) -> list[str]:
    """Of each layer the step's instruction; of the base's layers what their own history told."""
    told = [layer.instruction for layer in summary.layers] if summary else []
    told += [""] * (len(image.layers) - len(told))
    return [
        from_history if step is None else " ".join(step.instruction.split())
        for step, from_history in zip(_steps(build, image), told, strict=False)
    ]


def _steps(build: Build, image: Image) -> list[Step | None]:
    """The step that made each layer; None for the base's layers, and where the position leads nowhere."""
    by_position = dict(enumerate(build.steps))
    return [by_position.get(layer.step) if layer.step is not None else None for layer in image.layers]


def _choose(result: Result, selection: str, file: str) -> Build:
    """The build that is meant, the last of its kind.

    Raises:
        UsageError: there is none; it lists what there is.
    """
    builds = [build for build in result.builds if build.image is not None]
    if not builds:
        raise UsageError(f"{file} has no build with an image: give the result file of a run that built something")
    variants = [build.variant for build in builds]
    if selection:
        return _by_variant(builds, selection, file)
    if len(set(variants)) > 1:
        raise UsageError(f"{file} has several variants: give one as {file}:VARIANT ({_listed(variants)})")
    return _last_by_default(builds)


def _by_variant(builds: Sequence[Build], text: str, file: str) -> Build:
    def choose(variant: str, rest: str | None) -> Build:
        of_variant = [build for build in builds if build.variant == variant]
        return _last_by_default(of_variant) if rest is None else _by_scenario(of_variant, rest, file)

    return _longest(text, [build.variant for build in builds], f"{file} has no image of the variant", choose)


def _by_scenario(builds: Sequence[Build], text: str, file: str) -> Build:
    def choose(scenario: str, rest: str | None) -> Build:
        of_scenario = [build for build in builds if build.scenario == scenario]
        return _last(of_scenario) if rest is None else _by_round(of_scenario, rest, file)

    what = f"{file} has no image of {_shown(builds[0].variant)} in the scenario"
    return _longest(text, [build.scenario for build in builds], what, choose)


def _by_round(builds: Sequence[Build], text: str, file: str) -> Build:
    rounds = [str(build.round) for build in builds]
    if text not in rounds:
        what = f"{_shown(builds[0].variant)} in {_shown(builds[0].scenario)}"
        raise UsageError(f"{file} has no image of {what} in the round {_shown(text)}: there are {_listed(rounds)}")
    return builds[rounds.index(text)]


def _longest(text: str, names: Iterable[str], what: str, choose: Callable[[str, str | None], Build]) -> Build:
    """The build that is chosen by the longest name that a text begins with, and by what stands behind its colon.

    Names may have colons too: a shorter one serves where a longer one leads to nothing.
    """
    failure: UsageError | None = None
    for name in sorted(set(names), key=len, reverse=True):
        if text != name and not text.startswith(f"{name}:"):
            continue
        try:
            return choose(name, text[len(name) + 1 :] if len(text) > len(name) else None)
        except UsageError as error:
            failure = failure or error
    raise failure or UsageError(f"{what} {_shown(text)}: there are {_listed(names)}")


def _last_by_default(builds: Sequence[Build]) -> Build:
    """The last cold build, or else the last one in the first scenario."""
    scenarios = [build.scenario for build in builds]
    scenario = _COLD if _COLD in scenarios else scenarios[0]
    return _last([build for build in builds if build.scenario == scenario])


def _last(builds: Sequence[Build]) -> Build:
    return max(builds, key=lambda build: build.round)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_shown(name) for name in dict.fromkeys(names))


def _shown(name: str) -> str:
    """Enough of a name to know it by, on one line."""
    shown = name if name.isprintable() else ascii(name)
    return shown if len(shown) <= _SHOWN_LETTERS else f"{shown[:_SHOWN_LETTERS]}…"
