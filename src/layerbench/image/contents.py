"""An image, opened: its layers with the instruction and the profile of each, wherever it was found."""

from __future__ import annotations

from dataclasses import dataclass

from layerbench.errors import EngineError
from layerbench.image.created_by import layer_instructions
from layerbench.image.models import CompressedBytesSource, SavedImage
from layerbench.image.profile import LayerProfile


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """One layer to look into."""

    instruction: str
    """The Dockerfile instruction that made it, on one line; "" where nothing tells."""
    digest: str | None
    diff_id: str
    compressed_bytes: int
    uncompressed_bytes: int
    profile: LayerProfile


@dataclass(frozen=True, slots=True)
class ImageContents:
    """One image to look into, the base's layers first."""

    name: str
    """As the person called it."""
    layers: tuple[ImageLayer, ...]
    compressed_bytes_source: CompressedBytesSource
    platform: str | None
    manifest_digest: str | None
    config_digest: str

    @property
    def compressed_bytes(self) -> int:
        """Sum over the layers."""
        return sum(layer.compressed_bytes for layer in self.layers)

    @property
    def uncompressed_bytes(self) -> int:
        """Sum over the layers."""
        return sum(layer.uncompressed_bytes for layer in self.layers)


def contents_of(image: SavedImage, name: str) -> ImageContents:
    """An image that was read, with the instructions that its own history tells.

    Raises:
        EngineError: a layer was read without its profile.
    """
    instructions = layer_instructions(image.history, len(image.layers))
    layers = []
    for layer, instruction in zip(image.layers, instructions, strict=True):
        if layer.profile is None:
            raise EngineError(f"{name}: layer {layer.diff_id} was read without its files; read the image again")
        layers.append(
            ImageLayer(
                instruction,
                layer.digest,
                layer.diff_id,
                layer.compressed_bytes,
                layer.uncompressed_bytes,
                layer.profile,
            )
        )
    return ImageContents(
        name,
        tuple(layers),
        image.compressed_bytes_source,
        image.platform,
        image.manifest_digest,
        image.config_digest,
    )
