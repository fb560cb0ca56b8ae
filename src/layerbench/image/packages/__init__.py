"""The packages that a layer's package databases tell of, and which files they own."""

from layerbench.image.packages.collector import PackageCollector

__all__ = ["PackageCollector"]
