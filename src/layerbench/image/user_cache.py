"""What this user's earlier calls found of images and their layers."""

from __future__ import annotations

from layerbench.image.image_cache import ImageCache
from layerbench.image.models import BlobInfoCache
from layerbench.image.profile_cache import ProfileCache, default_profile_cache_folder


def user_cache() -> BlobInfoCache:
    """A cache that looks into the user's cache folder, and keeps there what it is told."""
    layers = default_profile_cache_folder()
    return BlobInfoCache(ProfileCache(layers), ImageCache(layers.with_name("images")))
