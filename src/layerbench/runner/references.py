"""What a person may mean by the name of an image."""

from __future__ import annotations

import re

_FILE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".json", ".oci", ".zip")
# More than what a name may be, and only that: docker itself has the last word.
_IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*\Z")


def can_be_an_image(reference: str) -> bool:
    """Whether it can be the name of an image in an engine or a registry."""
    return _IMAGE_NAME.match(reference) is not None


def looks_like_a_file(reference: str) -> bool:
    """Whether somebody who wrote this meant a file, so that no registry is to be asked for it."""
    return any(part.endswith(_FILE_SUFFIXES) for part in (reference, reference.partition(":")[0]))
