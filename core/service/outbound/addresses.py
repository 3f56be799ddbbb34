"""Finds whatever a platform, a mail program or a reader could take for an address, and makes dead what is not allowed.

Called by `texts`. A dead address reads `hxxps://host/path`, `www[.]host[.]example/path` or `mailto[:]a@b.example`: no
program makes a link of it. So nobody has to agree where code begins and ends, which each platform sees in another way,
and in code it is no different. Where it is certain to be read as code it stands as such.
"""

import re
from collections.abc import Callable, Iterator

from core.service.outbound.links import Links, is_opaque

_HOST = r"(?:[\w-]{1,63}\\?\.){1,100}(?:xn--[a-z0-9-]{1,59}|[^\W\d_]{2,24})(?![\w@-])"
_GAP = r"[\\*_~`]*"  # marks that are gone once markdown is read
_START = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]{{0,30}}){_GAP}:{_GAP}/{_GAP}/"
    r"|(?<![a-z])(?P<kind>(?:mailto|javascript|vbscript)\\?:(?=[^\s<])|(?:tel|sms)\\?:(?=\+?\d)|"
    r"data\\?:(?=[\w.+-]{1,60}/[\w.+-]{1,60}[;,]))"
    rf"|(?<![\w/\]])//(?P<relative>(?:[\w-]{{1,63}}\\?\.){{1,100}}[\w-]{{2,255}})"
    rf"|(?<![\w/.@\]-])(?P<bare>{_HOST})(?!{_GAP}:(?!\d))",
    re.IGNORECASE,
)
_EXTENT = re.compile(r"[^\s<]*")  # as far as Discord follows an address; Slack and CommonMark stop sooner
_BEHIND_HOST = re.compile(r"(?::\d{1,5})?[/?#\\]")
_HTTP = re.compile(r"http(s?)$", re.IGNORECASE)
_KNOWN_DEAD = ("hxxp", "hxxps")
_TAIL = frozenset(".,;:!?'\"*_~|>`}")
_BRACKETS = {")": "(", "]": "["}
_TAIL_CHARS = 8
_ENDINGS = frozenset(
    (
        "com", "net", "org", "info", "biz", "dev", "app", "xyz", "online", "site", "top", "club", "shop", "store",
        "icu", "vip", "tech", "cloud", "space", "website", "click", "link", "live", "zip", "mov", "edu", "gov", "mil",
        "onion", "example", "test", "invalid", "local", "internal",
    )
)  # fmt: skip
"""Of hosts without a scheme, beside those of countries."""
_CODES = (
    "acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbwbybzcacccdcfcgchcickclcmcncocrcucv"
    "cwcxcyczdedjdkdmdodzeceeegereseteufifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuidie"
    "iliminioiqirisitjejmjojpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemgmhmkmlmmmnmompmqmrmsmt"
    "mumvmwmxmymznancnenfngninlnonpnrnunzompapepfpgphpkplpmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsisjsksl"
    "smsnsosrssstsusvsxsysztctdtftgthtjtktltmtntotrtttvtwtzuaugukusuyuzvavcvevgvivnvuwfwsyeytzazmzw"
)
_COUNTRIES = frozenset(_CODES[at : at + 2] for at in range(0, len(_CODES), 2))
"""Source: https://data.iana.org/TLD/tlds-alpha-by-domain.txt"""
_SPOKEN = _ENDINGS - {"zip", "mov"} | {"io", "ai", "co"}
"""Of hosts that stand alone: anything else with a dot in it is more often a file, or a missing space."""
_FILES = frozenset({"py", "md", "sh", "rs", "pl", "cc", "so", "ps", "ml", "tf"})
"""Countries' that are files' as well."""
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_TICKS = re.compile(r"`+")


def without_addresses(text: str, links: Links, *, markdown: bool) -> str:
    """*text* with every address dead that *links* does not allow.

    Args:
        markdown: it will be read as markdown, so that a dead address can stand as code.
    """
    holds = _outside_code(text) if markdown else lambda start, end: False
    parts: list[str] = []
    position = 0
    while match := _START.search(text, position):
        parts.append(text[position : match.start()])
        shown, position, as_code = _replaced(text, match, links)
        if as_code and "`" not in shown and holds(match.start(), position):
            shown = f"`{shown}`"
        parts.append(shown)
    return "".join(parts) + text[position:]


