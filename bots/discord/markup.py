"""Text for Discord and text from Discord.

Discord reads markdown itself, so an agent's text mostly stays as it is; `core.service.outbound.clean` has taken hidden
links apart before. Whatever leaves here mentions nobody: Discord's own sequences, `<@1>` and the like, are broken,
which is a second line behind `allowed_mentions`. Called by `cards`, `messages`, `answers` and `parse`.
Source: https://docs.discord.com/developers/reference#message-formatting
"""

import re
import zlib
from collections.abc import Mapping

_ZERO_WIDTH = "\u200b"
_SEQUENCE = re.compile(r"<(?=[@#/:]|a:|t:|id:)", re.IGNORECASE)
_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_MARKS = re.compile(r"([\\`*_~|\[\]()<>#-])")

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^\s*\|(?:\s*:?-+:?\s*\|)+\s*$")

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_CHANNEL = re.compile(r"<#(\d{1,20})>")
_EMOJI = re.compile(r"<a?(:\w{1,32}:)\d{1,20}>")
_COMMAND = re.compile(r"<(/[^:<>]{1,100}):\d{1,20}>")

_ICONS = {
    "abacus": "🧮",
    "art": "🎨",
    "bar_chart": "📊",
    "books": "📚",
    "bulb": "💡",
    "chart_with_upwards_trend": "📈",
    "clipboard": "📋",
    "compass": "🧭",
    "computer": "💻",
    "hourglass": "⌛",
    "mag": "🔍",
    "memo": "📝",
    "microscope": "🔬",
    "moneybag": "💰",
    "newspaper": "📰",
    "robot_face": "🤖",
    "rocket": "🚀",
    "scales": "⚖️",
    "seedling": "🌱",
    "shield": "🛡️",
    "speech_balloon": "💬",
    "stethoscope": "🩺",
    "telescope": "🔭",
    "test_tube": "🧪",
    "triangular_ruler": "📐",
    "world_map": "🗺️",
    "wrench": "🔧",
}
_COLORS = (0x5865F2, 0x3BA55C, 0xFAA61A, 0xEB459E, 0x00A8FC, 0x9B59B6, 0x1ABC9C, 0xE67E22, 0x95A5A6, 0xC27C0E)


def shown(markdown: str) -> str:
    """*markdown* as it may be sent: mentions, and all else that Discord would turn into something, stay literal."""
    return _EVERYBODY.sub(f"@{_ZERO_WIDTH}", _SEQUENCE.sub(f"<{_ZERO_WIDTH}", markdown))


def literal(text: str) -> str:
    """*text* without any markdown: a name, a task on a card."""
    return shown(_MARKS.sub(r"\\\1", text))


def tables_as_code(markdown: str) -> str:
    """*markdown* with its tables as code: Discord has no tables, and only in code do columns stand under each other."""
    lines, out, fence = markdown.split("\n"), list[str](), ""
    at = 0
    while at < len(lines):
        marks = _FENCE.match(lines[at])
        if marks and (not fence or marks[1].startswith(fence)):
            fence = "" if fence else marks[1]
        end = at
        if not fence and _ROW.match(lines[at]) and at + 1 < len(lines) and _RULE.match(lines[at + 1]):
            while end < len(lines) and _ROW.match(lines[end]):
                end += 1
        rows = [row.replace("`", "\u02cb") for row in lines[at:end]]
        out += ["```", *rows, "```"] if rows else [lines[at]]
        at = max(end, at + 1)
    return "\n".join(out)


def shown_chars(text: str) -> int:
    """Characters that *text* takes once `shown`; a cost for `bots.chunks`. Discord counts UTF-16 at worst."""
    return len(text.encode("utf-16-le")) // 2 + len(_SEQUENCE.findall(text)) + len(_EVERYBODY.findall(text))


def icon(name: str) -> str:
    """The emoji of a short code; a robot for what is none of ours."""
    return _ICONS.get(name, _ICONS["robot_face"])


def color(name: str) -> int:
    """A colour for an agent: the same wherever and whenever it speaks."""
    return _COLORS[zlib.crc32(name.encode()) % len(_COLORS)]


def from_discord(text: str, names: Mapping[str, str]) -> str:
    """What a person typed, as plain text.

    Args:
        names: of the people, roles and channels in it, by id; others are shown by their id.
    """
    text = _USER.sub(lambda m: f"@{names.get(m[1]) or m[1]}", text)
    text = _ROLE.sub(lambda m: f"@{names.get(m[1]) or m[1]}", text)
    text = _CHANNEL.sub(lambda m: f"#{names.get(m[1]) or m[1]}", text)
    text = _EMOJI.sub(lambda m: m[1], text)
    return _COMMAND.sub(lambda m: m[1], text)


def mentioned(text: str) -> list[str]:
    """Ids of the people whom a message mentions, in order, each once."""
    return list(dict.fromkeys(match[1] for match in _USER.finditer(text)))


def mentioned_roles(text: str) -> list[str]:
    """Ids of the roles that a message mentions."""
    return list(dict.fromkeys(match[1] for match in _ROLE.finditer(text)))


def without_mention(text: str, ids: frozenset[str]) -> str:
    """*text* without what addresses one of *ids*, people or roles."""
    alternatives = "|".join(map(re.escape, sorted(ids)))
    return re.sub(rf"<@[!&]?(?:{alternatives})>[:,]?", " ", text).strip() if ids else text.strip()
