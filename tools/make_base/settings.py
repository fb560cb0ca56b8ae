"""What of this machine's settings the image needs, to reach the package index as the machine itself does."""

from __future__ import annotations

import configparser
import hashlib
import io
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from .cpython import Python
from .process import note, run

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def pip_settings(python: Python, environment: Mapping[str, str]) -> dict[str, str]:
    """This machine's pip settings that say which index is used and whom it trusts."""
    quiet = {**environment, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    has_pip = subprocess.run([python.executable, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    listed = run(python.executable, "-m", "pip", "config", "list", environment=quiet) if has_pip else ""
    settings = dict(re.findall(r"^(?:global|:env:|install)\.+([a-z-]+)='(.*)'$", listed, re.MULTILINE))
    return {name: settings[name] for name in ("index-url", "trusted-host", "cert", "timeout") if name in settings}


def added_certificates(environment: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Certificates in this machine's bundle that Debian's package lacks, by file name: those that were added here."""
    public: set[str] = set()
    for path in Path("/usr/share/ca-certificates").rglob("*.crt"):
        public.update("".join(text.split()) for text in CERTIFICATE.findall(path.read_text(errors="replace")))
    for name in (settings.get("cert"), environment.get("SSL_CERT_FILE"), SYSTEM_BUNDLE):
        if name and Path(name).is_file():
            found = CERTIFICATE.findall(Path(name).read_text(errors="replace"))
            added = [text for text in found if "".join(text.split()) not in public]
            return {f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.crt": text + "\n" for text in added}
    return {}


def pip_conf(settings: Mapping[str, str], has_own_certificates: bool) -> str:
    """The image's pip.conf, empty where pip needs none; an address with a password in it is left out."""
    chosen = {name: value for name, value in settings.items() if name != "cert"}
    if urlsplit(chosen.get("index-url", "")).password:
        note("the package index in pip's settings has a password in its address: it is left out of the image")
        del chosen["index-url"]
    if has_own_certificates:
        chosen["cert"] = SYSTEM_BUNDLE  # pip before 24.2 looks into a bundle of its own
    parser = configparser.RawConfigParser()
    parser["global"] = chosen
    text = io.StringIO()
    parser.write(text)
    return text.getvalue() if chosen else ""
