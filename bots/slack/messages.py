"""Neutral words as Slack messages: what the relay puts into the outbox.

A payload is JSON that only `surface` reads: `text`, `blocks`, `username`, `icon_emoji`, and for a file `image` or
`file` with its name. No address is given a label, nobody is mentioned.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from bots import chunks
from bots.ports import Rendered
from bots.slack import cards, limits
from bots.slack.markup import escape, escaped_chars, icon, to_mrkdwn
from core.domain.session import Session
from core.ports import Draft, Thread
from core.service.narration import Speaker, Tone, Words
from core.service.outbound import safe_file_name

_MAX_PIECES = 5
_URGENT = frozenset({Tone.QUESTION, Tone.ENDING})
_HOW_TO_ANSWER = {
    True: "_Reply in this thread to answer._",
    False: "_To answer, reply in this thread and mention me._",
}
_OR_PRESS = {
    True: "_Reply in this thread to answer, or press a button._",
    False: "_To answer, press a button, or reply in this thread and mention me._",
}
_HOW_TO_DECIDE = "_Decide with a button: what is written in the thread approves nothing._"


class SlackRenderer:
    """Implements `bots.ports.MessageRenderer` and `core.ports.Renderer`."""

    def root(self, session: Session) -> Draft:
        """The status card as the thread's first message."""
        return Draft(payload=cards.card(session), shown=0, session=session.id, card=True)

    def card(self, session: Session) -> dict[str, Any]:
        """The status card as new content of the message that shows it."""
        return cards.card(session)

    def render(self, session: Session, thread: Thread, words: Sequence[Words]) -> list[Rendered]:
        """Messages for *words* in order; what one speaker says and does in a row is merged while it fits."""
        rendered: list[Rendered] = []
        for run in _runs(words):
            rendered += _files(session, run) if run[0].tone is Tone.FILE else _messages(session, thread, run)
        return rendered


def _runs(words: Sequence[Words]) -> Iterator[list[Words]]:
    def together(word: Words) -> tuple[Any, ...]:
        merges = word.tone in (Tone.SAID, Tone.TOOL, Tone.NOTICE)
        return (word.speaker, word.tone is Tone.NOTICE if merges else (word.tone, word.seq))

    for _, run in groupby(words, key=together):
        yield list(run)


def _messages(session: Session, thread: Thread, run: Sequence[Words]) -> list[Rendered]:
    text = "\n\n".join(chunks.closed(word.text) for word in run if word.text.strip())
    last = run[-1]
    if not text and last.question is None:
        return []
    pieces = chunks.split(text, limits.POST_CHARS, escaped_chars)
    document: Rendered | None = None
    if len(pieces) > _MAX_PIECES:
        name = safe_file_name(f"{last.speaker.name if last.speaker else 'muster'}-{last.seq}.md")
        pieces = [pieces[0] + f"\n\n*The whole text, {len(text):,} characters, is in the file* `{name}`."]
        document = _document(session, last.seq, name, text)
    texts = [to_mrkdwn(piece) for piece in pieces]
    if last.question is not None:
        how = _how_to_answer(thread, last)
        if last.choices and len(texts[-1]) + len(how) + 2 > limits.SECTION_CHARS:
            texts.append(how)  # a block holds less than a message
        else:
            texts[-1] = f"{texts[-1]}\n\n{how}".strip()
    rendered = [
        Rendered(
            draft=Draft(
                payload={
                    "text": piece,
                    **_voice(last.speaker),
                    **(_choices(piece, last) if index == len(texts) - 1 else {}),
                },
                shown=last.seq,
                session=session.id,
                question=last.question if index == len(texts) - 1 else None,
                urgent=last.tone in _URGENT,
            )
        )
        for index, piece in enumerate(texts)
    ]
    return [*rendered, document] if document else rendered


def _how_to_answer(thread: Thread, asked: Words) -> str:
    if asked.approval:
        return _HOW_TO_DECIDE
    return (_OR_PRESS if asked.choices else _HOW_TO_ANSWER)[thread.owned]


def _choices(text: str, asked: Words) -> dict[str, Any]:
    """The blocks of a question that can be answered with buttons."""
    if asked.question is None or not asked.choices:
        return {}
    return {"blocks": cards.question(text, asked.question, asked.choices, approval=asked.approval)}


def _document(session: Session, seq: int, name: str, text: str) -> Rendered:
    payload = {"file": {"name": name, "mime": "text/markdown"}, "text": f"`{escape(name)}`"}
    return Rendered(draft=Draft(payload=payload, shown=seq, session=session.id), document=text.encode())


def _files(session: Session, run: Sequence[Words]) -> list[Rendered]:
    rendered: list[Rendered] = []
    for word in run:
        if word.file is None:
            continue
        name = safe_file_name(word.file.name)
        form = "image" if word.file.mime in limits.IMAGE_MIMES else "file"
        payload = {
            form: {"name": name, "mime": word.file.mime},
            "text": f"{_made_by(word.speaker)} `{escape(word.file.name)}`",
            **_voice(word.speaker),
        }
        draft = Draft(payload=payload, blob=word.file.blob, shown=word.seq, session=session.id)
        rendered.append(Rendered(draft=draft))
    return rendered


def _made_by(speaker: Speaker | None) -> str:
    return f"*{escape(speaker.name)}* made" if speaker else "A file:"


def _voice(speaker: Speaker | None) -> dict[str, str]:
    if speaker is None:
        return {}
    return {"username": speaker.name[: limits.USERNAME_CHARS], "icon_emoji": f":{icon(speaker.icon)}:"}
