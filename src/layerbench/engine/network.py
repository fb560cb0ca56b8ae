"""The engine's bridge, and the few packet filter rules that give it a network.

dockerd itself is told to leave the packet filter alone: its chains are shared by all engines of a machine,
and one that stops takes the others' network with it. So the rules are ours, each with our comment, and
exactly those are deleted again.
"""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from itertools import pairwise
from pathlib import Path
from typing import Any

from layerbench.errors import EngineError

_LOCK_WAIT_SECONDS = "10"
_USUAL_MTU_BYTES = 1500

Rule = tuple[str, str, str, tuple[str, ...]]
"""Table, chain, `-A` or `-I`, and the rule's own words."""


@dataclass(frozen=True, slots=True)
class NetworkTools:
    """The programs that change the machine's network."""

    ip: Path
    iptables: Path | None
    """None where there is none; then there are no rules of ours either."""

    def networks(self) -> list[IPv4Network]:
        """Every network that the machine has a route to or an address in, and its gateways."""
        routes = self._ip_json("-4", "route", "show", "table", "all")
        words = [route["dst"] for route in routes if route.get("dst", "default") != "default"]
        words += [route["gateway"] for route in routes if "gateway" in route]
        return [IPv4Network(word, strict=False) for word in words] + [entry.network for _, entry in self._addresses()]

    def mtu_bytes(self) -> int:
        """Largest packet that the way out takes; larger ones from the bridge would be lost."""
        devices = {route.get("dev") for route in self._ip_json("-4", "route", "show", "default")}
        sizes = [int(link["mtu"]) for link in self._ip_json("link", "show") if link["ifname"] in devices]
        return min([*sizes, _USUAL_MTU_BYTES])

    def add_bridge(self, bridge: str, interface: IPv4Interface) -> None:
        """Make the bridge and give it its address.

        Raises:
            EngineError: the kernel refused.
        """
        self._ip("link", "add", "name", bridge, "type", "bridge")
        self._ip("address", "add", str(interface), "dev", bridge)
        self._ip("link", "set", "dev", bridge, "up")

    def bridge_address(self, bridge: str) -> IPv4Interface | None:
        """The bridge's address, or None where it is missing or has none."""
        return next((address for name, address in self._addresses() if name == bridge), None)

    def delete_bridge(self, bridge: str) -> None:
        """Delete the bridge, if it is there, with whatever still hangs on it."""
        if not bridge_exists(bridge):
            return
        for port in self._ip_json("link", "show", "master", bridge):
            self._ip("link", "delete", "dev", port["ifname"], check=False)  # it may go with its container just now
        self._ip("link", "delete", "dev", bridge)

    def delete_bridges_in(self, pool: IPv4Network) -> None:
        """Delete the bridges of the networks that people created on the engine."""
        for name, address in self._addresses("type", "bridge"):
            if address.ip in pool:
                self.delete_bridge(name)

    def add_rules(self, pool: IPv4Network, label: str) -> None:
        """Let the engine's containers out, and the answers to them in; rules that stand already are kept.

        Raises:
            EngineError: the kernel refused.
        """
        for table, chain, position, rule in rules(pool, label):
            if self._iptables("-t", table, "-C", chain, *rule, check=False).returncode:
                self._iptables("-t", table, position, chain, *rule)

    def delete_rules(self, label: str) -> None:
        """Delete every rule with our comment, whatever else it says."""
        for table in ("nat", "filter"):
            for command in deletions(self._rules(table), label):
                self._iptables("-t", table, *command)

    def _rules(self, table: str) -> str:
        return self._iptables("-t", table, "-S", check=False).stdout if self.iptables else ""

    def _addresses(self, *selection: str) -> Iterator[tuple[str, IPv4Interface]]:
        for link in self._ip_json("-4", "address", "show", *selection):
            for entry in link.get("addr_info", ()):
                if "local" in entry:
                    yield link["ifname"], IPv4Interface(f"{entry['local']}/{entry['prefixlen']}")

    def _iptables(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        if self.iptables is None:
            raise EngineError("iptables was not found: install it, or fetch Debian's packages by --fetch")
        return _run((str(self.iptables), "-w", _LOCK_WAIT_SECONDS, *arguments), check=check)

    def _ip(self, *arguments: str, check: bool = True) -> str:
        return _run((str(self.ip), *arguments), check=check).stdout

    def _ip_json(self, *arguments: str) -> list[dict[str, Any]]:
        entries = json.loads(self._ip("-json", *arguments) or "[]")
        return [entry for entry in entries if entry]  # ip leaves {} for what a selection hides


def working_tools(ip: Path, iptables: Sequence[Path]) -> NetworkTools:
    """The tools, with the first iptables whose tables this kernel has.

    Raises:
        EngineError: the kernel has no address translation for any of them.
    """
    problem = "iptables was not found: install it, or fetch Debian's packages by --fetch"
    for candidate in iptables:
        done = _run((str(candidate), "-w", _LOCK_WAIT_SECONDS, "-t", "nat", "-S", "POSTROUTING"), check=False)
        if not done.returncode:
            return NetworkTools(ip, candidate)
        problem = f"the packet filter cannot be used ({_reason(done)}): the engine's builds would have no network"
    raise EngineError(problem)


def bridge_exists(bridge: str) -> bool:
    """Whether a link of this name is there."""
    try:
        socket.if_nametoindex(bridge)  # not /sys, which may show the links of another network namespace
    except OSError:
        return False
    return True


def rules(pool: IPv4Network, label: str) -> list[Rule]:
    """The rules of an engine.

    They go by address, not by bridge, so that they hold for the networks that people create as well. In
    FORWARD they come first: another engine may have set that chain to drop what it does not know.
    """
    comment = ("-m", "comment", "--comment", label)
    source, target = ("-s", str(pool)), ("-d", str(pool))
    answers = ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED")
    return [
        ("nat", "POSTROUTING", "-A", (*source, "!", *target, *comment, "-j", "MASQUERADE")),
        ("filter", "FORWARD", "-I", (*target, *answers, *comment, "-j", "ACCEPT")),
        ("filter", "FORWARD", "-I", (*source, *comment, "-j", "ACCEPT")),
    ]


def deletions(listing: str, label: str) -> list[list[str]]:
    """From the output of `iptables -S`: the arguments that delete the rules with the comment `label`."""
    found = []
    for line in listing.splitlines():
        words = shlex.split(line)
        if words[:1] == ["-A"] and _comment(words) == label:
            found.append(["-D", *words[1:]])
    return found


def _comment(words: Sequence[str]) -> str | None:
    return next((after for word, after in pairwise(words) if word == "--comment"), None)


def _run(command: tuple[str, ...], check: bool) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise EngineError(f"{command[0]} was not found: install it, or fetch Debian's packages by --fetch") from None
    if check and done.returncode:
        raise EngineError(f"`{' '.join(command)}` failed: {_reason(done)}")
    return done


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [re.sub(r"\s+", " ", line).strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[0] if lines else f"exit code {done.returncode}"
