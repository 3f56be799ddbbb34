"""T30: an agent's address leads to no host inside, however it is spelled, looked up, redirected or answered.

Looking up is a table here, and hosts are on the loopback network; nothing else is asked.
"""

import asyncio
import gzip
import random
import shutil
import ssl
import subprocess
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.figures import SIZE, figure
from tests.support.web_host import Asked, WebHost, http, leads_to, says
from worker.web.addresses import opened
from worker.web.body import read_body
from worker.web.errors import WebError
from worker.web.pages import PageLimits, Pages
from worker.web.pinned import PinnedTransport

OPEN = "93.184.215.14"
OPEN_6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
QUICK = PageLimits(total_s=0.25)

Answers = dict[str, Sequence[str]]
_tally: dict[str, int] = {"blocked": 0, "answers": 0}


@pytest.fixture(scope="module", autouse=True)
def said_at_the_end() -> Iterator[None]:
    yield
    figure("T30", f"{_tally['blocked']} addresses refused, {_tally['answers']} hostile answers borne; 0 reached inside")


class Table:
    """Looks hosts up in a table; a host's answers come one call after the other, the last for ever.

    What is not in it has an address of the open internet, so that a spelling is refused for what it is.
    """

    def __init__(self, answers: dict[str, list[Sequence[str]]] | None = None) -> None:
        self.asked: list[str] = []
        self._answers = answers or {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._answers.get(host, [[host if _is_address(host) else OPEN]])
        return answers[min(self.asked.count(host), len(answers)) - 1]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def here() -> Table:
    return Table({"site.example": [["127.0.0.1"]]})


class Noting(httpx2.AsyncBaseTransport):
    """Connects to nothing; notes where it should."""

    def __init__(self, location: str = "") -> None:
        self.hosts: list[str] = []
        self.requests: list[httpx2.Request] = []
        self._location = location

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.hosts.append(request.url.host)
        self.requests.append(request)
        if self._location:
            location = [(b"Location", self._location.encode())]
            return httpx2.Response(302, headers=location, stream=httpx2.ByteStream(b""))
        return httpx2.Response(200, headers={"Content-Type": "text/plain"}, stream=httpx2.ByteStream(b"reached"))


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def pages_of(
    resolve: Callable[[str, int], Awaitable[Sequence[str]]],
    inner: httpx2.AsyncBaseTransport | None = None,
    *hosts: WebHost,
    limits: PageLimits | None = None,
) -> Pages:
    """Pages, where `site.example` on the ports of *hosts* may be anywhere."""
    private = frozenset(("site.example", host.port) for host in hosts)
    return Pages(PinnedTransport(trusted=_trusted(), private=private, resolve=resolve, inner=inner), limits=limits)


# --- spellings: each is refused before anything is connected to ---

SPELLED = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0X7F.0.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.1./",
    "http://%31%32%37.0.0.1/",
    "http://127%2e0%2e0%2e1/",
    "http://127\u30020\u30020\u30021/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://\u2460\u2461\u2466.0.0.1/",
    "http://0.0.0.0/",
    "http://0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://100.64.0.1/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://metadata.google.internal./",
    "http://redis/",
    "http://postgres:8080/",
    "http://host.docker.internal/",
    "http://router.lan/",
    "http://1.0.0.127.in-addr.arpa/",
    "http://user@site.example/",
    "http://user:password@site.example/",
    "http://site.example@127.0.0.1/",
    "http://@127.0.0.1/",
    "http://site.example\\@127.0.0.1/",
    "http://127.0.0.1\\.site.example/",
    "http://127.0.0.1\t.site.example/",
    "http://127.0.0.1%00.site.example/",
    "http://127.0.0.1%23.site.example/",
    "http://:80/",
    "http:///etc/passwd",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "http://[::1",
    "http://site.example:22/",
    "http://site.example:6379/",
    "http://site.example:5432/",
    "http://site.example:0/",
    "http://site.example:65536/",
    "gopher://site.example:6379/_FLUSHALL",
    "file:///etc/passwd",
    "ftp://site.example/",
    "ldap://site.example/",
    "dict://site.example:11211/",
    "jar:http://site.example!/",
    "data:text/html,<b>x</b>",
    "javascript:alert(1)",
    "http://" + "a" * 64 + ".example/",
    "http://site.example/" + "a" * 2_000,
    "http://site..example/",
    "http://-site.example/",
]


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


_PARTS = [
    "http",
    "https",
    "ftp",
    ":",
    "/",
    "//",
    "@",
    "\\",
    "#",
    "?",
    "%",
    "[",
    "]",
    ".",
    "..",
    ":80",
    ":0",
    "0x7f",
    "127",
    "\u3002",
]
_PARTS += [
    "site",
    ".example",
    "localhost",
    "::1",
    "\u0131",
    "\u200b",
    "\xad",
    "xn--",
    "-",
    "_",
    "%00",
    "%2e",
    "\t",
    " ",
    "\ud800",
]


