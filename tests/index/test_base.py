from __future__ import annotations

import configparser
import ipaddress

from layerbench.index.base import HOST_NAME, by_name, derived_base_dockerfile, pip_conf

URL = "http://172.17.0.1:8080/simple/"


def test_pip_conf_names_the_index_and_trusts_it():
    parser = configparser.ConfigParser()
    parser.read_string(pip_conf(URL))
    assert dict(parser["global"]) == {"index-url": URL, "trusted-host": "172.17.0.1"}


def test_a_name_stands_for_the_address():
    url, hosts = by_name(URL)
    assert url == f"http://{HOST_NAME}:8080/simple/"
    assert hosts == {HOST_NAME: "172.17.0.1"}
    assert ipaddress.ip_address(hosts[HOST_NAME]).is_private


def test_an_address_of_ipv6():
    assert by_name("http://[fd00::1]:80/simple/") == (f"http://{HOST_NAME}:80/simple/", {HOST_NAME: "fd00::1"})


def test_the_derived_base_is_the_base_and_a_pip_conf():
    lines = derived_base_dockerfile("python:3.12-slim", URL).splitlines()
    assert lines[0] == "FROM python:3.12-slim"
    assert lines[1] == "COPY <<EOF /etc/pip.conf"
    assert "\n".join(lines[2:-1]) + "\n" == pip_conf(URL)
    assert lines[-1] == "EOF"
