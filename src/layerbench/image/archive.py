"""An image archive, as `docker save` streams it, in a single pass over a stream that cannot seek.

The documents that say what a blob is come last in all forms of archives, so each blob is recognised by its first bytes
and measured when it passes; what it was good for is settled at the end (`layerbench.image.choosing`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from layerbench.errors import EngineError
from layerbench.image.blobs import Blob, ByteBudget, read_layer, sniff
from layerbench.image.choosing import (
    ALL_DOCUMENTS_BYTES,
    DOCUMENT_BYTES,
    Document,
    Wanted,
    WantedLayer,
    choose_image,
    normal_path,
)
from layerbench.image.documents import Platform
from layerbench.image.models import BlobInfo, BlobInfoCache, SavedImage
from layerbench.image.tar_stream import ByteSource, TarStream

_BLOB_PATH = re.compile(r"blobs/sha256/([0-9a-f]{64})\Z")


def read_image_archive(
    stream: ByteSource,
    known: BlobInfoCache,
    *,
    source: str,
    manifest_digest: str | None = None,
    platform: str | None = None,
    is_classic_store: bool | None = None,
) -> SavedImage:
    """Read the one image that is asked for out of an archive of `docker save`.

    Args:
        stream: The archive, uncompressed.
        known: What earlier images taught.
        source: How errors call the archive.
        manifest_digest: Which image to take; without it, the only one.
        platform: Which platform to take, as `os/architecture[/variant]`; without it, the only one.
        is_classic_store: See `read_stream`.

    Raises:
        EngineError: see `read_stream`.
    """
    wanted = Wanted(manifest_digest, platform=Platform.parse(platform) if platform else None)
    return read_stream(stream, known, wanted, source=source, is_classic_store=is_classic_store)


def read_stream(
    stream: ByteSource,
    known: BlobInfoCache,
    wanted: Wanted,
    *,
    source: str,
    is_classic_store: bool | None = None,
    budget: ByteBudget | None = None,
) -> SavedImage:
    """Read one image out of an archive that cannot seek.

    Layers in `known` are passed over; new ones are added to it. Nothing is unpacked to disk, and no layer is held in
    memory. The stream is read to its end.

    Args:
        stream: The archive, uncompressed.
        known: What earlier images taught.
        wanted: Which image to take.
        source: How errors call the archive.
        is_classic_store: Whether uncompressed layers stand for a store without compressed ones, so that their
            compressed size is gzip's; None to go by the archive.
        budget: Bounds what the layers unpack to.

    Raises:
        EngineError: the archive is cut short or damaged, a blob does not have the digest that it should have, or is
            missing, or no single image answers the question.
    """
    with_gzip_size = is_classic_store is not False
    members = _read_members(TarStream(stream, source), known, with_gzip_size=with_gzip_size, budget=budget)
    return choose_image(members, wanted, is_classic_store=is_classic_store)


@dataclass
class _PassedMembers:
    """What passed by; keys are member paths."""

    source: str
    documents: dict[str, Document] = field(default_factory=dict)
    blobs: dict[str, BlobInfo] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)
    """Members that were not read, and what they are."""
    end_bytes: int = 0

    def has(self, path: str) -> bool:
        """Whether there is a document of that path."""
        return path in self.documents

    def document(self, path: str) -> Document:
        """One document."""
        if path not in self.documents:
            raise self._not_found(path)
        return self.documents[path]

    def layers(self, wanted: Sequence[WantedLayer], *, with_gzip_size: bool) -> list[BlobInfo]:
        """What the layers were found to be; gzip's size was asked for when they passed."""
        paths = [follow_links(self.links, layer.path) for layer in wanted]
        for path in paths:
            if path not in self.blobs:
                raise self._not_found(path)
        return [self.blobs[path] for path in paths]

    def _not_found(self, path: str) -> EngineError:
        """The error for a document or a layer that should be there."""
        is_what = self.passed_over.get(path)
        if path in self.documents or path in self.blobs:
            is_what = "is no layer" if path in self.documents else "is no JSON document"
        if is_what is not None:
            return EngineError(f"{self.source}: {path!a} {is_what}; build or pull the image again")
        return EngineError(
            f"{self.source} ends at byte {self.end_bytes} without {path!a}; save, build or pull the image again"
        )


def follow_links(links: dict[str, str], path: str) -> str:
    """Where a path leads by the links among an archive's members; of a circle, some path in it."""
    for _ in range(len(links)):
        if path not in links:
            break
        path = links[path]
    return path


def link_target(path: str, target: str, *, is_symbolic: bool) -> str:
    """The path that a link of an archive stands for; hard links name theirs from the archive's root."""
    return normal_path(posixpath.join(posixpath.dirname(path) if is_symbolic else "", target))


def named_digest(path: str) -> str | None:
    """The digest that a blob's path says it has."""
    name = _BLOB_PATH.match(path)
    return f"sha256:{name[1]}" if name else None


def is_settled(blob: BlobInfo, *, with_gzip_size: bool) -> bool:
    """Whether what is known of a blob is all that is asked for."""
    return not (with_gzip_size and blob.digest == blob.diff_id and blob.gzip_bytes is None)


def _read_members(
    stream: TarStream, known: BlobInfoCache, *, with_gzip_size: bool, budget: ByteBudget | None
) -> _PassedMembers:
    members = _PassedMembers(stream.source)
    document_bytes = 0
    for member, reader in stream.members():
        path = normal_path(member.name)
        if member.issym() or member.islnk():
            members.links[path] = link_target(path, member.linkname, is_symbolic=member.issym())
        elif reader is not None:
            blob = Blob(reader, f"{stream.source}: {path!a}", member.offset_data)
            _read_member(members, path, blob, known, with_gzip_size=with_gzip_size, budget=budget)
            document_bytes += len(members.documents[path].data) if path in members.documents else 0
            if document_bytes > ALL_DOCUMENTS_BYTES:
                raise EngineError(f"{stream.source} has more than {ALL_DOCUMENTS_BYTES} bytes of JSON documents")
    members.end_bytes = stream.read_bytes
    return members


def _read_member(
    members: _PassedMembers,
    path: str,
    blob: Blob,
    known: BlobInfoCache,
    *,
    with_gzip_size: bool,
    budget: ByteBudget | None,
) -> None:
    digest = named_digest(path)
    known_blob = known.blob(digest) if digest else None
    if known_blob is not None and is_settled(known_blob, with_gzip_size=with_gzip_size):
        members.blobs[path] = known_blob
        return
    kind = sniff(blob.peek())
    if kind == "json":
        _keep_document(members, path, blob)
    elif kind == "other":
        members.passed_over[path] = "is neither gzip, zstd, tar nor JSON"
    else:
        members.blobs[path] = read_layer(blob, kind, with_gzip_size=with_gzip_size, budget=budget)
    if digest is not None and path not in members.passed_over and blob.digest != digest:
        raise blob.damaged(f"its digest is {blob.digest}")
    if path in members.blobs:
        known.add_blob(members.blobs[path])


def _keep_document(members: _PassedMembers, path: str, blob: Blob) -> None:
    data = b""
    for chunk in blob.chunks():
        data += chunk
        if len(data) > DOCUMENT_BYTES:
            members.passed_over[path] = f"is JSON of more than {DOCUMENT_BYTES} bytes"
            return
    members.documents[path] = Document(data, blob.digest)
