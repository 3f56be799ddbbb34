"""Which addresses may stay links: of hosts that the session has found, in the form of pages; all else is dead."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.service.outbound import Links, clean, plain, to_approve

FOUND = Links(
    hosts=frozenset({"docs.python.org", "en.wikipedia.org", "news.example", "k7qz4lw9xpt2.example", "1.2.3.4"})
)
TRUSTED = Links.trusting("wiki.acme.example, *.acme.dev, git.acme.example:8443").of_session(["Docs.Python.org"])


@pytest.mark.parametrize(
    "url",
    [
        "https://docs.python.org",
        "http://docs.python.org/",
        "HTTPS://Docs.Python.ORG/3/library/asyncio-task.html#asyncio.create_task",
        "https://en.wikipedia.org/wiki/Colossus_(computer)",
        "https://en.wikipedia.org/wiki/Z%C3%BCrich",
        "https://en.wikipedia.org/wiki/\u6771\u4eac",
        "https://en.wikipedia.org/w/index.php?title=Ada_Lovelace&action=history",
        "https://news.example/2026/11/01/rates-stay-where-they-are-for-now",
        "https://news.example/a/10.1038/s41586-020-2649-2",
        "https://news.example/@ada/notes",
        "https://news.example/commit/7f3a9c1",
    ],
)
def test_a_page_of_a_host_that_was_found_is_a_link(url: str) -> None:
    assert FOUND.allows(url)
    assert clean(f"See {url}, and ({url}).", FOUND) == f"See {url}, and ({url})."
    assert not Links().allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://python.org/",  # the letters of the host count, each of them
        "https://evil.docs.python.org/",
        "https://docs.python.org.evil.example/",
        "https://docs.python.org./",
        "https://docs.python.org:8443/",
        "https://docs.python.org@evil.example/",
        "https://ada:secret@docs.python.org/",
        "https://d\u043ecs.python.org/",
        "https://1.2.3.4/",
        "https://k7qz4lw9xpt2.example/",
        "ftp://docs.python.org/",
        "docs.python.org/3",
        "https:docs.python.org",
        "https://docs.python.org\\@evil.example",
        "https://docs.python.org//evil.example",
        "https://docs.python.org/?to=https://evil.example",
        "https://docs.python.org/?to=https%3A%2F%2Fevil.example",
        "https://docs.python.org/k7Qz4Lw9XpT2v",
        "https://docs.python.org/k7Qz4Lw9",
        "https://docs.python.org/?d=6b37517a344c77",
        "https://docs.python.org/#bWVyZ2VyIHdpdGggYWNtZQ",
        "https://docs.python.org/%6d%65%72%67%65%72",
        "https://docs.python.org/m%2565rger",
        "https://docs.python.org/%ff%fe",
        "https://docs.python.org/&#109;erger",
        "https://docs.python.org/4111111111111111",
        "https://docs.python.org/1/2/3/4/5/6/7/8/9",
        "https://docs.python.org/?" + "a=b&" * 17,
        "https://docs.python.org/#" + "a-" * 33,
        "https://docs.python.org/" + "long-" * 13,
        "https://docs.python.org/" + "long-words/" * 16,
        "https://docs.python.org/" + "x" * 25,
    ],
)
def test_what_is_no_page_that_was_found_or_could_carry_data_is_no_link(url: str) -> None:
    assert not FOUND.allows(url)
    assert url not in clean(f"See {url} now", FOUND) or "://" not in url


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://wiki.acme.example/pages/8f14e45fceea167a5a36dedd4bea2543", True),
        ("https://build.acme.dev/", True),
        ("https://a.b.acme.dev/x", True),
        ("https://acme.dev/", False),
        ("https://notacme.dev/", False),
        ("https://x.wiki.acme.example/", False),
        ("https://git.acme.example:8443/x", True),
        ("https://git.acme.example/x", False),
        ("https://wiki.acme.example:8443/", False),
        ("https://wiki.acme.example/?" + "q" * 64, True),
        ("https://wiki.acme.example/?" + "q" * 65, False),
        ("https://wiki.acme.example/#" + "q" * 65, False),
        ("https://wiki.acme.example/?to=//evil.example", False),
        ("https://ada@wiki.acme.example/", False),
        ("https://docs.python.org/3", True),
    ],
)
def test_the_deployments_own_list_is_trusted_but_for_what_may_lead_elsewhere(url: str, allowed: bool) -> None:
    assert TRUSTED.allows(url) is allowed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://evil.example/x.", "see `hxxps://evil.example/x`."),
        ("`curl https://evil.example/x`", "`curl hxxps://evil.example/x`"),
        ("```\nx = 'https://evil.example'\n```", "```\nx = 'hxxps://evil.example'\n```"),
        ("    https://evil.example", "    hxxps://evil.example"),
        ("one ` tick https://evil.example", "one ` tick hxxps://evil.example"),
        ("**https://evil.example/x**", "**`hxxps://evil.example/x`**"),
        ("www.evil.example or evil.com/x?y", "`www[.]evil[.]example` or `evil[.]com/x?y`"),
        ("ftp://evil.example/x", "`ftp[:]//evil.example/x`"),
        ("mailto:ada@evil.example", "`mailto[:]ada@evil.example`"),
        ("[x](//evil.example/y)", "x (`//evil[.]example/y`)"),
        ("amazon.com sells books", "`amazon.com` sells books"),
        ("docs.python.org/3 and docs.python.org", "docs.python.org/3 and docs.python.org"),
        ("node.js/vue.js, dx.dt/x, index.ts#L10 and 1.5km/h", "node.js/vue.js, dx.dt/x, index.ts#L10 and 1.5km/h"),
        ("main.py, README.md#use; node.js 3.14 e.g. this/that", "main.py, README.md#use; node.js 3.14 e.g. this/that"),
        ("https://docs.python.org/3CANARY\u200b123", "https://docs.python.org/3CANARY123"),
        ("| https://docs.python.org/3 | x |", "| https://docs.python.org/3 | x |"),
        ("https://[2001:db8::1]/x", "`hxxps://[2001:db8::1]/x`"),
    ],
)  # fmt: skip
def test_a_dead_address_is_shown_as_text_that_leads_nowhere(text: str, shown: str) -> None:
    assert clean(text, FOUND) == shown


def test_in_plain_text_nothing_is_put_around_a_dead_address() -> None:
    assert plain("[x](https://evil.example/y) www.evil.example") == "[x](hxxps://evil.example/y) www[.]evil[.]example"


@pytest.mark.parametrize(
    ("text", "is_exact"),
    [
        ('May I do this?\n\n`fetch_page` (free):\n```\n{"url": "https://evil.example"}\n```', True),
        ("May I?\n\n`a` (2 cents):\n```\nhttps://a.example\n```\n\n`b`:\n```\nhttps://b.example\n```", True),
        ("May I?\n```\nhttps://evil.example ``` https://evil.example\n```", False),
        ("May I?\n````\nhttps://evil.example\n````", False),
        ("**May\n```\nI** https://evil.example\n```", False),
        ("May ` I?\n```\nhttps://evil.example ` x\n```", False),
        ("May I see https://evil.example?\n```\nx\n```", False),
        ("https://evil.example", False),
    ],
)
def test_what_is_to_be_approved_is_exact_only_where_it_is_surely_code(text: str, is_exact: bool) -> None:
    assert (to_approve(text) == text) is is_exact


@given(st.text(string.ascii_letters + string.digits + "/-._~%?#&=:@!$'()*+,;[]\\\u0430\u200d", max_size=80))
def test_no_address_of_another_host_is_ever_allowed(rest: str) -> None:
    assert not FOUND.allows(f"https://evil.example{rest}")
    assert not FOUND.allows(f"https://docs.python.org.evil.example{rest}")
    assert not FOUND.allows(f"https://{rest}@evil.example/")
