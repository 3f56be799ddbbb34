"""Checks the embeds of a message and brings them into the form in which Discord keeps them.

Called by `message_form`.
Source: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.discord import limits
from simulator.discord.checks import REQUIRED, Where, address_in, list_in, text_in, whole_in
from simulator.discord.errors import Problems

ATTACHMENT_SCHEME = "attachment://"
_MEDIA_SCHEMES = ("http", "https", "attachment")
_COLORS = 0xFFFFFF


def read_embeds(body: dict[str, Any], problems: Problems) -> list[dict[str, Any]]:
    """The embeds of *body*, checked; their images still point to attachments by name."""
    given = list_in(body, "embeds", (), problems, most=limits.EMBEDS)
    embeds = [_read(embed, ("embeds", index), problems) for index, embed in enumerate(given)]
    if sum(map(_chars, embeds)) > limits.EMBEDS_CHARS:
        told = f"Embed size exceeds maximum size of {limits.EMBEDS_CHARS}"
        problems.add(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", told)
    return embeds


def attached(embeds: list[dict[str, Any]]) -> set[str]:
    """Names of the files that are shown inside *embeds*."""
    return {
        url.removeprefix(ATTACHMENT_SCHEME)
        for embed in embeds
        for url in _media_urls(embed)
        if url.startswith(ATTACHMENT_SCHEME)
    }


def resolved(embeds: list[dict[str, Any]], address: Callable[[str], str]) -> list[dict[str, Any]]:
    """*embeds* with the addresses of their files in place of the names."""

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: resolve(part) for name, part in value.items()}
        if isinstance(value, str) and value.startswith(ATTACHMENT_SCHEME):
            return address(value.removeprefix(ATTACHMENT_SCHEME))
        return value

    media = ("image", "thumbnail", "author", "footer")
    return [{name: resolve(part) if name in media else part for name, part in embed.items()} for embed in embeds]


def _read(embed: dict[str, Any], where: Where, problems: Problems) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "type": "rich",
        "title": text_in(embed, "title", where, problems, most=limits.EMBED_TITLE_CHARS),
        "description": text_in(embed, "description", where, problems, most=limits.EMBED_DESCRIPTION_CHARS),
        "url": address_in(embed, "url", where, problems),
        "color": whole_in(embed, "color", where, problems, least=0, most=_COLORS),
        "timestamp": embed.get("timestamp"),
        "author": _part(embed, "author", "name", limits.EMBED_AUTHOR_CHARS, where, problems),
        "footer": _part(embed, "footer", "text", limits.EMBED_FOOTER_CHARS, where, problems),
        "image": _media(embed, "image", where, problems),
        "thumbnail": _media(embed, "thumbnail", where, problems),
        "fields": _read_fields(embed, where, problems),
    }
    shown = {name: value for name, value in kept.items() if value not in (None, "", [])}
    if len(shown) == 1 and not any(embed.get(name) for name in kept):
        problems.add((*where, "description"), *REQUIRED)
    return shown


def _read_fields(embed: dict[str, Any], where: Where, problems: Problems) -> list[dict[str, Any]]:
    fields = []
    for index, given in enumerate(list_in(embed, "fields", where, problems, most=limits.EMBED_FIELDS)):
        place = (*where, "fields", index)
        name = text_in(given, "name", place, problems, most=limits.EMBED_FIELD_NAME_CHARS, is_required=True)
        value = text_in(given, "value", place, problems, most=limits.EMBED_FIELD_VALUE_CHARS, is_required=True)
        fields.append({"name": name, "value": value, "inline": bool(given.get("inline", False))})
    return fields


def _part(
    embed: dict[str, Any], name: str, text_name: str, chars: int, where: Where, problems: Problems
) -> dict[str, Any] | None:
    """Author or footer."""
    part = embed.get(name)
    if not isinstance(part, dict):
        return None
    place = (*where, name)
    kept = {
        text_name: text_in(part, text_name, place, problems, most=chars, is_required=True),
        "url": address_in(part, "url", place, problems) if name == "author" else None,
        "icon_url": address_in(part, "icon_url", place, problems, schemes=_MEDIA_SCHEMES),
    }
    return {key: value for key, value in kept.items() if value}


def _media(embed: dict[str, Any], name: str, where: Where, problems: Problems) -> dict[str, Any] | None:
    """Image or thumbnail."""
    part = embed.get(name)
    if not isinstance(part, dict):
        return None
    url = address_in(part, "url", (*where, name), problems, schemes=_MEDIA_SCHEMES)
    return {"url": url} if url else None


def _media_urls(embed: dict[str, Any]) -> list[str]:
    urls = [embed.get(name, {}).get("url", "") for name in ("image", "thumbnail")]
    return urls + [embed.get(name, {}).get("icon_url", "") for name in ("author", "footer")]


def _chars(embed: dict[str, Any]) -> int:
    """Characters that count for the limit over all embeds."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [embed.get("author", {}).get("name"), embed.get("footer", {}).get("text")]
    texts += [field[part] for field in embed.get("fields", []) for part in ("name", "value")]
    return sum(len(text.strip()) for text in texts if text)
