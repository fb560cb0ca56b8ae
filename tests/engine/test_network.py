from ipaddress import IPv4Network
from pathlib import Path

import pytest

from layerbench.engine.network import NetworkTools, deletions, rules, working_tools
from layerbench.errors import EngineError

POOL = IPv4Network("10.14.0.0/20")
LABEL = "layerbench-default-a54e60e0"

# As `iptables-nft -S` of iptables 1.8.9 printed them, with another private engine and a Docker of the machine.
FORWARD = """\
-P INPUT ACCEPT
-P FORWARD DROP
-N DOCKER-USER
-A FORWARD -s 10.14.0.0/20 -m comment --comment layerbench-default-a54e60e0 -j ACCEPT
-A FORWARD -d 10.14.0.0/20 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment layerbench-default-a54e60e0 -j ACCEPT
-A FORWARD -s 10.99.0.0/20 -m comment --comment layerbench-default-a54e60e01 -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -i lo -m comment --comment "it is not layerbench-default-a54e60e0" -j ACCEPT
-A DOCKER-USER -j RETURN
"""  # noqa: E501


def test_only_the_rules_with_exactly_our_comment_are_deleted():
    assert [" ".join(command) for command in deletions(FORWARD, LABEL)] == [
        f"-D FORWARD -s 10.14.0.0/20 -m comment --comment {LABEL} -j ACCEPT",
        f"-D FORWARD -d 10.14.0.0/20 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment {LABEL} -j ACCEPT",
    ]


def test_every_rule_of_ours_is_found_again_by_its_comment():
    made = rules(POOL, LABEL)
    listing = "\n".join(f"-A {chain} {' '.join(rule)}" for _, chain, _, rule in made)
    assert len(deletions(listing, LABEL)) == len(made) == 3


def test_translation_spares_traffic_between_the_engines_own_networks():
    table, chain, _, rule = rules(POOL, LABEL)[0]
    assert (table, chain) == ("nat", "POSTROUTING")
    assert " ".join(rule).startswith("-s 10.14.0.0/20 ! -d 10.14.0.0/20 ")


def program(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_an_iptables_whose_tables_the_kernel_lacks_is_passed_over(tmp_path):
    broken = program(tmp_path, "nft", "echo 'Failed to initialize nft: Protocol not supported' >&2; exit 1")
    working = program(tmp_path, "legacy", "echo '-P POSTROUTING ACCEPT'")
    assert working_tools(tmp_path / "ip", [broken, working]).iptables == working
    with pytest.raises(EngineError, match=r"packet filter cannot be used \(Failed to initialize nft"):
        working_tools(tmp_path / "ip", [broken])
    with pytest.raises(EngineError, match="iptables was not found"):
        working_tools(tmp_path / "ip", [])


def test_addresses_routes_and_gateways_are_taken(tmp_path):
    text = r"""
case "$*" in
*route*all*) echo '[{"dst":"default","gateway":"10.0.0.1","dev":"eth0"},{"dst":"10.8.0.0/16","dev":"vpn"},
  {"type":"local","dst":"10.0.0.7","dev":"eth0"}]';;
*route*default*) echo '[{"dst":"default","dev":"eth0"}]';;
*address*) echo '[{},{"ifname":"eth0","addr_info":[{"family":"inet","local":"10.0.0.7","prefixlen":24}]},
  {"ifname":"tun0","addr_info":[{}]}]';;
*link*) echo '[{"ifname":"eth0","mtu":1400},{"ifname":"small","mtu":600}]';;
esac"""
    tools = NetworkTools(program(tmp_path, "ip", text), None)
    assert sorted(map(str, tools.networks())) == ["10.0.0.0/24", "10.0.0.1/32", "10.0.0.7/32", "10.8.0.0/16"]
    assert tools.mtu_bytes() == 1400
    assert str(tools.bridge_address("eth0")) == "10.0.0.7/24"


def test_a_failing_command_is_told_with_its_reason(tmp_path):
    tools = NetworkTools(program(tmp_path, "ip", "echo 'RTNETLINK answers: File exists' >&2; exit 2"), None)
    with pytest.raises(EngineError, match="File exists"):
        tools.networks()
    with pytest.raises(EngineError, match="was not found: install it"):
        NetworkTools(tmp_path / "missing", None).networks()
