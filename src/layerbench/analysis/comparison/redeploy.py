"""What a deploy transfers after an edit: the layers of the edited image that the image before it does not have."""

from __future__ import annotations

from collections.abc import Iterable

from layerbench.analysis.stats import ByteSpread, byte_spread
from layerbench.analysis.steps import is_valid
from layerbench.results.models import Build, Image, Layer, Result


def redeploy_bytes(warm: Image, edited: Image) -> int:
    """Compressed bytes of the layers of an edited image that a machine with the warm image does not have yet.

    Layers are known by their digest; where the engine keeps no compressed layers (the classic store), by their
    diff_id. A layer that an image has twice is transferred once.
    """
    has_digests = all(layer.digest is not None for layer in (*warm.layers, *edited.layers))
    known = {_identity(layer, has_digests=has_digests) for layer in warm.layers}
    new = {_identity(layer, has_digests=has_digests): layer.compressed_bytes for layer in edited.layers}
    return sum(count for identity, count in new.items() if identity not in known)


def redeploy_of(result: Result, variant: str, scenario: str) -> ByteSpread | None:
    """Redeploy bytes of a variant after an edit, over the rounds in which both images are known.

    The edited image of a round is held against the warm image of that round, or against the cold one where warm was
    not measured in it. None where the scenario is no edit, or where no round has both. Only builds that count do.
    """
    kinds = {one.name: one.kind for one in result.bench.scenarios}
    if kinds.get(scenario, "edit") != "edit":
        return None
    of_variant = [build for build in result.builds if build.variant == variant and is_valid(build)]
    cold, warm = (_by_round(build for build in of_variant if kinds.get(build.scenario) == kind) for kind in _BEFORE)
    before = cold | warm
    edited = _by_round(build for build in of_variant if build.scenario == scenario)
    return byte_spread(redeploy_bytes(before[round_], image) for round_, image in edited.items() if round_ in before)


_BEFORE = ("cold", "warm")


def _by_round(builds: Iterable[Build]) -> dict[int, Image]:
    return {build.round: build.image for build in builds if build.image is not None}


def _identity(layer: Layer, *, has_digests: bool) -> str:
    return layer.digest if has_digests and layer.digest is not None else layer.diff_id
