"""What a team does with a session: it is built, it speaks turn by turn, and it comes to an end or to a question.

Run by the runner for each claim, which also deals with every error. Holds nothing between sessions; all that lasts goes
through the journal.
"""

from collections.abc import Mapping
from pathlib import Path

from core.domain import events as ev
from core.domain.lifecycle import Move
from core.errors import PermanentError
from core.ports import Change, Clock
from worker.journal import Journal
from worker.ports import Sandbox
from worker.recording import fit
from worker.team.builder import AgentBuilder
from worker.team.group_chat import GroupChat, without_ending
from worker.team.model import Model, ModelPool
from worker.tools.folder import Folder
from worker.tools.tool import Tool, ToolContext
from worker.turn import Turn


class Drive:
    """How sessions are worked on in this process."""

    def __init__(
        self,
        *,
        clock: Clock,
        models: ModelPool,
        catalog: Mapping[str, Tool],
        sandbox: Sandbox | None,
        workspaces: Path,
        tool_calls_per_turn: int,
    ) -> None:
        """Keep what the work needs.

        Args:
            sandbox: None when agents' code cannot be isolated on this machine; it is refused then.
            workspaces: the folder of the sessions' working folders.
        """
        self._clock = clock
        self._models = models
        self._catalog = catalog
        self._sandbox = sandbox
        self._workspaces = workspaces
        self._tool_calls_per_turn = tool_calls_per_turn

    async def run(self, journal: Journal) -> None:
        """Go on with the session until it waits for a person or is completed.

        Raises:
            PermanentError: it cannot go on; the message is for people.
            StopAsked, StaleEpoch, Conflict, TransientError: see `Journal.commit`.
        """
        await journal.load()
        session = journal.session
        model = self._models.model(session.provider, session.model, notice=journal.notice)
        journal.take_usage = model.take_usage
        folder = Folder(self._workspaces, session.id, session.epoch, journal.files, journal.content)
        try:
            if not session.team:
                await self._build(journal, model)
            context = ToolContext(session=session.id, folder=folder, sandbox=self._sandbox)
            await self._talk(journal, model, context)
        finally:
            await folder.remove()

    async def _build(self, journal: Journal, model: Model) -> None:
        tools = {tool.name: tool.description for tool in self._catalog.values()}
        built = await AgentBuilder(model, tools).build(journal.conversation())
        event = fit(ev.TeamBuilt(team=built.team, fallback_reason=built.fallback_reason))
        assert isinstance(event, ev.TeamBuilt)  # `fit` keeps the type
        await journal.commit(event, move=Move.BUILT, change=Change(team=event.team))

    async def _talk(self, journal: Journal, model: Model, context: ToolContext) -> None:
        """Turn after turn, until the team is done, asks a person, or has no round left."""
        chat = GroupChat(model, journal.session.team)
        while not journal.session.finished:
            turn = await self._open_turn(journal, chat, model, context)
            text = await turn.run()
            if text is None:
                return
            said, ended = without_ending(turn.agent, text)
            happened = ev.Said(agent=turn.agent, text=said or ("Done." if ended else "(nothing to add)"))
            if ended and journal.session.round >= journal.session.max_rounds:
                await journal.commit(happened, ev.Completed(), move=Move.COMPLETE)
            else:
                await journal.commit(happened, completes_unless_noted_after=turn.seq if ended else None)

    async def _open_turn(self, journal: Journal, chat: GroupChat, model: Model, context: ToolContext) -> Turn:
        """The turn that is open, else a new one of whoever speaks next."""
        await journal.refresh()
        opened = journal.open_turn()
        if opened is None:
            session = journal.session
            if session.round >= session.max_rounds:
                raise PermanentError(
                    f"the team has used all its {session.max_rounds} rounds without an end. Reply here to go on.",
                    reason="rounds",
                )
            agent = await chat.next_speaker(journal.conversation())
            change = Change(round=session.round + 1)
            await journal.commit(ev.TurnStarted(agent=agent, round=session.round + 1), change=change)
            await journal.refresh()
            opened = journal.open_turn()
            assert opened is not None  # just committed
        seq, agent = opened
        return Turn(
            journal, chat, model, self._catalog, context, self._clock,
            seq=seq, agent=agent, most_calls=self._tool_calls_per_turn,
        )  # fmt: skip
