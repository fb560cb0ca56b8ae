"""Two small images by hand, an earlier and a later one, whose every byte is known."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.image.archives import OCI_LAYER, OCI_MANIFEST, Layout, digest_of, gzipped

SITE = "usr/lib/python3.12/site-packages"
ODD_NAME = b"app/odd \xff\n.txt".decode(errors="surrogateescape")


def file_bytes(length: int) -> int:
    """Share of a tar that a file of that length has: a header and whole blocks (POSIX ustar)."""
    return 512 + (length + 511) // 512 * 512


def ustar(files: Mapping[str, bytes]) -> bytes:
    """A tar of plain files: a header each, the content, two blocks at the end."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT, errors="surrogateescape") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return output.getvalue()


def wheel(name: str, version: str, module_bytes: int) -> dict[str, bytes]:
    """Files of an installed Python package: a module and its `dist-info`."""
    info = f"{SITE}/{name}-{version}.dist-info"
    files = {
        f"{SITE}/{name}/__init__.py": b"#" * module_bytes,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
    }
    record = "".join(f"{path.removeprefix(f'{SITE}/')},,\n" for path in [*files, f"{info}/RECORD"])
    return {**files, f"{info}/RECORD": record.encode()}


BASE = ("ADD base.tar /", ustar({"etc/os-release": b"ID=none\n", "usr/bin/tool": b"\x7fELF" * 5000}))
PIP_CACHE = {"root/.cache/pip/http-v2/a/b": b"c" * 60_000}
BEFORE = (
    BASE,
    ("RUN pip install alpha==1.0 gone==0.1", ustar({**wheel("alpha", "1.0", 10_000), **wheel("gone", "0.1", 3_000)})),
    ("COPY . /app", ustar({"app/main.py": b"print(1)\n"})),
)
AFTER = (
    BASE,
    ("RUN pip install alpha==2.0", ustar({**wheel("alpha", "2.0", 50_000), **PIP_CACHE})),
    ("COPY . /app", ustar({"app/main.py": b"print(1)\n", ODD_NAME: b"odd"})),
)


def archive(*layers: tuple[str, bytes]) -> bytes:
    """An OCI layout as a tar, with the instructions in its history."""
    layout = Layout()
    blobs = [layout.add(gzipped(data), OCI_LAYER) for _, data in layers]
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [digest_of(data) for _, data in layers]},
        "history": [{"created_by": instruction, "comment": "buildkit.dockerfile.v0"} for instruction, _ in layers],
    }
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.add_json(config, "application/vnd.oci.image.config.v1+json"),
        "layers": blobs,
    }
    platform = {"os": "linux", "architecture": "amd64"}
    return layout.tar(layout.add_json(document, OCI_MANIFEST, platform=platform))


def write_images(folder: Path) -> tuple[Path, Path]:
    """Both archives, as `before.tar` and `after.tar`."""
    before, after = folder / "before.tar", folder / "after.tar"
    before.write_bytes(archive(*BEFORE))
    after.write_bytes(archive(*AFTER))
    return before, after


def write_empty_file(folder: Path) -> Path:
    """A file that is no image."""
    path = folder / "notes.json"
    path.write_text(json.dumps({"not": "an image"}))
    return path
