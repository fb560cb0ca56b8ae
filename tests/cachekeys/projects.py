"""Small builds out of texts, for tests of the cache keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from layerbench.cachekeys.compare import BuildComparison, compare_builds
from layerbench.cachekeys.models import BuildInputs, Invocation
from layerbench.context.models import Entry, Fingerprint

FILES = {"a.txt": "a", "b.txt": "b", "src/x.py": "x", "src/y.md": "y", "data/one": "1"}


def fingerprint(files: Mapping[str, str]) -> Fingerprint:
    """Files of mode 644 with the folders that they are in."""
    entries: dict[str, Entry] = {}
    for path, text in files.items():
        for at, character in enumerate(path):
            if character == "/":
                entries.setdefault(path[:at], Entry("folder", 0o755))
        entries[path] = Entry("file", 0o644, len(text), hashlib.sha256(text.encode()).hexdigest())
    return Fingerprint(entries)


def build(dockerfile: str, files: Mapping[str, str] | None = None, **options: object) -> BuildInputs:
    """A build of a Dockerfile; `options` are those of the invocation."""
    bases = {"base:1": "sha256:1", "other:1": "sha256:2"}
    invocation = Invocation(**options)  # type: ignore[arg-type]
    return BuildInputs(dockerfile, invocation, {"": fingerprint({**FILES, **(files or {})})}, bases)


def outcomes(reference: BuildInputs, new: BuildInputs) -> dict[str, str]:
    """`ran` or `hit` by instruction; with a question mark where it is not certain."""
    return {
        step.step.instruction: step.outcome + ("?" if step.certainty == "unknown" else "")
        for step in compare_builds(reference, new).steps
        if step.outcome is not None
    }


def causes(comparison: BuildComparison) -> dict[str, tuple[str, int, str]]:
    """Kind, line of the first step and text, by instruction, of the steps that ran."""
    steps = comparison.plan.steps
    return {
        step.step.instruction: (step.cause.kind, steps[step.cause.first].line or 0, step.cause.text)
        for step in comparison.steps
        if step.cause is not None
    }
