"""What counts as an address of the web, beside the attacks in `tests/security/test_ssrf.py`."""

import pytest

from worker.web.errors import WebError
from worker.web.targets import private_hosts, target_of


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("http://example.com", "example.com", 80),
        ("HTTPS://Example.COM/a?b#c", "example.com", 443),
        ("http://a-b.example.com:8080/", "a-b.example.com", 8080),
        ("https://bücher.example/", "xn--bcher-kva.example", 443),
        ("https://under_score.example.com:8443/", "under_score.example.com", 8443),
        ("http://93.184.215.14/", "93.184.215.14", 80),
        ("http://[2606:2800::1]:8080/", "2606:2800::1", 8080),
        ("http://xn--e1afmkfd.xn--p1ai/", "xn--e1afmkfd.xn--p1ai", 80),
    ],
)
def test_usual_addresses_are_read(address: str, host: str, port: int) -> None:
    target = target_of(address, frozenset())
    assert (target.host, target.port, target.is_private) == (host, port, False)


@pytest.mark.parametrize("address", ["http://wiki:9000/x", "http://WIKI:9000/x", "http://[fd00::1]:7000/"])
def test_what_the_operator_named_is_read_wherever_it_is(address: str) -> None:
    assert target_of(address, private_hosts("wiki:9000, [FD00::1]:7000,")).is_private


@pytest.mark.parametrize("address", ["http://wiki/", "http://wiki:9001/", "http://other:9000/", "ftp://wiki:9000/"])
def test_what_the_operator_named_is_named_with_its_port(address: str) -> None:
    with pytest.raises(WebError):
        target_of(address, private_hosts("wiki:9000"))


@pytest.mark.parametrize("setting", ["wiki", "wiki:", ":80", "wiki:http", "wiki:0", "wiki:70000", "wiki:\u0664"])
def test_a_setting_without_sense_is_told(setting: str) -> None:
    with pytest.raises(ValueError, match="WEB_PRIVATE_HOSTS"):
        private_hosts(f"a:80,{setting}")
