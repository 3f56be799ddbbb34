"""What people may read of what is kept: `/history`, status, transcripts. Changes nothing.

Called by platforms' handlers. What somebody may not see is answered exactly like what is not there.
"""

from core.domain import events as ev
from core.domain.lifecycle import FINAL, State
from core.domain.refs import Place
from core.domain.session import Session, as_changed
from core.ports import Answer, Conversations, Listed, Query, SessionQuery, Thread, UnitOfWork, Work
from core.service.narration import STATE_WORDS, card_words, fenced, narrate, one_line, tool_name, usage_words
from core.service.outbound import NO_LINKS, Links, clean, plain, redact

PAGE = 10
MOST_WORDS = 20
"""That a search looks for: each costs a condition, and databases take only so many."""
_UNFINISHED = frozenset(State) - FINAL


class History:
    """Answers to questions about sessions, for one person at a time."""

    def __init__(self, *, uow: UnitOfWork, conversations: Conversations, links: Links = NO_LINKS) -> None:
        """
        Args:
            links: what agents may link to in any session.
        """
        self._uow = uow
        self._links = links
        self._conversations = conversations

    async def answer(self, query: Query) -> Answer:
        """`/history`: a page of the conversation's sessions, or one session with its transcript."""
        if query.number is not None:
            return await self._one(query)
        if not await self._may_view(query, query.place):
            return Answer(text="I cannot tell whether you may read this conversation, so I show nothing of it.")
        words = " ".join(redact(query.words).split()[:MOST_WORDS])
        wanted = SessionQuery(channel=query.place.channel, words=words, limit=PAGE + 1, offset=query.offset)
        async with self._uow.read(query.place.workspace) as work:
            found = await work.sessions.search(wanted)
            listed = tuple([await _listed(work, session) for session in found[:PAGE]])
        if not listed:
            if words:
                return Answer(text=f"No session in this conversation has the words “{clean(words)}”.")
            return Answer(text="No session has run in this conversation yet. Start one with `/agents`.")
        about = f"Sessions with “{clean(words)}”" if words else "Sessions in this conversation"
        older = _next_page(query) if len(found) > PAGE else None
        return Answer(text=f"{about}, newest first:", sessions=listed, older=older)

    async def status(self, query: Query) -> Answer:
        """`/agents status`: what is at work in the conversation, or how one session stands."""
        if query.number is not None:
            session, place = await self._visible(query)
            if session is None:
                return _unknown(query.number)
            return Answer(text=_in_words(session), sessions=(Listed(session=session, place=place),))
        if not await self._may_view(query, query.place):
            return Answer(text="I cannot tell whether you may read this conversation, so I show nothing of it.")
        async with self._uow.read(query.place.workspace) as work:
            found = await work.sessions.search(SessionQuery(channel=query.place.channel, states=_UNFINISHED))
            listed = tuple([await _listed(work, session) for session in found])
        if not listed:
            return Answer(text="Nothing is at work in this conversation. `/history` shows what was.")
        return Answer(text="At work in this conversation:", sessions=listed)

    async def _one(self, query: Query) -> Answer:
        session, place = await self._visible(query)
        if session is None:
            return _unknown(query.number)
        async with self._uow.read(query.place.workspace) as work:
            recorded = await work.sessions.events(session.id)
        return Answer(
            text=_in_words(session),
            sessions=(Listed(session=session, place=place),),
            file_name=f"session-{session.number}.md",
            file_text=transcript_document(session, recorded, self._links.of_session(session.hosts)),
        )

    async def _visible(self, query: Query) -> tuple[Session | None, Place | None]:
        """The session asked for and where it is, if the person may see it."""
        async with self._uow.read(query.place.workspace) as work:
            session = await work.sessions.by_number(query.number or 0)
            place = (await _listed(work, session)).place if session is not None else None
        if session is None or place is None or not await self._may_view(query, place):
            return None, None
        return session, place

    async def _may_view(self, query: Query, place: Place) -> bool:
        if query.restricted:
            return False
        return await self._conversations.may_view(place, query.by.id)


def _unknown(number: int | None) -> Answer:
    return Answer(text=f"There is no session #{number} that you can see. `/history` lists those of a conversation.")


def _next_page(query: Query) -> Query:
    return Query(place=query.place, by=query.by, words=query.words, offset=query.offset + PAGE)


async def _listed(work: Work, session: Session) -> Listed:
    thread = await work.threads.get(session.thread) if session.thread else None
    return Listed(session=session, place=_place(thread) if thread else None)


def _place(thread: Thread) -> Place:
    return Place(workspace=thread.workspace, channel=thread.channel, root=thread.root)


def _in_words(session: Session) -> str:
    return f"#{session.number}, started by {one_line(session.starter.name)}: {card_words(session)}"


def transcript_document(session: Session, recorded: list[ev.Recorded], links: Links = NO_LINKS) -> str:
    """The whole session as one markdown document, of whose addresses only those that *links* allows lead anywhere."""
    parts = [
        f"# Session #{session.number}\n",
        f"- State: {STATE_WORDS[session.state]}",
        f"- Started by {one_line(session.starter.name)} at {session.created_at:%Y-%m-%d %H:%M} UTC",
        f"- Model: {one_line(session.provider)} / {one_line(session.model)}",
        f"- Used: {usage_words(session.usage)}, {session.round} {'round' if session.round == 1 else 'rounds'}\n",
    ]
    for record in as_changed(recorded):
        parts += _paragraphs(record, session, links)
    return "\n".join(parts) + "\n"


def _paragraphs(record: ev.Recorded, session: Session, links: Links) -> list[str]:
    time = f"{record.at:%H:%M:%S}"
    match record.event:
        case ev.TaskGiven(task=text, by=by) | ev.NoteGiven(text=text, by=by) | ev.QuestionAnswered(text=text, by=by):
            return [f"## {one_line(by.name)} · {time}\n", clean(text, links), ""]
        case ev.ToolFinished(agent=agent, tool=tool, output=output, files=files) if tool != "ask_human":
            named = [f"- file: {one_line(file.name)} ({file.size_bytes:,} bytes)" for file in files]
            return [f"## {one_line(agent)} · {tool_name(tool)} · {time}\n", fenced(plain(output, links)), *named, ""]
        case _:
            words = narrate(record, session.team, links)
            head = words[0].speaker.name if words and words[0].speaker else "Muster"
            return [f"## {head} · {time}\n", *(word.text for word in words), ""] if words else []
