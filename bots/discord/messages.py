"""Neutral words as Discord messages: what the relay puts into the outbox.

A payload is JSON that only `surface` reads: `embeds`, `components`, `thread` (the name of the thread to start from the
message), and `file` with its name. An agent speaks in an embed under its own name, icon and colour: Discord makes no
previews of what is in there, so nothing is fetched because an agent wrote an address.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from bots import chunks
from bots.discord import cards, limits
from bots.discord.markup import color, icon, literal, shown, shown_chars, tables_as_code
from bots.discord.places import is_direct
from bots.ports import Rendered
from core.domain.session import Session
from core.ports import Draft, Thread
from core.service.narration import Speaker, Tone, Words

_MAX_PIECES = 5
_URGENT = frozenset({Tone.QUESTION, Tone.ENDING})
_ANSWER_DIRECT = "*Write your reply here to answer.*"
_ANSWER_OWNED = "*Reply in this thread to answer.*"
_ANSWER_BY_MENTION = "*To answer, reply in this thread and mention me.*"
_DECIDE = "*Press a button to decide. A reply in words decides nothing.*"
_PRESS = "*Press a button, or use your own words.*"
_ANSWER_BY_BUTTON = "*To answer, press **Answer**, or reply here and mention me.*"


class DiscordRenderer:
    """Implements `bots.ports.MessageRenderer` and `core.ports.Renderer`."""

    def __init__(self, reads_content: Callable[[], bool]) -> None:
        """
        Args:
            reads_content: whether Discord lets us read messages that do not mention us.
        """
        self._reads_content = reads_content

    def root(self, session: Session) -> Draft:
        """The status card as the thread's first message."""
        payload = {**cards.card(session), "thread": cards.thread_name(session)}
        return Draft(payload=payload, shown=0, session=session.id, card=True)

    def card(self, session: Session) -> dict[str, Any]:
        """The status card as new content of the message that shows it."""
        return cards.card(session)

    def render(self, session: Session, thread: Thread, words: Sequence[Words]) -> list[Rendered]:
        """Messages for *words* in order; what one speaker says and does in a row is merged while it fits."""
        rendered: list[Rendered] = []
        for run in _runs(words):
            rendered += _files(session, run) if run[0].tone is Tone.FILE else self._messages(session, thread, run)
        return rendered

    def _messages(self, session: Session, thread: Thread, run: Sequence[Words]) -> list[Rendered]:
        text = "\n\n".join(chunks.closed(word.text) for word in run if word.text.strip())
        if not text:
            return []
        last = run[-1]
        pieces = chunks.split(tables_as_code(text), limits.POST_CHARS, shown_chars)
        document: Rendered | None = None
        if len(pieces) > _MAX_PIECES:
            name = attachment_name(f"{_file_stem(last)}-{last.seq}.md")
            pieces = [pieces[0] + f"\n\n*The whole text, {len(text):,} characters, is in the file* `{name}`."]
            document = _document(session, last.seq, name, text)
        texts = [shown(piece) for piece in pieces]
        components: list[Any] = []
        if last.question is not None:
            texts[-1] += f"\n\n{self._how_to_answer(thread, last)}"
            components = cards.choice_buttons(last.question, last.choices, approval=last.approval)
            if not last.approval and not self._hears(thread):
                components.append(cards.answer_button(session.number))
        rendered = [
            Rendered(
                draft=Draft(
                    payload={
                        "embeds": [{"description": piece, **_voice(last.speaker)}],
                        "components": components if is_last else [],
                    },
                    shown=last.seq,
                    session=session.id,
                    question=last.question if is_last else None,
                    urgent=last.tone in _URGENT,
                )
            )
            for piece, is_last in _with_last(texts)
        ]
        return [*rendered, document] if document else rendered

    def _hears(self, thread: Thread) -> bool:
        return self._reads_content() or is_direct(thread.workspace)

    def _how_to_answer(self, thread: Thread, asked: Words) -> str:
        if asked.approval:
            return _DECIDE  # words never count as leave
        if asked.choices:
            return f"{_PRESS} {self._how_to_write(thread)}"
        return self._how_to_write(thread)

    def _how_to_write(self, thread: Thread) -> str:
        if is_direct(thread.workspace):
            return _ANSWER_DIRECT
        if not self._reads_content():
            return _ANSWER_BY_BUTTON
        return _ANSWER_OWNED if thread.owned else _ANSWER_BY_MENTION


def _runs(words: Sequence[Words]) -> Iterator[list[Words]]:
    def together(word: Words) -> tuple[Any, ...]:
        merges = word.tone in (Tone.SAID, Tone.TOOL, Tone.NOTICE)
        return (word.speaker, word.tone is Tone.NOTICE if merges else (word.tone, word.seq))

    for _, run in groupby(words, key=together):
        yield list(run)


def _with_last(texts: Sequence[str]) -> Iterator[tuple[str, bool]]:
    for index, text in enumerate(texts):
        yield text, index == len(texts) - 1


def _file_stem(word: Words) -> str:
    return word.speaker.name if word.speaker else "muster"


def _document(session: Session, seq: int, name: str, text: str) -> Rendered:
    payload = {"file": {"name": name}, "embeds": [{"description": f"`{name}`"}]}
    return Rendered(draft=Draft(payload=payload, shown=seq, session=session.id), document=text.encode())


def _files(session: Session, run: Sequence[Words]) -> list[Rendered]:
    rendered: list[Rendered] = []
    for word in run:
        if word.file is None:
            continue
        embed: dict[str, Any] = {"description": f"made **{literal(word.file.name)}**", **_voice(word.speaker)}
        if word.file.size_bytes > limits.FILE_BYTES:
            embed["description"] += f"\nIt is larger than {limits.FILE_BYTES // 1024 // 1024} MB, so it stays here."
            draft = Draft(payload={"embeds": [embed]}, shown=word.seq, session=session.id)
            rendered.append(Rendered(draft=draft))
            continue
        name = attachment_name(word.file.name)
        if word.file.mime in limits.IMAGE_MIMES:
            embed["image"] = {"url": f"attachment://{name}"}
        payload = {"file": {"name": name}, "embeds": [embed]}
        draft = Draft(payload=payload, blob=word.file.blob, shown=word.seq, session=session.id)
        rendered.append(Rendered(draft=draft))
    return rendered


def attachment_name(path: str) -> str:
    """A name that an embed can refer to. Source: https://docs.discord.com/developers/reference#editing-message-attachments"""
    last = path.rsplit("/", 1)[-1]
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "_.-") else "_" for char in last)
    return plain[-100:].lstrip(".") or "file"


def _voice(speaker: Speaker | None) -> dict[str, Any]:
    if speaker is None:
        return {}
    name = f"{icon(speaker.icon)} {speaker.name}"[: limits.AUTHOR_CHARS]
    return {"author": {"name": shown(name)[: limits.AUTHOR_CHARS]}, "color": color(speaker.name)}
