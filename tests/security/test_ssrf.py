"""T30: an agent's address leads to no host inside, however it is spelled, redirected or looked up.

Looking up is a table here, and hosts are on the loopback network; nothing else is asked.
"""

import random
import shutil
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.figures import SIZE, figure
from tests.security.ssrf_spellings import PARTS, SPELLED
from tests.security.ssrf_world import OPEN, Noting, Table, here, pages_of
from tests.support.web_host import WebHost, http, leads_to, says
from worker.web.addresses import opened
from worker.web.errors import WebError
from worker.web.pages import Pages
from worker.web.pinned import PinnedTransport

OPEN_6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
_tally: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def said_at_the_end() -> Iterator[None]:
    yield
    figure("T30", f"{_tally['blocked']} addresses refused")


# --- spellings: each is refused before anything is connected to ---


@pytest.mark.parametrize("address", SPELLED)
async def test_no_spelling_leads_inside(address: str) -> None:
    connects = Noting()
    with pytest.raises(WebError):
        await pages_of(Table(), connects).read(address)
    assert connects.hosts == []
    _tally["blocked"] += 1


@pytest.mark.parametrize("address", SPELLED)
async def test_no_redirect_leads_inside(address: str) -> None:
    connects = Noting(location=address)
    with pytest.raises(WebError):
        await pages_of(Table(), connects).read("https://open.example/")
    assert connects.hosts == [OPEN]
    _tally["blocked"] += 1


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["10.0.0.7"],
        ["169.254.169.254"],
        ["100.100.100.200"],
        ["0.0.0.0"],
        ["::1"],
        ["::ffff:10.0.0.7"],
        ["fe80::1%eth0"],
        ["64:ff9b::10.0.0.7"],
        ["2002:a00:7::"],
        [OPEN, "127.0.0.1"],
        ["127.0.0.1", OPEN],
        [OPEN, OPEN_6, "fd00::1"],
        ["no address at all"],
        [],
    ],
)
async def test_a_name_of_which_any_address_is_inside_is_refused(found: list[str]) -> None:
    connects = Noting()
    with pytest.raises(WebError):
        await pages_of(Table({"site.example": [found]}), connects).read("http://site.example/")
    assert connects.hosts == []
    _tally["blocked"] += 1


async def test_a_redirect_to_a_name_that_leads_inside_is_refused_at_any_hop() -> None:
    connects = Noting(location="http://next.example/")
    table = Table({"open.example": [[OPEN]], "next.example": [[OPEN], [OPEN], ["192.168.0.1"]]})
    with pytest.raises(WebError, match="inner network"):
        await pages_of(table, connects).read("https://open.example/")
    assert connects.hosts == [OPEN, OPEN, OPEN]
    _tally["blocked"] += 1


def test_no_random_address_of_a_closed_network_is_open_in_any_form() -> None:
    rng = random.Random(30)
    closed = [
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
    ]
    tried = 0
    for network in map(IPv4Network, closed):
        for _ in range(40 * SIZE):
            inside = IPv4Address(int(network.network_address) + rng.randrange(network.num_addresses))
            number = int(inside)
            forms = [
                IPv6Address(0xFFFF << 32 | number),
                IPv6Address(number),
                IPv6Address(0x64FF9B << 96 | number),
                IPv6Address(0x2002 << 112 | number << 80 | rng.getrandbits(80)),
                IPv6Address(0x20010000 << 96 | rng.getrandbits(64) << 32 | number ^ 0xFFFF_FFFF),
            ]
            assert opened(str(inside)) is None
            assert [str(form) for form in forms if opened(str(form)) is not None] == []
            tried += 1 + len(forms)
    closed_6 = ("fc00::/7", "fe80::/10", "ff00::/8", "::/16", "100::/64", "2001:db8::/32", "5f00::/16")
    for whole in map(IPv6Network, closed_6):
        for _ in range(40 * SIZE):
            assert opened(str(whole[rng.randrange(whole.num_addresses)])) is None
            tried += 1
    _tally["blocked"] += tried


@pytest.mark.parametrize(
    ("found", "connected"),
    [
        (OPEN, OPEN),
        (OPEN_6, OPEN_6),
        (f"::ffff:{OPEN}", OPEN),
        (f"64:ff9b::{OPEN}", "64:ff9b::5db8:d70e"),
        ("1.1.1.1", "1.1.1.1"),
    ],
)
async def test_a_host_of_the_open_internet_is_reached_at_the_address_that_was_judged(
    found: str, connected: str
) -> None:
    connects = Noting()
    page = await pages_of(Table({"site.example": [[found]]}), connects).read("https://Site.Example/a?b=c")
    assert (connects.hosts, page.text, page.hosts) == ([connected], "reached", ("site.example",))
    (request,) = connects.requests
    assert request.headers["host"] == "site.example"
    assert request.extensions["sni_hostname"] == "site.example"
    assert request.url.raw_path == b"/a?b=c"
    assert "cookie" not in request.headers


