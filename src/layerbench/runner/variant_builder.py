"""All builds of one variant: its copy of the context, its namespace, and the state that its cache is in."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path

from layerbench.buildx.command import BuildRequest, Namespace
from layerbench.buildx.process import FinishedBuild, run_build
from layerbench.buildx.trace import Trace
from layerbench.config.models import Scenario, Secret, Variant
from layerbench.errors import BuildError, UsageError
from layerbench.instructions import Dockerfile, blank_syntax_line, parse_dockerfile
from layerbench.runner.build_inputs import BuiltFrom
from layerbench.runner.connect import Connection
from layerbench.runner.orphans import owner_variable
from layerbench.runner.records import step_records
from layerbench.runner.sources import Sources
from layerbench.runner.validity import cache_counts
from layerbench.workspace import Workspace

_WARM_ATTEMPTS = 2
_LONGEST_SLUG = 40
"""A tag has at most 128 characters."""

_LOST_TO_COLLECTION = re.compile(r"parent snapshot \S+ does not exist")


class WarmUpError(BuildError):
    """The unedited context, which an edit starts from, did not build."""

    def __init__(self, finished: FinishedBuild) -> None:
        super().__init__("the unedited context, which an edit starts from, did not build")
        self.finished = finished


class VariantBuilder:
    """Builds one variant from a copy of its context that only this run uses.

    The context's state is either as it is in the person's tree, or edited; `warm_up` and `edit` go from one to the
    other, so that every edit starts from the same warm base.
    """

    def __init__(
        self,
        connection: Connection,
        variant: Variant,
        sources: Sources,
        folder: Path,
        *,
        writes_anywhere: bool,
        on_update: Callable[[Trace], None],
    ) -> None:
        self.variant = variant
        self.sources = sources
        self._connection = connection
        self._folder = folder
        self._on_update = on_update
        self._workspace = Workspace.create(variant.context, folder, independent=writes_anywhere)
        self._namespace = Namespace.new()
        self._edited = False
        self._parsed = ("", sources.dockerfile)
        self._staged: tuple[bytes, bytes, Path] | None = None
        self._warm: tuple[int, int] | None = None

    @property
    def folder(self) -> Path:
        """For files of the moment."""
        return self._folder

    @property
    def namespace(self) -> Namespace:
        """The part of the cache that this round's builds use."""
        return self._namespace

    def begin_round(self) -> None:
        """Leave all behind that earlier rounds cached or sent."""
        self._restore()
        self._workspace.renew()
        self._namespace = Namespace.new()
        self._warm = None

    def build_cold(self, tag: str) -> FinishedBuild:
        """Build with nothing cached."""
        self._restore()
        self._warm = None
        finished = self._build(tag, no_cache=True)
        if _was_lost_to_collection(finished):
            # Nothing was learnt from it; and with --no-cache the second is as cold as the first.
            finished = self._build(tag, no_cache=True)
        return finished

    def build_warm(self, tag: str) -> FinishedBuild:
        """Build the unedited context again."""
        self._restore()
        finished = self._build(tag, no_cache=False)
        self._warm = self._counts(finished)
        return finished

    def warm_up(self, tag: str) -> tuple[int, int]:
        """Make sure that the unedited context is what the builder has, all of it cached.

        Returns:
            Cached and all steps of the last unedited build.

        Raises:
            WarmUpError: the unedited context does not build.
        """
        for _ in range(_WARM_ATTEMPTS):
            if self._warm is not None and self._warm[0] == self._warm[1]:
                break
            finished = self.build_warm(tag)
            if finished.exit_code != 0:
                raise WarmUpError(finished)
        return self._warm or (0, 0)

    def build_edited(self, tag: str, scenario: Scenario) -> FinishedBuild:
        """Apply a scenario's edits to the copy and build it."""
        self._workspace.apply(scenario.edits, secrets.token_hex(8))
        self._edited = True
        self._warm = None
        return self._build(tag, no_cache=False)

    def dockerfile(self) -> Dockerfile:
        """The Dockerfile as it is in the copy now; the unedited one where an edit spoiled it, and nothing was built."""
        try:
            text = self._dockerfile_path().read_text(errors="replace")
            if text != self._parsed[0]:
                self._parsed = (text, parse_dockerfile(text))
        except (OSError, UsageError):
            return self.sources.dockerfile
        return self._parsed[1]

    def last_request(self, tag: str) -> BuildRequest:
        """What the last build was told, but for `--no-cache`."""
        return self._request(tag, no_cache=False)

    def built_from(self) -> BuiltFrom:
        """Where that is which the last build was made from."""
        native_platform = self._connection.engine.platform
        return BuiltFrom(
            self.variant, self.sources, self._workspace.context, self._staged_dockerfile(), native_platform
        )

    def remove(self) -> None:
        """Delete the copy."""
        self._workspace.remove()

    def _restore(self) -> None:
        if self._edited:
            self._workspace.restore()
            self._edited = False

    def _counts(self, finished: FinishedBuild) -> tuple[int, int] | None:
        if finished.exit_code != 0:
            return None
        return cache_counts(step_records(finished, None))

    def _build(self, tag: str, *, no_cache: bool) -> FinishedBuild:
        request = self._request(tag, no_cache)
        return run_build(
            request.command(self._connection.docker),
            {**self._connection.docker.environ(), **owner_variable()},
            timeout_seconds=self.variant.timeout_seconds,
            on_update=self._on_update,
        )

    def _request(self, tag: str, no_cache: bool) -> BuildRequest:
        variant = self.variant
        return BuildRequest(
            context=self._workspace.context,
            dockerfile=self._staged_dockerfile(),
            tag=tag,
            namespace=self._namespace,
            no_cache=no_cache,
            builder=self._connection.builder_option,
            target=variant.target,
            build_args=variant.build_args,
            build_contexts={**self.sources.build_contexts, **variant.build_contexts},
            secret_specs=tuple(map(secret_spec, variant.secrets)),
            ssh=variant.ssh,
            platform=variant.platform,
            network=variant.network,
            add_hosts=self.sources.add_hosts,
            extra_args=variant.extra_args,
        )

    def _dockerfile_path(self) -> Path:
        """The Dockerfile in the copy where it is part of the context, so that edits reach it; else the person's."""
        variant = self.variant
        if variant.dockerfile.is_relative_to(variant.context):
            return self._workspace.context / variant.dockerfile.relative_to(variant.context)
        return variant.dockerfile

    def _staged_dockerfile(self) -> Path:
        """The Dockerfile to hand to buildx: without its syntax line where the built-in frontend serves.

        It then stands in a folder whose name was never used for other content, for BuildKit keeps what it was sent by
        the folder's name. The `<name>.dockerignore` beside a Dockerfile goes along.
        """
        source = self._dockerfile_path()
        if not self.sources.blanks_syntax_line or not source.is_file():
            return source
        ignore = source.with_name(source.name + ".dockerignore")
        content = (source.read_bytes(), ignore.read_bytes() if ignore.is_file() else b"")
        if self._staged is None or self._staged[:2] != content:
            staged = self._folder / f"dockerfile-{secrets.token_hex(8)}" / source.name
            staged.parent.mkdir()
            staged.write_bytes(blank_syntax_line(content[0]))
            if ignore.is_file():
                staged.with_name(ignore.name).write_bytes(content[1])
            self._staged = (*content, staged)
        return self._staged[2]


def _was_lost_to_collection(finished: FinishedBuild) -> bool:
    """Whether the engine collected a layer while it unpacked the image that needs it.

    Docker 28.5 with the containerd store does so where images that share layers with it were removed a moment ago, as
    at the end of an earlier run.
    """
    return finished.exit_code != 0 and any(_LOST_TO_COLLECTION.search(line) for line in finished.text)


def secret_spec(secret: Secret) -> str:
    """The value of `--secret`: where the secret is, never what it is."""
    import csv
    import io

    fields = io.StringIO()
    place = f"env={secret.env}" if secret.env is not None else f"src={secret.file}"
    csv.writer(fields, lineterminator="").writerow([f"id={secret.id}", place])  # buildx reads it as a line of CSV
    return fields.getvalue()


def slug(name: str) -> str:
    """A name as part of an image reference: lower case letters, digits, dashes; short, distinct for distinct names."""
    import hashlib

    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if plain == name and len(plain) <= _LONGEST_SLUG:
        return plain
    return f"{plain[:_LONGEST_SLUG].strip('-') or 'x'}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:6]}"
