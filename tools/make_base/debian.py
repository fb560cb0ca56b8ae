"""The root file system: this machine's apt, with a state of its own, and mmdebstrap, run without being installed."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .process import Failed, run

# Newer times are set to this, so that the same packages give the same layers, and builds on them keep their cache.
NEWEST_MTIME = 1735689600
PACKAGES = ("ca-certificates", "netbase", "tzdata")  # what the official image has beyond Debian's minimum
DOCUMENTATION = tuple(f"usr/share/{name}/*" for name in ("doc", "man", "info", "locale", "lintian", "linda", "groff"))
DPKG_SETTINGS = (
    "".join(f"path-exclude=/{pattern}\n" for pattern in DOCUMENTATION)
    + "path-include=/usr/share/doc/*/copyright\nforce-unsafe-io\n"
)
APT_SETTINGS = """\
// As in Debian's official images: a build throws away what apt keeps for a next time.
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Apt::AutoRemove::SuggestsImportant "false";
"""
IN_CHROOT = r"""
set -e
ldconfig
update-ca-certificates >/dev/null
python3 -B -m ensurepip --default-pip >/dev/null
python3 -B - <<'EOF'
import importlib, pathlib, sys, sysconfig
folder = pathlib.Path(sysconfig.get_path("stdlib"), "lib-dynload")
missing = []
for module in sorted({path.name.split(".")[0] for path in folder.glob("*.so")}):
    try:
        importlib.import_module(module)
    except Exception as error:
        missing.append(f"{module} ({error})")
if sys.prefix != "/usr/local" or missing:
    sys.exit(f"the moved Python does not work: prefix {sys.prefix}, cannot import {', '.join(missing) or 'nothing'}")
EOF
"""


def acquire_settings() -> list[str]:
    """How this machine's apt reaches its mirrors, in apt.conf's words."""
    kept = re.compile(r"Acquire::(Check-|Retries|https?::)")
    return [line for line in run("apt-config", "dump").splitlines() if kept.match(line) and not line.endswith(' "";')]


def own_sources() -> list[Path]:
    """The files that name this machine's mirrors."""
    return [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]


def suite_of_machine() -> str:
    """The release's code name, such as bookworm: the CPython of this machine runs on its libraries."""
    name = platform.freedesktop_os_release().get("VERSION_CODENAME")
    if not name:
        raise Failed("/etc/os-release has no VERSION_CODENAME: name the Debian release with --suite", 2)
    return name


class Apt:
    """This machine's apt with a state of its own, so that the system's lists and cache stay as they are."""

    def __init__(self, folder: Path) -> None:
        for part in ("lists/partial", "cache/archives/partial", "downloads"):
            (folder / part).mkdir(parents=True)
        self.folder = folder
        self.options = (
            *("-q", f"-oDir::State::Lists={folder}/lists", f"-oDir::Cache={folder}/cache"),
            *("-oAPT::Sandbox::User=root", "-oAcquire::Languages=none"),
        )

    def update(self) -> None:
        """Fetch the lists of packages from the machine's own mirrors."""
        run("apt-get", *self.options, "update")

    def sources(self, suite: str) -> list[str]:
        """One-line sources of the distribution itself for `suite`; other repositories are left out."""
        distribution = platform.freedesktop_os_release()["ID"]
        fields = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)"
        listed = run("apt-get", *self.options, "indextargets", "--format", fields, "Created-By: Packages")
        suites = {suite, f"{suite}-updates", f"{suite}-security"}
        lines: dict[str, None] = {}
        for line in listed.splitlines():
            uri, release, component, origin = line.split(maxsplit=3)
            if release in suites and origin.lower() == distribution:
                lines[f"deb {uri} {release} {component}"] = None
        if not lines:
            raise Failed(f"this machine's apt sources name no mirror that answers for {suite}: add one")
        return list(lines)

    def unpack(self, *packages: str) -> Path:
        """Download packages and unpack them, without installing, into one folder."""
        run("apt-get", *self.options, "download", *packages, folder=self.folder / "downloads")
        for archive in (self.folder / "downloads").iterdir():
            run("dpkg-deb", "-x", archive, self.folder / "unpacked")
            archive.unlink()
        return self.folder / "unpacked"


def mmdebstrap_command(apt: Apt) -> tuple[list[str], dict[str, str]]:
    """How to start mmdebstrap, and the environment it needs; it is unpacked when not installed."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(NEWEST_MTIME), "LC_ALL": "C.UTF-8", "TMPDIR": scratch()}
    if shutil.which("mmdebstrap"):
        return ["mmdebstrap", "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr"], environment
    unpacked = apt.unpack("mmdebstrap")
    script = unpacked / "usr/bin/mmdebstrap"
    environment["PATH"] = f"{unpacked}/usr/bin:{environment.get('PATH', os.defpath)}"
    if subprocess.run(["perl", "-c", script], capture_output=True, check=False, env=environment).returncode:
        # A minimal Debian has perl-base only.
        listed = run("apt-cache", *apt.options, "depends", "perl")
        apt.unpack(*re.findall(r"Depends: (perl-modules-\S+|libperl\S+)", listed))
        folders = [*unpacked.glob("usr/share/perl/*"), *unpacked.glob("usr/lib/*/perl/*")]
        environment["PERL5LIB"] = os.pathsep.join(str(path) for path in folders)
    return [str(script), f"--hook-dir={unpacked}/usr/share/mmdebstrap/hooks/maybe-merged-usr"], environment


def scratch(memory: Path = Path("/dev/shm"), wanted_bytes: int = 2 * 1024**3) -> str:
    """Where mmdebstrap puts its root file system together: in memory where there is room, which halves its time."""
    with contextlib.suppress(OSError):
        room = os.statvfs(memory)
        if room.f_bavail * room.f_frsize >= wanted_bytes and not room.f_flag & os.ST_NOEXEC:
            return str(memory)
    return tempfile.gettempdir()


def bootstrap(apt: Apt, suite: str, packages: Sequence[str], overlay: Path, work: Path) -> Path:
    """Make the root file system of `suite`, with the tar file `overlay` unpacked over it; a tar file."""
    command, environment = mmdebstrap_command(apt)
    sources, script, archive = work / "debian.list", work / "in-chroot.sh", work / "root.tar"
    sources.write_text("\n".join(apt.sources(suite)) + "\n")
    script.write_text(IN_CHROOT)
    command += ["--variant=minbase", "--skip=output/mknod", f"--include={','.join(packages)}"]
    command += [f"--aptopt={line}" for line in acquire_settings()] + ["--dpkgopt=force-unsafe-io"]
    command += [f"--customize-hook=tar-in {overlay} /", f'--customize-hook=chroot "$1" sh -s <{script}']
    log = work / "mmdebstrap.log"
    with log.open("w") as stream:
        words = [*command, suite, str(archive), str(sources)]
        process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
        try:
            code = process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)  # it unmounts and removes what it made
            process.wait()
            raise
    if code:
        print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
        raise Failed(f"mmdebstrap ended with {code} while making a root file system of {suite}: its words stand above")
    return archive
