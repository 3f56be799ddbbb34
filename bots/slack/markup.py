"""CommonMark into Slack's mrkdwn, and Slack's text of people into plain text.

Called by `cards`, `messages`, `parse` and `surface`. Whatever leaves here can neither mention anybody nor hide where a
link goes: `&`, `<` and `>` are escaped, so no control sequence of Slack's can arise from an agent's or a person's text.
Sources: https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Callable, Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Reference definitions stay as they are written: a list of sources that nothing refers to would not be shown at all.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("reference")
_ZERO_WIDTH = "\u200b"
_CELL_CHARS = 40  # a column is padded up to here: one long cell must not make every row as long
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|([^>]*))?>")
_CHANNEL = re.compile(r"<#([CGD][A-Z0-9]+)(?:\|([^>]*))?>")
_SPECIAL = re.compile(r"<!(?:subteam\^[A-Z0-9]+|date\^[^|>]*|[a-z]+)(?:\|([^>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto|tel|ftp):[^|>\s]*)(?:\|([^>]*))?>")
_BROADCAST = re.compile(r"<!(here|channel|everyone)(?:\|[^>]*)?>")


def escape(text: str) -> str:
    """*text* as Slack shows it literally."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped_chars(text: str) -> int:
    """Characters that *text* takes once escaped; a cost for `bots.chunks`."""
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def to_mrkdwn(markdown: str) -> str:
    """*markdown* as Slack shows it: headings in bold, lists with bullets, tables as code, addresses in full."""
    return "\n\n".join(_Blocks(_PARSER.parse(markdown)).rendered())


def icon(name: str) -> str:
    """An emoji's short code that holds nothing else, whatever a model gave as one."""
    return name if re.fullmatch(r"[a-z0-9_+-]{1,100}", name) else "robot_face"


def from_slack(text: str, names: Mapping[str, str]) -> str:
    """What a person typed, as plain text.

    Args:
        names: of the people it mentions, by id; others are shown by their id.
    """
    text = _MENTION.sub(lambda m: f"@{names.get(m[1]) or m[2] or m[1]}", text)
    text = _CHANNEL.sub(lambda m: f"#{m[2] or m[1]}", text)
    text = _BROADCAST.sub(lambda m: f"@{m[1]}", text)
    text = _SPECIAL.sub(lambda m: m[1] or "", text)
    text = _LINK.sub(_shown_link, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentioned(text: str) -> list[str]:
    """Ids of the people whom a message of Slack mentions, in order, each once."""
    return list(dict.fromkeys(match[1] for match in _MENTION.finditer(text)))


def without_mention(text: str, user: str) -> str:
    """*text* without what addresses *user*."""
    return re.sub(rf"<@{re.escape(user)}(?:\|[^>]*)?>[:,]?", " ", text).strip()


def _shown_link(match: re.Match[str]) -> str:
    url, label = match[1], match[2]
    bare = url.removeprefix("mailto:").removeprefix("tel:")
    return bare if not label or label in (url, bare) or url.endswith("//" + label) else f"{label} ({bare})"


class _Blocks:
    """A walk over markdown-it's flat list of block tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def rendered(self, until: str = "") -> list[str]:
        """The blocks up to the token *until*, each as mrkdwn."""
        blocks: list[str] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == until:
                break
            block = self._block(token)
            if block:
                blocks.append(block)
        return blocks

    def _block(self, token: Token) -> str:
        match token.type:
            case "fence" | "code_block":
                return _code_block(token.content)
            case "inline":
                return _inline(token.children or ())
            case "heading_open":
                return "".join(_bold(line) for line in self.rendered("heading_close"))
            case "hr":
                return "──────────"
            case "blockquote_open":
                quoted = "\n\n".join(self.rendered("blockquote_close"))
                return "\n".join(f"&gt; {line}" for line in quoted.split("\n"))
            case "bullet_list_open":
                return self._list("bullet_list_close", lambda _: "• ")
            case "ordered_list_open":
                first = int(token.attrGet("start") or 1)
                return self._list("ordered_list_close", lambda index: f"{first + index}. ")
            case "table_open":
                return self._table()
            case _:
                return ""

    def _list(self, close: str, mark: Callable[[int], str]) -> str:
        items: list[str] = []
        while (token := self._tokens[self._at]).type != close:
            self._at += 1
            if token.type == "list_item_open":
                content = "\n".join(self.rendered("list_item_close"))
                items.append(mark(len(items)) + content.replace("\n", "\n    "))
        self._at += 1
        return "\n".join(items)

    def _table(self) -> str:
        rows: list[list[str]] = []
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(_plain(token.children or ()))
        self._at += 1
        widths = [min(_CELL_CHARS, max(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines.insert(1, "  ".join("─" * width for width in widths))
        return _code_block("\n".join(lines))


def _code_block(content: str) -> str:
    content = content.rstrip("\n").replace("```", f"`{_ZERO_WIDTH}`{_ZERO_WIDTH}`")
    return f"```\n{escape(content)}\n```"


def _bold(text: str) -> str:
    return f"*{text}*" if text and "*" not in text else text


def _inline(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        match token.type:
            case "text":
                parts.append(escape(token.content))
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case "code_inline":
                parts.append(f"`{escape(token.content.replace('`', chr(0x2CB)))}`")
            case "strong_open" | "strong_close":
                parts.append("*")
            case "em_open" | "em_close":
                parts.append("_")
            case "s_open" | "s_close":
                parts.append("~")
            case "link_open":
                links.append((str(token.attrGet("href") or ""), len(parts)))
            case "link_close":
                url, start = links.pop()
                parts[start:] = [_link("".join(parts[start:]), url)]
            case "image":
                parts.append(_link(escape(token.content), str(token.attrGet("src") or "")))
            case _:
                parts.append(escape(token.content))
    return "".join(parts)


def _link(label: str, url: str) -> str:
    shown = escape(url.removeprefix("mailto:"))
    return shown if not label or label == shown else f"{label} ({shown})"


def _plain(tokens: Sequence[Token]) -> str:
    return "".join(token.content if token.type != "softbreak" else " " for token in tokens)
