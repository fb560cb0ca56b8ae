"""What a build made: layers and their bytes.

Names are imported when they are asked for: what is known of an image is told before what reads one could be loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_MODULES = {
    "BlobInfoCache": "models",
    "HistoryEntry": "models",
    "SavedImage": "models",
    "SavedLayer": "models",
    "attribute_layers": "history",
    "load_layout": "loading",
    "open_saved_image": "saving",
    "read_image": "reading",
    "read_image_archive": "archive",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
