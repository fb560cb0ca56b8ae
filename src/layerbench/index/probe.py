"""Whether the package index in use lets pip keep what it downloads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from layerbench.index import pip
from layerbench.index.listing import Client


def probe_caching(project: str = "pip", timeout_seconds: float = 10.0) -> bool | None:
    """Whether the index that pip uses on this machine sends headers that let pip store a file.

    It asks for one file of a project that every index has, and reads its headers only. None when the index cannot be
    reached, or has no file of that project.

    Raises:
        UsageError: this machine has no pip.
        BuildError: pip cannot say what it is set to.
    """
    configured = pip.settings()
    client = Client(configured, timeout_seconds)
    try:
        files = client.files(pip.index_urls(configured)[0], project)
        if not files:
            return None
        with client.open(files[-1].url) as answer:
            return allows_caching(dict(answer.headers.items()))
    except OSError:
        return None


def allows_caching(headers: Mapping[str, str]) -> bool:
    """Whether pip stores an answer with such headers.

    The rules are those of CacheControl, the library that pip vendors (`controller.py`, `cache_response`): an ETag is
    enough; else there must be a Date, and a max-age above 0 or an Expires; `no-store` forbids it.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    control = lower.get("cache-control", "").lower()
    if "no-store" in control:
        return False
    if "etag" in lower:
        return True
    max_age = re.search(r"(?:^|[\s,])max-age\s*=\s*\"?(\d+)", control)
    if "date" not in lower:
        return False
    return int(max_age[1]) > 0 if max_age else bool(lower.get("expires"))
