"""Random layers in which paths often meet."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from layerbench.image.profile import Entry
from tests.analysis.anatomy import build

some = settings(max_examples=40, deadline=None)
"""How many examples a test of whole images takes."""

# Characters on both sides of "/", which has to come first in tree order, and a byte that is no UTF-8.
NAMES = ("a", "a-b", "a b", "a\x01", "b", "\udc80")
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)
_files = st.builds(build.file, paths, st.sampled_from((0, 1, 511, 513, 5000, "same", "y" * 4096)))
_folders = st.builds(build.folder, paths | st.just(""))
_links = st.builds(build.symlink, paths, st.sampled_from(("a", "b/a"))) | st.builds(build.hardlink, paths, st.just("a"))
_removers = st.builds(build.whiteout, paths) | st.builds(build.opaque, paths | st.just(""))
entries: st.SearchStrategy[list[Entry]] = st.lists(_files | _folders | _files | _links | _removers, max_size=12)
layers: st.SearchStrategy[list[list[Entry]]] = st.lists(entries, max_size=5)
