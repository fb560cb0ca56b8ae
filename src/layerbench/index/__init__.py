"""The local package index that a run serves to its builds.

pip keeps what it downloads only where the index allows it, by its caching headers. Where the index in use sends none,
a cache mount and `--no-cache-dir` look useless when they are not; then a run serves an index of its own.
"""

from layerbench.index.base import by_name, derived_base_dockerfile, pip_conf
from layerbench.index.fill import cache_folder, fill, fill_folder
from layerbench.index.probe import allows_caching, probe_caching
from layerbench.index.server import serve

__all__ = [
    "allows_caching",
    "by_name",
    "cache_folder",
    "derived_base_dockerfile",
    "fill",
    "fill_folder",
    "pip_conf",
    "probe_caching",
    "serve",
]
