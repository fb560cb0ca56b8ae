from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerbench.engine.addresses import (
    bridge_interface,
    choose_pool,
    name_servers,
    other_networks,
    pool_of_bridge,
    proxies,
)
from layerbench.errors import EngineError

keys = st.integers(0, 2**32 - 1).map(lambda number: f"{number:08x}")
networks = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.integers(int(IPv4Address("10.0.0.0")), int(IPv4Address("10.255.255.255"))),
    st.integers(10, 32),
)


@given(keys, st.lists(networks, max_size=12))
def test_a_pool_overlaps_with_nothing_that_is_taken(key, taken):
    pool = choose_pool(key, taken)
    assert pool.is_private
    assert pool.num_addresses == 4096
    assert not any(pool.overlaps(network) for network in taken)


@given(keys)
def test_an_engine_gets_the_same_pool_again(key):
    assert choose_pool(key, []) == choose_pool(key, [])


def test_the_next_free_range_is_taken():
    first = choose_pool("0000000a", [])
    assert choose_pool("0000000a", [IPv4Network((first.network_address + 77, 32))]) == IPv4Network(
        (first.network_address + 4096, 20)
    )


def test_the_search_goes_round_within_a_range():
    last = IPv4Network("10.255.240.0/20")
    assert choose_pool("00000fff", []) == last
    assert choose_pool("00000fff", [last]) == IPv4Network("10.0.0.0/20")


def test_other_private_ranges_follow():
    assert choose_pool("00000000", [IPv4Network("10.0.0.0/8")]) == IPv4Network("172.16.0.0/20")


def test_nothing_free_is_an_error_that_names_the_mend():
    with pytest.raises(EngineError, match="remove a route"):
        choose_pool("00000000", [IPv4Network("0.0.0.0/0")])


@given(keys)
def test_the_bridge_and_the_networks_of_people_share_the_pool_but_no_address(key):
    pool = choose_pool(key, [])
    bridge = bridge_interface(pool)
    assert bridge.ip in pool
    assert bridge.network.num_addresses == 256
    assert pool_of_bridge(bridge) == pool
    assert other_networks(pool).subnet_of(pool)
    assert not other_networks(pool).overlaps(bridge.network)


def test_name_servers_of_a_resolv_conf():
    text = "# nameserver 10.9.9.9\nsearch lan\nnameserver 10.1.2.3\n nameserver 2001:db8::1\nnameserver\t192.168.1.1 \n"
    assert name_servers(text) == [IPv4Network("10.1.2.3/32"), IPv4Network("192.168.1.1/32")]


def test_proxies_of_the_environment():
    environment = {
        "http_proxy": "http://user:word@10.0.0.5:3128/",
        "HTTPS_PROXY": "10.0.0.6:3128",
        "all_proxy": "socks5h://proxy.example:1080",
        "no_proxy": "10.0.0.7",
    }
    assert proxies(environment) == [IPv4Network("10.0.0.5/32"), IPv4Network("10.0.0.6/32")]
