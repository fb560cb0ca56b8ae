"""A project before and after one edit, and what of the edit has to show in the causes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerbench.cachekeys.models import BuildInputs, Invocation
from layerbench.context.fingerprint import take_fingerprint
from layerbench.context.ignore import read_ignore


@dataclass(frozen=True)
class File:
    """A file of a context."""

    text: str
    mode: int = 0o644


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Folder:
    """A folder that is there although it may be empty."""

    mode: int = 0o755


Node = File | Link | Folder


@dataclass(frozen=True)
class Project:
    """All that a build is made from."""

    dockerfile: str
    nodes: Mapping[str, Node]
    build_args: Mapping[str, str] = field(default_factory=dict)
    extra_args: tuple[str, ...] = ()
    target: str | None = None


@dataclass(frozen=True)
class Edit:
    """One change."""

    name: str
    kinds: frozenset[str]
    """Kinds of cause that the edit can be called."""
    mentions: tuple[str, ...] = ()
    """One of these stands in the cause's text or among its files; none asks for nothing."""
    touched: tuple[str, ...] = ()
    """Files that get a new time and nothing else."""


@dataclass(frozen=True)
class Case:
    """One generated or kept case."""

    name: str
    before: Project
    after: Project
    edit: Edit


class Site:
    """A project on disk: the context, and the Dockerfile beside it."""

    def __init__(self, folder: Path, project: Project, nonce: str) -> None:
        """Write the project; the nonce is in every file, so that none was ever built before."""
        self._nonce = nonce
        self.context = folder
        self.dockerfile = folder.with_name(f"{folder.name}.Dockerfile")
        self._project = replace(project, nodes={})
        self.context.mkdir()
        self.become(project)

    def become(self, project: Project) -> None:
        """Change only what is not the same."""
        old = dict(self._project.nodes)
        for path in sorted(old.keys() - project.nodes.keys(), reverse=True):
            place = self.context / path
            if place.is_dir() and not place.is_symlink():
                place.rmdir()
            else:
                place.unlink()
        for path, node in sorted(project.nodes.items()):
            if old.get(path) != node:
                self._write(self.context / path, node)
        self.dockerfile.write_text(project.dockerfile)
        self._project = project

    def touch(self, path: str) -> None:
        """Give a file another time."""
        later = time.time() + 7
        os.utime(self.context / path, (later, later))

    def inputs(self) -> BuildInputs:
        """What a build of it is made from."""
        fingerprint = take_fingerprint(self.context, read_ignore(self.dockerfile, self.context))
        project = self._project
        options = Invocation(project.target, project.build_args, extra_args=project.extra_args)
        return BuildInputs(project.dockerfile, options, {"": fingerprint})

    def _write(self, place: Path, node: Node) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(node, Folder):
            place.mkdir(exist_ok=True)
            place.chmod(node.mode)
            return
        if place.is_symlink() or place.is_file():
            place.unlink()
        if isinstance(node, Link):
            place.symlink_to(node.target)
            return
        place.write_text(f"{node.text}# {self._nonce}\n")
        place.chmod(node.mode)
