"""The machine's own apt sources: which mirror it uses, and which keys it trusts for it.

Formats: sources.list(5), both the one-line style (`*.list`) and deb822 (`*.sources`).
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>.*)")


@dataclass(frozen=True, slots=True)
class AptSource:
    """One archive, suite by suite, as apt would read binary packages from it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str | None
    """Signed-By: a keyring's path, fingerprints, or a whole key over several lines; None: apt's own keys."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """An archive that may hold Debian's suites."""

    uri: str
    components: tuple[str, ...]
    signed_by: str | None


def machine_sources() -> list[AptSource]:
    """All sources that the machine's apt is configured with.

    Raises:
        OSError: there is no apt here, or its files cannot be read.
        subprocess.CalledProcessError: apt's configuration is broken.
    """
    command = ("apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d")
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    places = dict(word.split("=", 1) for word in shlex.split(answer))
    return list(_read(Path(places["LIST"]), Path(places["PARTS"])))


def parse_one_line(text: str) -> Iterator[AptSource]:
    """The `deb` lines of a `sources.list`; what apt itself would refuse is passed over."""
    for line in text.splitlines():
        found = _ONE_LINE.match(line.partition("#")[0].strip())
        if not found:
            continue
        options = dict(word.split("=", 1) for word in (found["options"] or "").split() if "=" in word)
        signed_by = options.get("signed-by", "").replace(",", " ") or None
        yield AptSource(found["uri"], found["suite"], tuple(found["components"].split()), signed_by)


def parse_deb822(text: str) -> Iterator[AptSource]:
    """The enabled stanzas of a `*.sources` file that hold binary packages, one source a URI and suite."""
    for stanza in _stanzas(text):
        if "deb" not in stanza.get("types", "").split() or _is_no(stanza.get("enabled", "yes")):
            continue
        components = tuple(stanza.get("components", "").split())
        signed_by = stanza.get("signed-by") or None
        for uri in stanza.get("uris", "").split():
            for suite in stanza.get("suites", "").split():
                yield AptSource(uri, suite, components, signed_by)


def debian_mirrors(sources: Iterable[AptSource], codename: str) -> list[Mirror]:
    """The mirrors that may hold the distribution's own packages, the likeliest first, none twice.

    A source of the machine's own release comes before others and one that is verified with the archive's own
    keyring before others: third parties also publish a component called `main`. Whether a mirror really has a
    suite is for apt to find out. CD-ROMs are left out.
    """
    fitting = [
        source
        for source in sources
        if "main" in source.components and "/" not in source.suite and not source.uri.startswith("cdrom:")
    ]
    fitting.sort(key=lambda source: (not _own_keyring(source), source.suite != codename, "-" in source.suite))
    return list(dict.fromkeys(Mirror(source.uri, source.components, source.signed_by) for source in fitting))


def _own_keyring(source: AptSource) -> bool:
    return source.signed_by is not None and "-archive-keyring" in source.signed_by


def _read(source_list: Path, parts: Path) -> Iterator[AptSource]:
    if source_list.is_file():
        yield from parse_one_line(source_list.read_text(encoding="utf-8", errors="replace"))
    if not parts.is_dir():
        return
    for file in sorted(parts.iterdir()):
        if file.suffix == ".list":
            yield from parse_one_line(file.read_text(encoding="utf-8", errors="replace"))
        elif file.suffix == ".sources":
            yield from parse_deb822(file.read_text(encoding="utf-8", errors="replace"))


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Fields of each stanza, names in lower case; continuation lines keep their line breaks (deb822(5))."""
    fields: dict[str, str] = {}
    current = ""
    for line in (*text.splitlines(), ""):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, current = {}, ""
        elif line[0] in " \t":
            if current:
                fields[current] += "\n" + line
        else:
            name, _, value = line.partition(":")
            current = name.strip().lower()
            fields[current] = value.strip()


def _is_no(value: str) -> bool:
    return value.strip().lower() in {"no", "false", "without", "off", "disable", "0"}
