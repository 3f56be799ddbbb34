"""What a person of the simulated workspace gets to see: messages.

Given out by `person` and `control_client`; plain values, read by tests and demonstrations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.slack.markup import unescape

_LABELLED = re.compile(r"<[^<>|]+\|(?P<label>[^<>]*)>")
"""A link or a date, with the words for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as somebody sees it."""

    channel: str
    """Id of the channel it is in."""
    body: dict[str, Any] = field(repr=False)
    """The message as on Slack's wire."""

    @property
    def ts(self) -> str:
        """The message's id in its channel."""
        return str(self.body["ts"])

    @property
    def root_ts(self) -> str:
        """Ts of the root of the thread that it is in, or would open."""
        return str(self.body.get("thread_ts") or self.body["ts"])

    @property
    def author(self) -> str:
        """The customised name it was posted under, or the id of its user."""
        return str(self.body.get("username") or self.body.get("user") or "")

    @property
    def speaker(self) -> str:
        """The customised name it was posted under."""
        return str(self.body.get("username", ""))

    @property
    def text(self) -> str:
        """All that can be read in it: its text and that of its blocks, unescaped.

        What a person typed comes in a `rich_text` block as well; it is not repeated.
        """
        blocks = [block for block in self.body.get("blocks", []) if block["type"] != "rich_text"]
        return unescape("\n".join([self.body.get("text", ""), *_texts(blocks)]))

    @property
    def markdown(self) -> str:
        """Its blocks, else its text, with Slack's labels and emoji as a terminal shows them."""
        parts = []
        for block in self.body.get("blocks", []):
            text = block.get("text")
            if isinstance(text, dict):
                parts.append(str(text.get("text", "")))
            if block["type"] == "context":
                parts += [str(element.get("text", "")) for element in block["elements"]]
        raw = "\n\n".join(parts) or str(self.body.get("text", ""))
        return unescape(_LABELLED.sub(lambda found: found["label"], raw)).replace("•", "-")

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """The files in its image blocks."""
        images = [block for block in self.body.get("blocks", []) if block["type"] == "image" and "slack_file" in block]
        return [{"id": str(image["slack_file"]["id"]), "name": str(image["alt_text"])} for image in images]

    @property
    def actions(self) -> list[str]:
        """The action ids that can be used on it."""
        return list(_action_ids(self.body.get("blocks", [])))

    @property
    def files(self) -> list[dict[str, Any]]:
        """The files attached to it; pictures stand in blocks instead."""
        return list(self.body.get("files", []))

    @property
    def is_by_app(self) -> bool:
        """Whether the app's bot wrote it: agents speak under names of their own, so the author says nothing."""
        return bool(self.body.get("bot_id")) and not str(self.body.get("subtype", "")).startswith("channel_")

    @property
    def is_reply(self) -> bool:
        """Whether it is in a thread without being its root."""
        return self.root_ts != self.ts


def _texts(blocks: Any) -> Iterator[str]:
    """Every text in a block structure."""
    if isinstance(blocks, list):
        for item in blocks:
            yield from _texts(item)
    elif isinstance(blocks, dict):
        if isinstance(blocks.get("text"), str):
            yield blocks["text"]
        for item in blocks.values():
            if isinstance(item, list | dict):
                yield from _texts(item)


def _action_ids(blocks: Any) -> Iterator[str]:
    if isinstance(blocks, list):
        for item in blocks:
            yield from _action_ids(item)
    elif isinstance(blocks, dict):
        if isinstance(blocks.get("action_id"), str):
            yield blocks["action_id"]
        for item in blocks.values():
            if isinstance(item, list | dict):
                yield from _action_ids(item)