def _replaced(text: str, match: re.Match[str], links: Links) -> tuple[str, int, bool]:
    """What stands in the place of the address that begins with *match*, where it ends, and whether it may be code."""
    start, host = match.start(), match["bare"]
    if host and not _leads_on(text, match):
        head = _dead_head(text, match)
        spoken = head != host or (host.lower().rsplit(".", 1)[-1] in _SPOKEN and not links.names(host))
        return head, match.end(), spoken
    end = _end_of_url(text, match)
    url = text[start:end]
    whole = f"https://{url}" if host else f"https:{url}" if match["relative"] else url
    if links.allows(whole) and _nothing_hangs_on(text, end):
        return url, end, False
    known_dead = (match["scheme"] or "").lower() in _KNOWN_DEAD
    return _dead(text, start, end), end, not known_dead


def _dead(text: str, start: int, end: int) -> str:
    """The address between *start* and *end* with all that others may see as the beginning of one dead."""
    parts: list[str] = []
    while match := _START.search(text, start, end):
        parts += (text[start : match.start()], _dead_head(text, match))
        start = match.end()
    return "".join(parts) + text[start:end]


def _dead_head(text: str, match: re.Match[str]) -> str:
    if match["scheme"]:
        scheme = _HTTP.sub(lambda http: f"hxxp{http[1].lower()}", match["scheme"])
        return f"{scheme}://" if scheme.endswith(_KNOWN_DEAD) else f"{scheme}[:]//"
    if match["kind"]:
        return match[0].replace(":", "[:]")
    host = match["relative"] or match["bare"]
    opaque = any(is_opaque(word) for word in re.split(r"[._-]", host))
    if match["bare"] and not _leads_on(text, match) and not (opaque and _has_known_ending(host)):
        return match[0]
    return match[0].replace("\\.", ".").replace(".", "[.]")


def _leads_on(text: str, match: re.Match[str]) -> bool:
    """Whether a host without a scheme is one that programs make links of: it has a path, or begins with `www.`."""
    host = match["bare"].lower()
    if not _has_known_ending(host):
        return False
    behind = _BEHIND_HOST.match(text, match.end())
    return host.startswith("www.") or (
        behind is not None and (behind[0] == "/" or host.rsplit(".", 1)[-1] not in _FILES)
    )


def _has_known_ending(host: str) -> bool:
    ending = host.lower().rsplit(".", 1)[-1]
    return ending in _ENDINGS or ending in _COUNTRIES or ending.startswith("xn--") or not ending.isascii()


def _end_of_url(text: str, match: re.Match[str]) -> int:
    """Where the address ends, without the punctuation of the sentence or the markup that it stands in."""
    extent = _EXTENT.match(text, match.end())
    start, end = match.end(), extent.end() if extent else match.end()
    if text[match.start() - 1 : match.start()] == "<" and ">" in text[start:end]:
        return text.index(">", start)
    unopened = {close: text.count(close, start, end) - text.count(at, start, end) for close, at in _BRACKETS.items()}
    while end > start:
        last = text[end - 1]
        if unopened.get(last, 0) > 0:
            unopened[last] -= 1
        elif last not in _TAIL:
            break
        end -= 1
    return end


def _nothing_hangs_on(text: str, end: int) -> bool:
    """Whether all programs agree that an address ends here: behind it come a few marks at most, and then a space."""
    extent = _EXTENT.match(text, end)
    behind = extent[0] if extent else ""
    return len(behind) <= _TAIL_CHARS and all(char in _TAIL or char in _BRACKETS for char in behind)


def _outside_code(text: str) -> Callable[[int, int], bool]:
    """Tells whether code can be put from one position to another; to be asked in the order of the text."""
    pieces = _pieces_outside_code(text)
    current = next(pieces, None)

    def holds(start: int, end: int) -> bool:
        nonlocal current
        while current is not None and current[1] < end:
            current = next(pieces, None)
        return current is not None and current[0] <= start

    return holds


def _pieces_outside_code(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of what certainly is no code: not in a fence, nor indented, nor on a line with an odd backtick."""
    fence, offset = "", 0
    for line in text.splitlines(keepends=True):
        marks = _FENCE.match(line)
        if marks and (not fence or (marks[1].startswith(fence) and not line[marks.end() :].strip())):
            fence = "" if fence else marks[1]
        elif not fence and not line.startswith(("    ", "\t")) and (spans := _spans(line)) is not None:
            at = 0
            for start, end in spans:
                yield offset + at, offset + start
                at = end
            yield offset + at, offset + len(line)
        offset += len(line)


def _spans(line: str) -> list[tuple[int, int]] | None:
    """The code in one line; None when its backticks do not pair up on it."""
    if "\\`" in line:
        return None
    runs = list(_TICKS.finditer(line))
    spans: list[tuple[int, int]] = []
    at = 0
    while at < len(runs):
        length = len(runs[at][0])
        close = next((n for n in range(at + 1, len(runs)) if len(runs[n][0]) == length), None)
        if close is None:
            return None
        spans.append((runs[at].start(), runs[close].end()))
        at = close + 1
    return spans