@given(address=st.lists(st.sampled_from(PARTS), max_size=12).map("".join) | st.text(max_size=60), leads=st.booleans())
@settings(max_examples=150 * SIZE, deadline=None)
async def test_whatever_is_taken_for_an_address_leads_to_judged_hosts_or_to_a_sentence(
    address: str, leads: bool
) -> None:
    connects = Noting(location=address) if leads and address.isprintable() else Noting()
    with suppress(WebError):
        await pages_of(Table(), connects).read("http://open.example/" if leads else address)
    assert set(connects.hosts) <= {OPEN}


TLS = [("site.example", True, True), ("site.example", False, False), ("other.example", True, False)]


def certificate_for(name: str, folder: Path) -> Path:
    """A file with a certificate that vouches for itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine, to make a certificate with")
    key, certificate, both = (folder / each for each in ("key", "certificate", "both"))
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2", "-nodes"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = [openssl, "req", "-x509", *kind, *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


# --- looking up again gives another answer (DNS rebinding) ---


async def test_what_a_name_leads_to_a_moment_later_is_not_asked() -> None:
    table = Table({"site.example": [[OPEN], ["127.0.0.1"]]})
    connects = Noting()
    await pages_of(table, connects).read("http://site.example/")
    assert (connects.hosts, table.asked) == ([OPEN], ["site.example"])


async def test_each_hop_is_judged_anew() -> None:
    table = Table({"site.example": [[OPEN], ["127.0.0.1"]]})
    connects = Noting(location="/again")
    with pytest.raises(WebError, match="inner network"):
        await pages_of(table, connects).read("http://site.example/")
    assert connects.hosts == [OPEN]
    _tally["blocked"] += 1


async def test_the_judged_address_is_the_connected_one() -> None:
    """Two hosts on one port; the name leads to the first when it is judged and to the second whenever asked again."""
    async with (
        WebHost(says(http("one", kind="text/plain")), host="127.0.0.2") as first,
        WebHost(says(http("two", kind="text/plain")), host="127.0.0.3", port=first.port) as second,
    ):
        table = Table({"site.example": [["127.0.0.2"], ["127.0.0.3"]]})
        page = await pages_of(table, None, first).read(f"http://site.example:{first.port}/")
        assert page.text == "one"
        assert [asked.at for asked in first.asked] == ["127.0.0.2"]
        assert "Host: site.example" in first.asked[0].head
        assert second.connections == 0


async def test_of_several_judged_addresses_the_next_is_tried_and_nothing_else() -> None:
    async with WebHost(says(http("two", kind="text/plain")), host="127.0.0.3") as second:
        table = Table({"site.example": [["127.0.0.2", "127.0.0.3"]]})
        page = await pages_of(table, None, second).read(f"http://site.example:{second.port}/")
        assert (page.text, table.asked) == ("two", ["site.example"])


@pytest.mark.parametrize(("name", "is_trusted", "reached"), TLS)
async def test_tls_is_for_the_name_and_by_somebody_trusted(
    tmp_path: Path, name: str, is_trusted: bool, reached: bool
) -> None:
    certificate = certificate_for(name, tmp_path)
    trusted = ssl.create_default_context(cafile=str(certificate) if is_trusted else None)
    async with WebHost(says(http("x", kind="text/plain")), certificate=certificate) as host:
        private = frozenset({("site.example", host.port)})
        pages = Pages(PinnedTransport(trusted=trusted, private=private, resolve=here()))
        try:
            page = await pages.read(f"https://site.example:{host.port}/")
        except WebError:
            assert not reached
            assert host.asked == []
            return
    assert reached
    assert (page.text, host.server_names) == ("x", ["site.example"])


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        WebHost(says(http("proxy", kind="text/plain"))) as proxy,
        WebHost(says(http("page", kind="text/plain"))) as host,
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        page = await pages_of(here(), None, host).read(f"http://site.example:{host.port}/")
        assert (page.text, proxy.connections) == ("page", 0)


# --- hosts that may be inside, because the operator named them ---


async def test_a_named_host_is_reached_on_its_port_alone() -> None:
    async with WebHost(says(http("x"))) as named, WebHost(says(http("y"))) as other:
        for address in (
            f"http://site.example:{other.port}/",
            f"http://127.0.0.1:{named.port}/",
            "http://site.example/",
        ):
            with pytest.raises(WebError):
                await pages_of(here(), None, named).read(address)
            _tally["blocked"] += 1
        assert named.connections == other.connections == 0


async def test_a_named_host_cannot_lead_to_another_one_inside() -> None:
    async with WebHost(says(http("secret"))) as inside:
        async with WebHost(leads_to(f"http://127.0.0.1:{inside.port}/")) as named:
            with pytest.raises(WebError):
                await pages_of(here(), None, named).read(f"http://site.example:{named.port}/")
        assert inside.connections == 0
        _tally["blocked"] += 1
