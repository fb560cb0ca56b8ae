"""A private apt: downloads packages of any suite without touching the machine's own apt.

Lists, caches, logs and the (empty) list of installed packages live in one folder. Signatures are checked with
the keys that the machine trusts for the same mirror, and nothing switches that off.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from layerbench.engine.aptsources import Mirror
from layerbench.errors import EngineError

_TIMEOUT_SECONDS = 540
_HOOKS = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success")


@dataclass(frozen=True, slots=True)
class PrivateApt:
    """An apt of its own for one suite of one mirror."""

    suite: str
    folder: Path

    @classmethod
    def create(cls, folder: Path, mirror: Mirror, suite: str) -> PrivateApt:
        """Set it up in `folder` and fetch the suite's lists.

        Raises:
            EngineError: the mirror does not have the suite, or its signature cannot be verified.
        """
        for part in ("state/lists/partial", "cache/archives/partial", "log", "packages"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "state" / "status").touch()
        (folder / "apt.conf").write_text(configuration(folder), encoding="utf-8")
        (folder / "mirror.sources").write_text(source_stanza(mirror, suite, _architecture()), encoding="utf-8")
        apt = cls(suite, folder)
        apt._run("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any")
        return apt

    def available(self, packages: Iterable[str]) -> list[str]:
        """Those of `packages` that the suite has, in the order given."""
        wanted = list(packages)
        rows = self._run("apt-cache", "madison", *wanted).splitlines()
        found = {row.split("|")[0].strip() for row in rows}
        return [package for package in wanted if package in found]

    def closure(self, packages: Sequence[str]) -> list[str]:
        """`packages` and all that they depend on, as apt would install them on an empty system."""
        plan = self._run("apt-get", "install", "--simulate", "--no-install-recommends", *packages)
        return re.findall(r"^Inst (\S+)", plan, flags=re.MULTILINE)

    def download_bytes(self, packages: Sequence[str]) -> int:
        """How much a download of `packages` transfers."""
        return sum(parse_sizes(self._run("apt-get", "download", "--print-uris", *packages)))

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Download `packages`, verified by the signed lists; returns the `.deb` files."""
        target = self.folder / "packages"
        self._run("apt-get", "download", "-q", *packages, folder=target)
        return sorted(target.glob("*.deb"))

    def _run(self, program: str, *arguments: str, folder: Path | None = None) -> str:
        command = (program, "-c", str(self.folder / "apt.conf"), *arguments)
        environment = {**os.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                errors="replace",
                cwd=folder,
                env=environment,
                timeout=_TIMEOUT_SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError:
            raise EngineError(f"{program} was not found: only Debian's packages can be fetched") from None
        except subprocess.TimeoutExpired:
            raise EngineError(
                f"{program} {arguments[0]} took more than {_TIMEOUT_SECONDS} s: can the mirror be reached?"
            ) from None
        if done.returncode:
            raise EngineError(f"{program} {arguments[0]} failed for {self.suite}: {first_error(done.stderr)}")
        return done.stdout


def unpack(packages: Sequence[Path], root: Path) -> None:
    """Unpack `.deb` files below `root`, several at a time; nothing of them is run."""
    root.mkdir(parents=True, exist_ok=True)

    def unpack_one(package: Path) -> None:
        subprocess.run(("dpkg-deb", "--extract", package, root), check=True, capture_output=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(unpack_one, packages))


def configuration(folder: Path) -> str:
    """The apt.conf of a private apt that lives in `folder`.

    It is given by `-c`, which apt reads after the machine's own files, so that it wins while the machine's
    proxy settings stay in force. The machine's hooks would clean its package cache and refresh its
    catalogues: they go.
    """
    settings = {
        "Dir::Etc::SourceList": folder / "mirror.sources",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State": folder / "state",
        "Dir::State::Lists": "lists",
        "Dir::State::Status": folder / "state" / "status",
        "Dir::State::Extended_States": "extended_states",
        "Dir::Cache": folder / "cache",
        "Dir::Cache::Archives": "archives",
        "Dir::Cache::PkgCache": "pkgcache.bin",
        "Dir::Cache::SrcPkgCache": "",
        "Dir::Log": folder / "log",
        "APT::Get::AllowUnauthenticated": "false",
        "Acquire::AllowInsecureRepositories": "false",
        "Acquire::AllowDowngradeToInsecureRepositories": "false",
        "APT::Sandbox::User": "root",  # the folder is root's own: the user _apt cannot enter it
    }
    lines = [f"#clear {hook};" for hook in _HOOKS]
    lines += [f'{name} "{value}";' for name, value in settings.items()]
    return "\n".join(lines) + "\n"


def source_stanza(mirror: Mirror, suite: str, architecture: str) -> str:
    """One deb822 stanza: no more than packages' lists, and the keys of the machine's own entry."""
    fields = {
        "Types": "deb",
        "URIs": mirror.uri,
        "Suites": suite,
        "Components": " ".join(mirror.components),
        "Architectures": architecture,
        "Targets": "Packages",
    }
    if mirror.signed_by:
        fields["Signed-By"] = mirror.signed_by
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def parse_sizes(uris: str) -> list[int]:
    """Bytes of each file that `apt-get download --print-uris` names ('URI' file size hash)."""
    return [int(size) for size in re.findall(r"^'[^']*' \S+ (\d+)", uris, flags=re.MULTILINE)]


def first_error(stderr: str) -> str:
    """The first line of apt's messages that says what failed."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E:")]
    return (errors or lines or ["no message was given"])[0].removeprefix("E:").strip()


def _architecture() -> str:
    try:
        done = subprocess.run(("dpkg", "--print-architecture"), check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise EngineError("dpkg was not found: only Debian's packages can be fetched") from None
    return done.stdout.strip()