@given(address=st.lists(st.sampled_from(_PARTS), max_size=12).map("".join) | st.text(max_size=60), leads=st.booleans())
@settings(max_examples=150 * SIZE, deadline=None)
async def test_whatever_is_taken_for_an_address_leads_to_judged_hosts_or_to_a_sentence(
    address: str, leads: bool
) -> None:
    connects = Noting(location=address) if leads and address.isprintable() else Noting()
    with suppress(WebError):
        await pages_of(Table(), connects).read("http://open.example/" if leads else address)
    assert set(connects.hosts) <= {OPEN}


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


# --- answers that would never end, or be too much ---


async def _endless(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 100_000)
        await writer.drain()


async def _endless_head(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 8_000 + b"\r\n")
        await writer.drain()


async def _endless_hints(_: Asked, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)
        await writer.drain()


def _slow(head: bytes) -> Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]:
    """A byte whenever the loop has a moment, and never the last one."""

    async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)  # the attack itself, not a wait of the test

    return drip


async def _silent(_: Asked, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _endless_nothing(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n")
    writer.write(gzip.compress(b"x"))
    while True:
        writer.write(b"\0" * 100_000)
        await writer.drain()


def _gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = b"\0" * 1_000_000
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


GZIPPED = {"Content-Encoding": "gzip"}
OVER = "larger than the 5 MB"
LATE = "not there within"

HOSTILE: dict[str, tuple[Callable[[Asked, asyncio.StreamWriter], Awaitable[None]], str]] = {
    "10 GB announced": (says(http("x", headers={"Content-Length": "10000000000"})), OVER),
    "a length of 4,000 digits": (says(http("x", headers={"Content-Length": "9" * 4_000})), "."),
    "endless body": (_endless, OVER),
    "endless bytes that unfold to nothing": (_endless_nothing, OVER),
    "endless headers": (_endless_head, "cannot be reached"),
    "endless hints": (_endless_hints, "."),
    "gzip bomb": (says(http(_gzip_bomb(20_000_000), kind="text/plain", headers=GZIPPED)), OVER),
    "gzip in gzip": (
        says(http(gzip.compress(_gzip_bomb(20_000_000)), headers={"Content-Encoding": "gzip, gzip"})),
        "not asked for",
    ),
    "brotli": (says(http(b"x", headers={"Content-Encoding": "br"})), "not asked for"),
    "deflate bomb": (
        says(http(zlib.compress(b"\0" * 20_000_000, 9), kind="text/plain", headers={"Content-Encoding": "deflate"})),
        OVER,
    ),
    "broken gzip": (says(http(b"nothing of the kind", headers=GZIPPED)), "damaged"),
    "slow body": (_slow(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"), LATE),
    "slow headers": (_slow(b"HTTP/1.1 200 OK\r\nX-Slow: "), LATE),
    "no answer": (_silent, LATE),
    "no HTTP": (says(b"220 mail.example ESMTP\r\n"), "cannot be reached"),
    "hangs up": (says(b""), "cannot be reached"),
    "breaks off": (says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 50\r\n\r\nx"), "be reached"),
    "leads to itself": (leads_to("/"), "more than 5 times"),
    "leads nowhere": (leads_to(""), "does not say where"),
    "leads to noise": (leads_to("http://[\x01"), "."),
    "a program": (says(http(b"\x7fELF", kind="application/octet-stream")), "not a page of text"),
    "a PDF": (says(http(b"%PDF", kind="application/pdf")), "PDF"),
    "nothing named": (says(http(b"x", kind="")), "no named kind"),
    "an error": (says(http("secret", status=500)), "answers 500"),
    "an odd status": (says(http("x", status=299)), "answers 299"),
}


@pytest.mark.parametrize("attack", HOSTILE)
async def test_no_answer_takes_more_than_it_may(attack: str) -> None:
    answer, words = HOSTILE[attack]
    async with WebHost(answer) as host:
        limits = QUICK if words == LATE or attack == "endless hints" else None
        started = asyncio.get_running_loop().time()
        with pytest.raises(WebError, match=words):
            await pages_of(here(), None, host, limits=limits).read(f"http://site.example:{host.port}/")
        assert asyncio.get_running_loop().time() - started < 10
    _tally["answers"] += 1


async def test_a_bomb_is_not_unfolded_further_than_it_may() -> None:
    response = httpx2.Response(200, headers=GZIPPED, stream=httpx2.ByteStream(_gzip_bomb(20_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(WebError, match="larger"):
            await read_body(response, most_bytes=1_000_000)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 5_000_000
    _tally["answers"] += 1


async def test_a_host_that_never_gets_looked_up_takes_no_longer_than_a_page_may() -> None:
    async def never(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(WebError, match=LATE):
        await pages_of(never, Noting(), limits=QUICK).read("http://site.example/")
    _tally["answers"] += 1
