"""Debian's chromium in a folder of our own, for the tests that look at pages in a real browser.

Nothing is installed: packages of the machine's own release are downloaded by a private apt and unpacked below
`.layerbench/test-chromium`. What is there already is used again, without the network.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from layerbench.engine.apt import PrivateApt, unpack
from layerbench.engine.locks import locked
from layerbench.engine.packages import private_apt

CHECKOUT = Path(__file__).resolve().parent.parent
HOME = CHECKOUT / ".layerbench" / "test-chromium"
_PACKAGES = ("chromium", "fonts-dejavu-core")
_C_LIBRARY = ("libc6", "libc-", "libgcc-s1", "libcrypt1")


@dataclass(frozen=True)
class Chromium:
    """A browser that can be started."""

    program: Path
    environment: dict[str, str]


def find_chromium() -> Chromium:
    """The machine's own chromium, or the one below `.layerbench`, which is fetched where it is not there yet.

    Raises:
        EngineError: it cannot be fetched.
    """
    own = shutil.which("chromium")
    if own is not None:
        return Chromium(Path(own), dict(os.environ))
    HOME.mkdir(parents=True, exist_ok=True)
    root = HOME / "root"
    with locked(HOME / ".lock", _say, "another process is fetching chromium"):
        if not root.is_dir():
            _fetch(root)
    libraries = sorted({str(path.parent) for path in root.glob("**/*.so*") if "chromium" not in path.parts})
    return Chromium(
        root / "usr" / "lib" / "chromium" / "chromium",
        {
            **os.environ,
            "LD_LIBRARY_PATH": ":".join(libraries),
            "FONTCONFIG_FILE": str(_font_configuration(root)),
        },
    )


def _fetch(root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=HOME) as name:
        apt: PrivateApt = private_apt(Path(name))
        packages = [one for one in apt.closure(_PACKAGES) if not one.startswith(_C_LIBRARY)]
        _say(f"downloading chromium for the tests ({apt.download_bytes(packages) / 1e6:.0f} MB)")
        unpacked = Path(name) / "root"
        unpack(apt.download(packages), unpacked)
        unpacked.rename(root)


def _font_configuration(root: Path) -> Path:
    """The fonts that were unpacked: fontconfig's own file names the machine's folders only."""
    path = HOME / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig><dir>{root}/usr/share/fonts</dir><cachedir>{HOME}/fonts</cachedir></fontconfig>\n",
        encoding="utf-8",
    )
    return path


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    print(find_chromium().program)
