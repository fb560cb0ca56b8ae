"""How a base image comes to know the index: a pip.conf on top of it."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

HOST_NAME = "layerbench-index.invalid"
"""Stands for the server's address in builds; `.invalid` is never a real name (RFC 2606)."""


def by_name(url: str) -> tuple[str, dict[str, str]]:
    """The index's address with `HOST_NAME` in it, and the hosts (name to address) that builds must be told of.

    The name goes into the cache keys of a build's RUN steps, the address does not; and while the engine keeps its
    cache, the derived base of a later run on the same port is a hit, and so the same base.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    return urlunsplit(parts._replace(netloc=f"{HOST_NAME}:{parts.port}")), {HOST_NAME: host}


def pip_conf(url: str) -> str:
    """A pip.conf that makes pip use the index at `url`, and it alone."""
    return f"[global]\nindex-url = {url}\ntrusted-host = {urlsplit(url).hostname}\n"


def derived_base_dockerfile(base: str, url: str) -> str:
    """A Dockerfile for an image that is `base` with a /etc/pip.conf that names the index at `url`.

    It needs heredocs, which every frontend since dockerfile 1.4 has.
    """
    return f"FROM {base}\nCOPY <<EOF /etc/pip.conf\n{pip_conf(url)}EOF\n"
