"""Records `data/tar-corpus`: small tars, each with what must come out of it. Needs GNU tar for the sparse ones.

Run as `python -m tests.image.record_tars`, then read the differences: what is written is what the scanner says now.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from tests.image.scanning import CORPUS, outcome
from tests.image.tar_blocks import END, entry, gnu_long, header, pax

FILE = entry(b"a", b"content")
NEGATIVE = b"\xff" * 11 + b"\xfe"
BASE_256 = b"\x80" + (3).to_bytes(11, "big")

TARS: dict[str, bytes] = {
    "empty": b"",
    "only-end": END,
    "old-v7": b"".join(
        [
            header(b"folder/", b"\0", magic=b""),
            entry(b"folder/file", b"x" * 600, b"\0", magic=b""),
            header(b"folder/link", b"1", target=b"folder/file", magic=b"", size=600),
            header(b"folder/symlink", b"2", target=b"../x", magic=b""),
            END,
        ]
    ),
    "kinds": b"".join(
        [
            header(b"char", b"3"),
            header(b"block", b"4"),
            header(b"fifo", b"6"),
            entry(b"contiguous", b"7", b"7"),
            entry(b"unknown", b"8", b"Z"),
            header(b"set-id", mode=b"0104755\0"),
            END,
        ]
    ),
    "hard-link-with-size": header(b"link", b"1", target=b"./a", size=5000) + FILE + END,
    "whiteouts": b"".join(
        [
            entry(b"a/.wh.b"),
            entry(b".wh.root"),
            entry(b"a/.wh..wh..opq"),
            entry(b".wh..wh..opq"),
            entry(b"a/.wh..wh.plnk"),
            entry(b"a/.wh."),
            entry(b"a/.wh..", b"dot"),
            entry(b"a/.wh.folder/file"),
            header(b"a/.wh.gone/", b"5"),
            header(b".wh.b", b"1", target=b".wh..wh.plnk/1"),
            END,
        ]
    ),
    "paths": b"".join(
        entry(name)
        for name in (
            b"/absolute", b"./dot", b".", b"./", b"../../up", b"a/../b", b"a//b", b"a/./b", b"a/..", b"a/b/.",
            b"..", b"a/...", b"..a", b".hidden", b"a/.hidden/b", b"slash/", b"new\nline", b" ", b"latin\xe9", b"",
            b"./.wh.x", b".//x", b"././x", b"n" * 100,
        )
    ) + END,
    "ustar-prefix": entry(b"n" * 100, prefix=b"p" * 154 + b"/") + entry(b"name", prefix=b"folder") + END,
    "star-prefix": header(b"name", prefix=b"folder", changes={476: b"12345670123\0", 508: b"tar\0"}) + END,
    "gnu-times-are-no-prefix": header(b"name", magic=b"ustar  \0", prefix=b"12345670123\x0012345670123\0") + END,
    "gnu-long": gnu_long(b"folder/" + b"l" * 300) + gnu_long(b"t" * 300, b"K") + header(b"l", b"2", target=b"t") + END,
    "gnu-long-odd-length": gnu_long(b"n" * 511) + entry(b"n", b"abc") + gnu_long(b"n" * 512) + entry(b"n") + END,
    "pax": b"".join(
        [
            pax((b"path", b"folder/" + b"p" * 300), (b"mtime", b"1.5")) + entry(b"p", b"abc"),
            pax((b"linkpath", "\N{SNOWMAN}".encode())) + header(b"l", b"2", target=b"?"),
            pax((b"size", b"3")) + header(b"size", size=1) + b"abc".ljust(512, b"\0"),
            pax((b"path", b"")) + entry(b"kept"),
            pax((b"hdrcharset", b"BINARY"), (b"path", b"bytes\xff")) + entry(b"?"),
            pax((b"path", b"first")) + pax((b"path", b"last")) + entry(b"?"),
            pax((b"path", b"solaris"), kind=b"X") + entry(b"?"),
            pax((b"path", b"pax")) + gnu_long(b"gnu") + entry(b"?"),
            END,
        ]
    ),
    "pax-global": pax((b"path", b"nowhere"), (b"size", b"9"), (b"comment", b"x"), kind=b"g") + FILE + END,
    "pax-global-alone": pax((b"comment", b"x"), kind=b"g") + END,
    "base-256": header(b"a", size=BASE_256) + b"abc".ljust(512, b"\0") + END,
    "padded-numbers": header(b"a", size=b"         3 \0", mode=b"   644 \0") + b"abc".ljust(512, b"\0") + END,
    "twelve-digits": header(b"a", size=b"000000000003") + b"abc".ljust(512, b"\0") + END,
    "empty-numbers": header(b"a", size=bytes(12), mode=bytes(8)) + END,
    "signed-checksum": header(b"\xff\xfe", signed=True) + FILE + END,
    "no-end": FILE,
    "no-padding": FILE[: 512 + 7],
    "one-end-block": FILE + bytes(512),
    "more-behind-the-end": FILE + END + FILE + b"anything",
    "damaged-checksum": FILE + b"b" + FILE[1:] + END,
    "damaged-garbage": FILE + b"garbage",
    "damaged-garbage-block": FILE + b"garbage!" * 64,
    "damaged-after-one-zero-block": FILE + bytes(512) + FILE,
    "damaged-size-lies": header(b"a", size=5000) + b"content",
    "damaged-size-is-huge": header(b"a", size=b"\x80" + b"\x7f" * 11) + b"content",
    "damaged-size-is-negative": header(b"a", size=NEGATIVE) + END,
    "damaged-size-is-text": header(b"a", size=b"size") + END,
    "damaged-size-of-a-folder": header(b"a/", b"5", size=b"0000000-001\0") + END,
    "damaged-mode": header(b"a", mode=b"rw-r--r-") + END,
    "damaged-header-cut": FILE[:500],
    "damaged-pax-alone": pax((b"path", b"x")),
    "damaged-pax-before-the-end": FILE + gnu_long(b"x") + END,
    "damaged-pax-cut": pax((b"path", b"x"))[:520],
    "damaged-pax-text": entry(b"x", b"no pax header", b"x") + FILE + END,
    "damaged-pax-length": entry(b"x", b"999 path=x\n", b"x") + FILE + END,
    "damaged-pax-short": entry(b"x", b"3 path=x\n", b"x") + FILE + END,
    "damaged-pax-zero-byte": pax((b"path", b"a\0b")) + FILE + END,
    "damaged-pax-size": pax((b"size", b"-1")) + FILE + END,
    "damaged-pax-size-text": pax((b"size", b"many")) + FILE + END,
    "damaged-pax-too-long": header(b"x", b"x", size=2**20 + 1) + END,
    "damaged-path-too-long": gnu_long(b"p" * (32 * 1024 + 1)) + FILE + END,
    "damaged-sparse-map": header(b"a", b"S", size=0, changes={482: b"\1", 483: b"00000000000\0"}),
    "sparse-size-is-odd": pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.realsize", b"99999999999")) + FILE + END,
}  # fmt: skip


def sparse_tars() -> dict[str, bytes]:
    """A file with more holes than a header has room for, as GNU tar stores it in each of its forms."""
    forms = {
        "gnu": ["--format=gnu"],
        "posix-0.0": ["--format=posix", "--sparse-version=0.0"],
        "posix-0.1": ["--format=posix", "--sparse-version=0.1"],
        "posix-1.0": ["--format=posix", "--sparse-version=1.0"],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "holes").open("wb") as file:
            for number in range(8):
                file.seek(number * 65536)
                file.write(b"%d" % number * 1024)
            file.truncate(600_000)
        (folder / "plain").write_bytes(b"plain")
        for path in folder.iterdir():
            path.chmod(0o640)
            os.utime(path, (0, 0))
        command = ["tar", "--sparse", "--owner=0", "--group=0", "--sort=name", "--pax-option=delete=atime,delete=ctime"]
        return {
            f"sparse-{form}": subprocess.run(
                [*command[: 5 if form == "gnu" else 6], "-b1", *options, "-cf", "-", "holes", "plain"],
                cwd=folder,
                check=True,
                stdout=subprocess.PIPE,
            ).stdout
            for form, options in forms.items()
        }


def main() -> None:
    """Write all."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    for old in CORPUS.iterdir():
        old.unlink()
    for name, data in {**TARS, **sparse_tars()}.items():
        (CORPUS / f"{name}.tar").write_bytes(data)
        (CORPUS / f"{name}.json").write_text(json.dumps(outcome(data), indent=1) + "\n")


if __name__ == "__main__":
    main()
