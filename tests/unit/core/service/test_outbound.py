"""What may leave: no secrets, no hidden links, no characters that show as nothing; everything else untouched.

Which links may stay is in `test_outbound_links`.
"""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.service.outbound import REDACTED, Links, clean, plain, redact, safe_file_name

# Put together here, so that no scanner takes them for real ones.
SECRETS = {
    "slack bot": "xoxb-" + "1234567890-abcdefghij",
    "slack user": "xoxp-" + "1-Mi0yLTEyMzQ1Njc4",
    "slack app": "xapp-" + "1-A0123456789-abcdef",
    "openai": "sk-" + "proj-abcdefghijklmnop_1234",
    "openrouter": "sk-" + "or-v1-0123456789abcdef0123",
    "anthropic": "sk-" + "ant-api03-abcdefghijklmnop",
    "groq": "gsk_" + "abcdefghijklmnop1234",
    "tavily": "tvly-" + "dev-abcdefghijkl",
    "github": "ghp_" + "abcdefghijklmnopqrstuvwx",
    "github, fine-grained": "github_pat_" + "11ABCDEFG0abcdefghijkl_xyz",
    "aws": "AKIA" + "ABCDEFGHIJKLMNOP",
    "aws, for a while": "ASIA" + "ABCDEFGHIJKLMNOP",
    "google": "AIza" + "SyA-abcdefghijklmnopqrstuvwxyz012345",
    "slack webhook": "https://hooks.slack.com/services/" + "T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    "discord webhook": "https://discord.com/api/webhooks/" + "123456789012345678/abcdefghijklmnopqrstuvwxyz",
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "discord": "M" + "TIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789ab",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----",
    "private key, cut": "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3BlbnNzaC1r",
    "socket": "wss://wss-primary.slack.com/link/?" + "ticket=abcd-ef01&app_id=x",
    "socket, later": "ws://127.0.0.1:8080/link/?app_id=x&" + "ticket=abcd",
}
UNTOUCHED = [
    "plain words, 100 % of them; a < b && c > d",
    "zähle 語 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 \u200f\u05e2\u05d1\u05e8\u05d9\u05ea",
    "def f(x):\n\treturn handlers[name](x[1:]) + a[0](lambda: 1)\r\n",
    "```c++\ncallbacks[0](std::move(x));\n```",
    "see https://example.com/a_(b)?q=1#c and <https://example.com>, or www.example.com",
    "- [ ] to do (later)\n- [x] done: yes\n\n| a | b |\n|---|---|",
    "the disk-space task-force asked about sk-learn and xox-files",
    "AKIA is a prefix, eyJ another, ghp_short a third",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "write to ada@example.net or ada.l@mail.example.net: node.js 3.14, main.py:12, e.g. this/that, 10.0.0.1/8",
    "",
]
FOUND = Links(hosts=frozenset({"example.com", "www.example.com", "evil.example", "one.example", "two.example"}))
PIECES = [
    "[", "]", "(", ")", "<", ">", "!", "\\", ":", '"', "'", "`", "\n", " ", "a", "[1]", "](", "]:", "](http://evil.example)",
    "http://evil.example/x", "https&#58;//evil.example", "https\\://evil.example", "//evil.example",
    "mailto:a@b.example",     "[bank](http://evil.example)", "\u202e", "\x00", "javascript:x", *SECRETS.values(),
]  # fmt: skip
TEXTS = st.text() | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b\ufeff]")
COMMONMARK = MarkdownIt("commonmark")


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize(
    "around", ["{}", "key={}", '{{"key": "{}"}}', "`{}`", "Bearer {}\nnext", "https://u:{}@h.example"]
)
def test_a_secret_of_any_kind_is_redacted_wherever_it_stands(secret: str, around: str) -> None:
    for left in (redact(around.format(secret)), clean(around.format(secret)), plain(around.format(secret))):
        assert REDACTED in left
        assert secret[-8:] not in left


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_split_by_what_nobody_sees_is_redacted(secret: str) -> None:
    assert secret[-8:] not in redact(secret[:2] + "\u2066" + secret[2:6] + "\x00" + secret[6:])


