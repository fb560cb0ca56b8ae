"""A compressed container with a magic line and a checksum."""

from __future__ import annotations

from layerbench.errors import UsageError

_LEVEL = 3
_MOST_BYTES = 1024**3
"""Of what is unpacked: a damaged file must not take all memory."""


def pack(magic: bytes, content: bytes) -> bytes:
    """Compress; the same content gives the same bytes."""
    import zstandard

    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, write_content_size=True)
    return magic + compressor.compress(content)


def unpack(magic: bytes, content: bytes) -> bytes:
    """What was packed.

    Raises:
        UsageError: another kind of file or version, or damaged.
    """
    import zstandard

    what = magic.decode().strip()
    if not content.startswith(magic):
        raise UsageError(f"this is no {what} file; make it again with this version")
    frame = content[len(magic) :]
    try:
        if not 0 <= zstandard.frame_content_size(frame) <= _MOST_BYTES:
            raise UsageError(f"the {what} file is damaged (it says no size that can be); make it again")
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        unpacked = decompressor.decompress(frame)
    except zstandard.ZstdError as error:
        raise UsageError(f"the {what} file is damaged ({error}); make it again") from None
    if not decompressor.eof or decompressor.unused_data:
        raise UsageError(f"the {what} file is cut short or has more than it should; make it again")
    return unpacked
