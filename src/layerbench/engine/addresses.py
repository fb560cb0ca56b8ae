"""Which addresses a private engine takes: none that the machine has a use for already. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import AddressValueError, IPv4Interface, IPv4Network
from urllib.parse import urlsplit

from layerbench.errors import EngineError

POOL_PREFIX = 20
"""An engine has 16 networks of 256 addresses: its bridge's, and more for `docker network create`."""

_PRIVATE_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))  # RFC 1918
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


def choose_pool(key: str, taken: Iterable[IPv4Network]) -> IPv4Network:
    """A range of private addresses that overlaps with none of `taken`.

    Args:
        key: hexadecimal digits of the engine; it decides where the search begins, so that an engine mostly
            gets the same range again and two engines different ones.
        taken: routes, addresses, name servers and so on.

    Raises:
        EngineError: everything is taken.
    """
    busy = list(taken)
    for pool in _candidates(int(key, 16)):
        if not any(pool.overlaps(network) for network in busy):
            return pool
    raise EngineError(
        "no free range of private IPv4 addresses is left for the engine's bridge: "
        "remove a route or a network that covers 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16"
    )


def bridge_interface(pool: IPv4Network) -> IPv4Interface:
    """The machine's address on the engine's bridge, with the bridge's network of 256 addresses."""
    return IPv4Interface(f"{pool.network_address + 1}/24")


def pool_of_bridge(bridge: IPv4Interface) -> IPv4Network:
    """The pool that a bridge's address is from: the reverse of `bridge_interface`."""
    return IPv4Network((bridge.ip, POOL_PREFIX), strict=False)


def other_networks(pool: IPv4Network) -> IPv4Network:
    """The upper half of the pool, for the networks that people create."""
    return list(pool.subnets(prefixlen_diff=1))[1]


def name_servers(resolv_conf: str) -> list[IPv4Network]:
    """IPv4 name servers of a resolv.conf(5): they may lie in a private range behind the default route."""
    return _hosts(re.findall(r"^\s*nameserver\s+(\S+)", resolv_conf, flags=re.MULTILINE))


def proxies(environment: Mapping[str, str] = os.environ) -> list[IPv4Network]:
    """IPv4 addresses of the proxies that the environment names."""
    urls = [value for name, value in environment.items() if name.lower() in _PROXY_VARIABLES]
    return _hosts(urlsplit(url if "//" in url else f"//{url}").hostname or "" for url in urls)


def _hosts(names: Iterable[str]) -> list[IPv4Network]:
    found = []
    for name in names:
        try:
            found.append(IPv4Network(name))
        except (AddressValueError, ValueError):
            continue  # a host name, or IPv6
    return found


def _candidates(start: int) -> Iterator[IPv4Network]:
    for private_range in _PRIVATE_RANGES:
        count = 2 ** (POOL_PREFIX - private_range.prefixlen)
        step = 2 ** (32 - POOL_PREFIX)
        for number in range(count):
            offset = (start + number) % count
            yield IPv4Network((int(private_range.network_address) + offset * step, POOL_PREFIX))