@pytest.mark.parametrize("text", UNTOUCHED)
def test_plain_text_code_and_emoji_are_untouched(text: str) -> None:
    assert clean(text, FOUND) == text


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("[bank](https://evil.example)", "bank (https://evil.example)"),
        ("[](https://evil.example)", "https://evil.example"),
        ("![plot](<https://evil.example/p.png> 'hello')", "plot (https://evil.example/p.png)"),
        ('[a\nb]( https://evil.example "hello" )', "a\nb (https://evil.example)"),
        ("[https://one.example](https://one.example)", "https://one.example"),
        ("[[a](https://one.example)](https://two.example)", "[a (https://one.example)] (https://two.example)"),
        (r"[a\]b](https://evil.example)", r"[a\]b] (https://evil.example)"),
        ("[a](https&#58;//evil.example)", "[a](https&amp;#58;//evil.example)"),
        (r"[a](https\://evil.example)", "a (`hxxps://evil.example`)"),
        ("[bank][1]\n\n[1]: https://evil.example", "[bank][1]\n\n[1] : https://evil.example"),
        ("sk-[abcdefghijklmnopqrst](https://evil.example)", f"{REDACTED} (https://evil.example)"),
    ],
)
def test_every_link_shows_where_it_goes(markdown: str, shown: str) -> None:
    assert clean(markdown, FOUND) == shown


@given(TEXTS)
def test_no_renderer_finds_a_hidden_link_in_clean_text(text: str) -> None:
    for links in (Links(), FOUND):
        hidden = [url for url, label in links_in(clean(text, links)) if url.split(":", 1)[-1] not in label]
        assert not hidden


@given(TEXTS)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    for links in (Links(), FOUND):
        assert clean(clean(text, links), links) == clean(text, links)
        assert plain(plain(text, links), links) == plain(text, links)
        assert redact(clean(text, links)) == clean(text, links)
        assert redact(plain(text, links)) == plain(text, links)
    assert redact(redact(text)) == redact(text)


@given(st.text() | st.text(st.characters(categories=("Cc", "Cs", "Cf"))))
def test_control_characters_and_direction_overrides_are_gone_and_line_ends_are_not(text: str) -> None:
    left = redact(text)
    assert not INVISIBLE.search(left)
    assert [c for c in text if c in "\n\r\t"] == [c for c in left if c in "\n\r\t"]
    left.encode()


@pytest.mark.parametrize(
    "piece",
    [
        "-eyJaaaaaaaa", "ws://", "ws://?", "[](", "](", '[a](x "b', "xoxb-", "M-", "-----BEGIN ", "https://", "<https://>",
        "a.", "a.com/", "www.", "a-", "aa.aa ", "//a.com", "data:", "data:a/b,", "mailto:", "&#58;", "&#", "`", "`` ` ",
        "x:", "\\", ")", "https://a.example/) ", "https://example.com/%41", "[" * 9 + "](//x)" * 9, "\u00e4.", "1a",
        "é", "https://example.com/a/", "https:", "<", "> ", "hxxps://",
    ],
)  # fmt: skip
def test_a_long_hostile_text_takes_no_more_than_its_length(piece: str) -> None:
    short, long = (steps_of(piece * (chars // len(piece))) for chars in (2_000, 16_000))
    assert long < 8 * 3 * short


def steps_of(text: str) -> float:
    """Processor seconds for *text*, the best of two."""

    def once() -> float:
        before = time.process_time()
        clean(text, FOUND)
        plain(text, FOUND)
        return time.process_time() - before

    return max(min(once() for _ in range(2)), 0.001)


def links_in(markdown: str) -> list[tuple[str, str]]:
    """Address and visible text of each link and image."""
    found: list[tuple[str, str]] = []
    for block in COMMONMARK.parse(markdown):
        tokens = block.children or []
        for at, token in enumerate(tokens):
            if token.type == "image":
                found.append((str(token.attrGet("src")), token.content))
            elif token.type == "link_open":
                found.append((str(token.attrGet("href")), _text_until_close(tokens[at + 1 :])))
    return [(url, label) for url, label in found if re.match(r"(?:[a-z]+:)?//|mailto:|javascript:", url)]


def _text_until_close(tokens: list[Token]) -> str:
    words = ""
    for token in tokens:
        if token.type == "link_close":
            break
        words += token.content
    return words


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("report.csv", "report.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        (".bashrc", "bashrc"),
        ("a\x00b\u202egpj.exe", "abgpj.exe"),
        ("übersicht (2).xlsx", "übersicht (2).xlsx"),
        ("$(rm -rf).sh", "_(rm -rf).sh"),
        ("", "file"),
        ("...", "file"),
        ("/", "file"),
    ],
)
def test_a_files_name_becomes_one_plain_part_of_a_path(name: str, kept: str) -> None:
    assert safe_file_name(name) == kept


@given(st.text(max_size=400))
def test_any_files_name_is_made_safe(name: str) -> None:
    safe = safe_file_name(name)
    assert 1 <= len(safe) <= 100
    assert not safe.startswith((".", "-", " "))
    assert not set(safe) & set("/\\\x00<>|\"'`$&;*?\n")
