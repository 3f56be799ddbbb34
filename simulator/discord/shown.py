"""What a person of a simulated guild gets to see: messages.

Given out by `person`; plain values, read by tests and demonstrations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_WRITTEN = (0, 19, 20, 23)
"""Types of messages that somebody wrote; the others are Discord's own."""
_THREAD_STARTER = 21
_ICON = re.compile(r"^[^\w\s]+ ")
_MOMENT = re.compile(r"<t:(\d+)(?::\w)?>")
_CHANNEL = re.compile(r"<#\d+>")
_NESTED = ("components", "accessory", "component")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as somebody sees it."""

    channel: str
    """Id of the channel, thread or direct messages that it is in."""
    body: dict[str, Any] = field(repr=False)
    """The message as on Discord's wire."""
    parent: str | None = None
    """Id of the channel that its thread hangs under; None when it is in no thread."""

    @property
    def ts(self) -> str:
        """The message's id."""
        return str(self.body["id"])

    @property
    def root_ts(self) -> str:
        """Id of the thread that it is in, or would open: that of the thread's first message."""
        return self.channel if self.parent is not None else self.ts

    @property
    def author(self) -> str:
        """The name that its first embed speaks under, or the id of its user."""
        return self.speaker or str(self.body["author"]["id"])

    @property
    def speaker(self) -> str:
        """The name that its first embed speaks under, without the icon before it."""
        names = [embed["author"]["name"] for embed in self.body.get("embeds", []) if "author" in embed]
        return _ICON.sub("", str(names[0])) if names else ""

    @property
    def text(self) -> str:
        """All that can be read in it: its content, that of its embeds, and its components."""
        embeds = (text for embed in self.body.get("embeds", []) for text in _embed_texts(embed))
        shown = (text for component in self._components for text in _component_texts(component))
        return "\n".join(filter(None, [self.body.get("content", ""), *embeds, *shown]))

    @property
    def markdown(self) -> str:
        """All that can be read in it: Discord's own markup is markdown."""
        return _CHANNEL.sub("in its thread", _MOMENT.sub(_utc, self.text))

    @property
    def actions(self) -> list[str]:
        """The custom ids that can be used on it."""
        return [str(c["custom_id"]) for c in self._components if "custom_id" in c]

    @property
    def files(self) -> list[dict[str, Any]]:
        """The files attached to it that are no pictures: `id`, `name`, and what Discord says of them."""
        return [file for file in self._attachments if not _is_picture(file)]

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """The attached pictures, those that an embed has taken in included."""
        taken_in = (embed["image"]["url"] for embed in self.body.get("embeds", []) if "image" in embed)
        in_embeds = [{"id": (parts := url.split("/"))[-2], "name": parts[-1]} for url in taken_in]
        return [*in_embeds, *(file for file in self._attachments if _is_picture(file))]

    @property
    def _attachments(self) -> list[dict[str, Any]]:
        return [{**file, "name": file["filename"]} for file in self.body.get("attachments", [])]

    @property
    def is_by_app(self) -> bool:
        """Whether the app's bot wrote it."""
        return bool(self.body["author"].get("bot")) and self.body["type"] in _WRITTEN

    @property
    def is_reply(self) -> bool:
        """Whether it is in a thread without being its root."""
        return self.parent is not None and self.body["type"] != _THREAD_STARTER

    @property
    def _components(self) -> Iterator[dict[str, Any]]:
        return _walk(self.body.get("components", []))


def _is_picture(file: dict[str, Any]) -> bool:
    return str(file.get("content_type", "")).startswith("image/")


def _utc(moment: re.Match[str]) -> str:
    return f"{datetime.fromtimestamp(int(moment[1]), UTC):%Y-%m-%d %H:%M} UTC"


def _walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        for name in _NESTED:
            inner = component.get(name, [])
            yield from _walk(inner if isinstance(inner, list) else [inner])


def _embed_texts(embed: dict[str, Any]) -> Iterator[str]:
    yield from (str(embed[name]) for name in ("title", "description") if embed.get(name))
    for part in embed.get("fields", []):
        yield f"{part['name']}\n{part['value']}"
    if text := embed.get("footer", {}).get("text"):
        yield str(text)


def _component_texts(component: dict[str, Any]) -> Iterator[str]:
    yield from (str(component[name]) for name in ("content", "label", "placeholder") if component.get(name))
