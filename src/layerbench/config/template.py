"""A bench file as commented TOML, for a person to go on from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

from layerbench.config.models import Append, BenchFile, Edit, Replace, Scenario, SmokeHttp, Touch, Variant
from layerbench.errors import UsageError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

_HEAD = """\
# The bench file of layerbench: which image builds `layerbench run` does and measures.
#
# A line that begins with "#" and no space is a setting that is switched off; take the "#" away to use it.
# Paths start in this file's folder. A duration is "90s", "2m", "500ms" or a number of seconds.
# `layerbench plan` prints the builds that a run would do.

# The name that stands above the tables.
"""

_ROUNDS = """
# How often all variants and scenarios are passed over; variants take turns, so that a drift of the machine hits
# all alike. Below five rounds no significance is claimed.
"""

_VARIANTS = """
# --- Variants: the ways to build the image that are compared -----------------------------------------------
"""

_VARIANT_OPTIONS = """
# All that a variant can have:
#[variants.example]
#dockerfile = "example.Dockerfile"            # without it: the variant's name and .Dockerfile
#context = "."                                # the folder that is built from
#target = "runtime"                           # the stage to build; without it the last
#build_args = { VERSION = "1.2.3" }
#build_contexts = { assets = "docker-image://alpine" }
#secrets = [{ id = "token", env = "TOKEN" }, { id = "netrc", file = ".netrc" }]  # values are never recorded
#ssh = ["default"]
#platform = "linux/amd64"
#network = "none"                             # of RUN: default, none or host
#timeout = "30m"                              # for one build
#extra_args = ["--ulimit", "nofile=4096"]     # further options of `docker buildx build`
#smoke = { command = ["app", "--version"], timeout = "10s" }  # its own instead of [smoke]
"""

_SCENARIOS = """
# --- Scenarios: the cache that a build starts from, and the edit that comes before it ------------------------
# Built in are `cold` (nothing cached) and `warm` (nothing changed). Others are edits on a warm cache, done to a copy
# of the context: this folder is never written to. {nonce} becomes text that was never used before.
"""

_SCENARIO_OPTIONS = """
# All that an edit can be; a scenario can have several, and can be for some variants only:
#[scenarios.example]
#description = "every kind of edit"
#variants = [<variant>]
#edits = [
#  { append = "app.py", text = "\\n# {nonce}\\n" },
#  { replace = "requirements.txt", pattern = '^flask==.*$', with = "flask==3.0.0" },  # every match; multiline
#  { write = "new/file.txt", text = "{nonce}" },
#  { delete = "old.txt" },
#  { rename = "a.py", to = "b.py" },
#  { chmod = "run.sh", mode = "0755" },
#  { touch = "app.py" },                          # modification time only
#  { patch = "change.diff" },                     # a unified diff
#  { run = "sed -i s/1/2/ app.py" },              # a command in the copy
#]
"""

_SMOKE = """
# --- Smoke test: an image that does not work is reported as failed --------------------------------------------
# The image is run once and works if the path on its port answers with HTTP 200; or `command = [...]` in place of
# `port` and `path`: it works if that command, run in it, exits with 0.
"""

_REST = """
# --- Where registry or package index get in the way ------------------------------------------------------------
# Stand-ins for bases that cannot be pulled: docker-image:// or oci-layout://, ${NAME} from the environment.
#[bases]
#"python:3.12-slim" = "docker-image://mirror.example/python:3.12-slim"

# A package index that the run serves to the builds. `auto`: only where the index that is reached sends no caching
# headers, so that pip's cache stays empty; `always`: for figures without the network's noise; `never`.
#[index]
#serve = "auto"
#requirements = ["requirements.txt"]          # what it holds, with dependencies
#packages = ["flask==3.0.0"]                  # more, such as the pins that an edit changes to
#sources = ["psycopg2"]                       # held as source, to be compiled in the build
#python_version = "3.12"                      # of the image that installs
"""


def bench_file_text(bench: BenchFile, smoke: SmokeHttp | None) -> str:
    """The TOML text of a discovered bench file.

    Args:
        bench: its variants have a Dockerfile and a context and nothing else, its edits append, replace or touch.
        smoke: a guess, which stands in the text switched off.
    """
    first = bench.variants[0].name if bench.variants else "example"
    parts = [
        _HEAD,
        f"name = {_string(bench.name)}\n",
        _ROUNDS,
        f"rounds = {bench.rounds}\n",
        _VARIANTS,
        "\n".join(_variant(variant, bench) for variant in bench.variants),
        _VARIANT_OPTIONS,
        _SCENARIOS,
        "\n".join(_scenario(scenario) for scenario in bench.scenarios if scenario.kind == "edit"),
        _SCENARIO_OPTIONS.replace("<variant>", _string(first)),
        _SMOKE,
        *_smoke(smoke),
        _REST,
    ]
    return "".join(parts)


def _variant(variant: Variant, bench: BenchFile) -> str:
    lines = [f"[variants.{_key(variant.name)}]", f"dockerfile = {_string(_relative(variant.dockerfile, bench))}"]
    if variant.context != bench.folder:
        lines.append(f"context = {_string(_relative(variant.context, bench))}")
    return "\n".join(lines) + "\n"


def _relative(path: os.PathLike[str], bench: BenchFile) -> str:
    return os.path.relpath(path, bench.folder)


def _scenario(scenario: Scenario) -> str:
    edits = ", ".join(_edit(edit) for edit in scenario.edits)
    description = f"description = {_string(scenario.description)}\n" if scenario.description else ""
    return f"[scenarios.{_key(scenario.name)}]\n{description}edits = [{edits}]\n"


def _edit(edit: Edit) -> str:
    match edit:
        case Append(path, text):
            return f"{{ append = {_string(path)}, text = {_string(text)} }}"
        case Replace(path, pattern, replacement):
            to = _string(replacement)
            return f"{{ replace = {_string(path)}, pattern = {_string(pattern)}, with = {to} }}"
        case Touch(path):
            return f"{{ touch = {_string(path)} }}"
        case _:
            raise TypeError(f"discovery makes no {type(edit).__name__}")


def _smoke(smoke: SmokeHttp | None) -> Iterator[str]:
    if smoke is not None:
        yield "# This is a guess from the Dockerfiles:\n"
    port, path = (smoke.port, smoke.path) if smoke is not None else (8000, "/health")
    yield f'#[smoke]\n#port = {port}\n#path = {_string(path)}\n#timeout = "30s"\n'


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _basic_string(name)


def _string(text: str) -> str:
    """A TOML string; a literal one where that spares backslashes."""
    is_literal = ("\\" in text or '"' in text) and "'" not in text and text.isprintable()
    return f"'{text}'" if is_literal else _basic_string(text)


def _basic_string(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        shown = text.encode(errors="replace").decode()
        mend = "write the bench file into the folder that is built from"
        raise UsageError(f'"{shown}" is not UTF-8 and cannot stand in a bench file; {mend}') from None
    # JSON's escapes are all TOML's as well; only DEL must be escaped in TOML and is not in JSON.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
