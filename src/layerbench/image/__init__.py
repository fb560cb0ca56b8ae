"""What a build made: layers and their bytes."""

from layerbench.image.archive import read_image_archive
from layerbench.image.history import attribute_layers
from layerbench.image.loading import load_layout
from layerbench.image.models import BlobInfoCache, HistoryEntry, SavedImage, SavedLayer
from layerbench.image.reading import read_image
from layerbench.image.saving import open_saved_image

__all__ = [
    "BlobInfoCache",
    "HistoryEntry",
    "SavedImage",
    "SavedLayer",
    "attribute_layers",
    "load_layout",
    "open_saved_image",
    "read_image",
    "read_image_archive",
]
