"""Builds whose progress streams are recorded by `tools/record-streams`, and where the recordings lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).parent / "data"
DOCKERFILES = DATA / "dockerfiles"
OLD, NEW = "buildx-0.13", "buildx-0.29"
"""Folders of the recordings: Docker 26.1 with the classic store, Docker 28.5 with the containerd store."""
ENGINES = (OLD, NEW)

BASE = "layerbench-test/busybox:1"
ONBUILD = "layerbench-test/onbuild:1"
NONCE = "{nonce}"
"""In a file: text that was never built before."""
URL_PREFIX = "http://files.example/"
"""In a Dockerfile: where the recorder's server is."""

_A = {"a.txt": f"a {NONCE}\n"}
_AB = {**_A, "b.txt": f"b {NONCE}\n"}


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded build."""

    name: str
    dockerfile: str = ""
    """Name of the Dockerfile; the case's own by default."""
    files: Mapping[str, str] = field(default_factory=lambda: _A)
    options: tuple[str, ...] = ("--provenance=false",)
    exit_code: int | None = 0
    """None where it differs between versions, and is just not 0."""
    engines: tuple[str, ...] = ENGINES
    build_first: bool = False
    """Whether the same was built just before; then `edits` were made."""
    options_first: tuple[str, ...] = ()
    edits: Mapping[str, str] = field(default_factory=dict)
    onbuild: bool = False
    """Whether the base with triggers is made first."""
    forget: bool = False
    """Whether the engine's own cache is pruned in between, so that the hits come from an exported cache."""
    interrupt_at: str | None = None
    """Ctrl-C as soon as a step printed this."""

    @property
    def dockerfile_path(self) -> Path:
        """The Dockerfile that was built."""
        return DOCKERFILES / f"{self.dockerfile or self.name}.Dockerfile"

    def stream_path(self, engine: str) -> Path:
        """The recording."""
        return DATA / engine / f"{self.name}.rawjson"


_PLAIN = ("--provenance=false",)

CASES = {
    case.name: case
    for case in (
        Case("one-stage"),
        Case("one-named-stage"),
        Case("many-stages"),
        Case("cache-mounts"),
        Case("copy-link", files=_AB),
        Case(
            "copy-link-parent-changed",
            build_first=True,
            options=(*_PLAIN, "--build-arg=VALUE=after"),
            options_first=("--build-arg=VALUE=before",),
        ),
        Case("heredocs"),
        Case("arg-before-from", options=(*_PLAIN, "--build-arg=TAG=1", "--build-arg=FOLDER=/given")),
        Case("onbuild", files=_AB, onbuild=True),
        Case("equal-instructions"),
        Case("target", options=(*_PLAIN, "--target=wanted")),
        Case("add-url"),
        Case(
            "named-context",
            options=(*_PLAIN, f"--build-context=python:3.12-slim=docker-image://{BASE}"),
        ),
        Case(
            "context-folder",
            files={**_A, "extra/big.txt": f"{NONCE} {'x' * 50_000}\n"},
            options=(*_PLAIN, "--build-context=extra=extra"),
        ),
        Case("warm", "one-stage", build_first=True),
        Case("source-edit", "one-stage", build_first=True, edits={"a.txt": f"edited {NONCE}\n"}),
        Case("ignored-edit", "one-stage", build_first=True, edits={"other.txt": f"edited {NONCE}\n"}),
        Case("no-cache", "one-stage", build_first=True, options=(*_PLAIN, "--no-cache")),
        Case("attestations", "one-stage", options=("--provenance=mode=max",), engines=(NEW,)),
        Case("failed-run", exit_code=1),
        Case("failed-copy", exit_code=1),
        Case("failed-beside", exit_code=1),
        Case("failed-after-hits", "failed-run", build_first=True, exit_code=1),
        Case("syntax-error", exit_code=1),
        Case("cancelled", interrupt_at="begun", exit_code=None),
        Case("two-platforms", files=_AB, options=(*_PLAIN, "--platform=linux/amd64,linux/arm64"), engines=(NEW,)),
        Case("cross-platform", options=(*_PLAIN, "--platform=linux/arm64")),
        Case("twelve-steps"),
        Case("twelve-steps-staged"),
        Case("upper-case"),
        Case("long-text"),
        Case("non-ascii", files={"ärger.txt": f"ä {NONCE}\n"}),
        Case("scratch"),
        Case("scratch-warm", "scratch", build_first=True),
        Case("root-workdir"),
        Case(
            "remote-hits",
            build_first=True,
            forget=True,
            options=(*_PLAIN, "--cache-from=type=local,src=cache"),
            options_first=("--cache-to=type=local,dest=cache,mode=min",),
            engines=(NEW,),
        ),
        Case(
            "remote-edit",
            "remote-hits",
            build_first=True,
            forget=True,
            edits={"a.txt": f"edited {NONCE}\n"},
            options=(*_PLAIN, "--cache-from=type=local,src=cache"),
            options_first=("--cache-to=type=local,dest=cache,mode=min",),
            engines=(NEW,),
        ),
        Case("noisy", exit_code=1),
    )
}

RECORDED = [(engine, case) for case in CASES.values() for engine in case.engines]
