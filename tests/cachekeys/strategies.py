"""Inputs and keys of any shape, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from layerbench.cachekeys.models import BuildInputs, BuildKeys, InputKey, Invocation, StepKey
from layerbench.context.models import Entry, Fingerprint, Problem

# Lone surrogates stand for bytes of names that are no UTF-8.
TEXTS = st.one_of(st.sampled_from(["app", "a b", "é", "\udc80x", "a\nb"]), st.text(max_size=8))
NAMES = st.lists(st.sampled_from(["a", "b.py", "lib", "\udcff"]), min_size=1, max_size=3).map("/".join)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
MODES = st.integers(0, 0o7777)
ENTRIES = st.one_of(
    st.builds(Entry, st.just("file"), MODES, st.integers(0, 2**50), st.none() | DIGESTS),
    st.builds(Entry, st.just("folder"), MODES),
    st.builds(Entry, st.just("link"), st.just(0o777), target=TEXTS),
)
FINGERPRINTS = st.builds(
    Fingerprint,
    st.dictionaries(NAMES, ENTRIES, max_size=6),
    st.lists(st.builds(Problem, NAMES, TEXTS), max_size=2).map(tuple),
)
_BY_NAME = st.dictionaries(TEXTS, TEXTS, max_size=2)
INPUTS = st.builds(
    BuildInputs,
    dockerfile=TEXTS,
    invocation=st.builds(
        Invocation,
        target=st.none() | TEXTS,
        build_args=_BY_NAME,
        platform=st.none() | TEXTS,
        network=st.none() | TEXTS,
        add_hosts=_BY_NAME,
        extra_args=st.lists(TEXTS, max_size=2).map(tuple),
        secrets=st.lists(TEXTS, max_size=2).map(tuple),
    ),
    contexts=st.dictionaries(st.just("") | TEXTS, FINGERPRINTS, max_size=2),
    bases=st.dictionaries(TEXTS, st.none() | TEXTS, max_size=2),
    remote_contexts=_BY_NAME,
)
_STEP_KEYS = st.builds(
    StepKey,
    TEXTS,
    st.lists(st.builds(InputKey, st.none() | TEXTS, st.lists(TEXTS, max_size=2).map(tuple)), max_size=2).map(tuple),
)
KEYS = st.builds(
    BuildKeys, st.dictionaries(st.integers(0, 300), st.lists(_STEP_KEYS, max_size=2).map(tuple), max_size=4)
)
