"""`layerbench engine`: a private Docker Engine beside any other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from layerbench.engine import EngineStatus, PrivateEngine

_name = click.option("--name", default="default", show_default=True, metavar="NAME", help="Which private engine.")


@click.group(
    epilog="""\b
Examples:
  layerbench engine up --fetch       bring it up, with Debian's packages where no Docker is installed
  eval "$(layerbench engine env)"    use it in this shell
  layerbench engine down --purge     take it away, with everything that is its own"""
)
def engine() -> None:
    """Run a private Docker Engine beside any other.

    It has its own images, cache, socket and bridge, and leaves those of other engines alone. Needs root.
    """


@engine.command(
    epilog="""\b
Examples:
  layerbench engine up
  layerbench engine up --fetch
  layerbench engine up --name old --suite trixie --image-store classic"""
)
@_name
@click.option("--fetch", is_flag=True, help="Download Debian's packages where no dockerd is installed.")
@click.option("--suite", metavar="SUITE", help="Fetch this Debian suite's packages, even where a dockerd is installed.")
@click.option(
    "--image-store",
    type=click.Choice(["containerd", "classic"]),
    help="Where images are kept  [default: containerd, later as before]",
)
def up(name: str, fetch: bool, suite: str | None, image_store: str | None) -> None:
    """Bring a private engine up; one that is up is left as it is.

    Fetched packages are unpacked into a folder of layerbench's own and not installed. Their mirror and its keys
    are those of the machine's apt configuration; without --suite it is the newest suite whose programs run here.
    Prints the engine's address.
    """
    from layerbench.engine import start

    found = start(name, fetch=fetch, suite=suite, image_store=image_store, notify=_say)
    click.echo(found.environment["DOCKER_HOST"])


@engine.command(
    epilog="""\b
Examples:
  layerbench engine status
  layerbench engine status --name old --json"""
)
@click.option("--name", metavar="NAME", help="Which private engine  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(name: str | None, as_json: bool) -> None:
    """Tell how private engines are."""
    from layerbench.engine import known_names
    from layerbench.engine import status as status_of

    found = [status_of(one, measure=True) for one in ([name] if name else known_names())]
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found], indent=2))
        return
    if not found:
        _say("there is no private engine: bring one up by `layerbench engine up`")
    for one in found:
        click.echo(_as_text(one))


@engine.command(
    epilog="""\b
Examples:
  eval "$(layerbench engine env)"
  layerbench engine env --name old --json"""
)
@_name
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def env(name: str, as_json: bool) -> None:
    """Print the variables that make docker use a private engine."""
    from layerbench.engine import find, shell_exports
    from layerbench.engine import status as status_of
    from layerbench.errors import EngineError

    found = find(name)
    if found is None:
        problem = status_of(name)
        prefix = "" if problem.state == "absent" else f"engine {name} is {problem.state}: "
        raise EngineError(f"{prefix}{problem.detail}")
    if as_json:
        click.echo(json.dumps(dict(found.environment), indent=2))
    else:
        click.echo(shell_exports(found), nl=False)


@engine.command(
    epilog="""\b
Examples:
  layerbench engine down
  layerbench engine down --all --purge"""
)
@_name
@click.option("--all", "every", is_flag=True, help="All private engines.")
@click.option("--purge", is_flag=True, help="Delete images, cache and all other files, too.")
def down(name: str, every: bool, purge: bool) -> None:
    """Take a private engine down; its images and cache are kept for the next time.

    With --purge nothing is left: no process, no mount, no bridge, no packet filter rule, no file; and the
    fetched packages go with the last engine that uses them.
    """
    from layerbench.engine import known_names, stop

    names = known_names() if every else [name]
    if not names:
        _say("there is no private engine")
    for one in names:
        stop(one, purge=purge, notify=_say)


def _say(message: str) -> None:
    click.echo(f"layerbench: {message}", err=True)


def _as_json(found: EngineStatus) -> dict[str, Any]:
    return {
        "name": found.name,
        "state": found.state,
        "detail": found.detail,
        "process_id": found.process_id,
        "server_version": found.server_version,
        "data_bytes": found.data_bytes,
        **(_engine_fields(found.engine) if found.engine else {}),
    }


def _engine_fields(found: PrivateEngine) -> dict[str, Any]:
    return {
        "home": str(found.home),
        "socket": str(found.socket),
        "bridge": found.bridge,
        "bridge_address": found.bridge_address,
        "image_store": found.image_store,
        "source": found.source,
        "docker_command": list(found.docker_command),
        "environment": dict(found.environment),
    }


def _as_text(found: EngineStatus) -> str:
    lines = [f"{found.name}: {found.state} ({found.detail})"]
    if found.engine:
        facts = {
            "programs": found.engine.source,
            "image store": found.engine.image_store,
            "bridge": f"{found.engine.bridge}, {found.engine.bridge_address}",
            "files": f"{found.engine.home}, {(found.data_bytes or 0) / 1e6:.0f} MB",
        }
        lines += [f"  {word + ':':<13}{value}" for word, value in facts.items()]
    return "\n".join(lines)
