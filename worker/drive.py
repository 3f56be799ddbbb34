"""What a team does with a session: it is built, it speaks turn by turn, and it comes to an end or to a question.

Run by the runner for each claim, which also deals with every error. Holds nothing between sessions; all that lasts goes
through the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.logging import redacting
from core.domain import events as ev
from core.domain.lifecycle import Move
from core.errors import PermanentError
from core.ports import Change, Clock, UnitOfWork
from core.service.policy import Policy
from core.service.redaction import Redactor
from worker.budget import Budget
from worker.equipment import Equipment
from worker.journal import Journal
from worker.keyring import Keyring, keys_for
from worker.ports import Sandbox
from worker.sandbox.job import SandboxLimits
from worker.settings import RunLimits
from worker.team.builder import AgentBuilder
from worker.team.group_chat import GroupChat, without_ending
from worker.team.model import Model, ModelPool
from worker.tools.catalog import CATALOG, usable
from worker.tools.folder import Folder
from worker.tools.tool import Tool, ToolContext
from worker.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What the sessions of a worker process share."""

    uow: UnitOfWork
    clock: Clock
    policy: Policy
    models: ModelPool
    keyring: Keyring
    workspaces: Path  # the folder of the sessions' folders
    sandbox: Sandbox | None = None  # None: agents' code cannot be isolated on this machine, so it is refused
    python_limits: SandboxLimits = field(default_factory=SandboxLimits)
    equipment: Equipment = field(default_factory=Equipment)
    redactor: Redactor = field(default_factory=Redactor)  # knows the deployment's own secrets
    catalog: Mapping[str, Tool] = field(default_factory=lambda: CATALOG)


class Drive:
    """How sessions are worked on in this process."""

    def __init__(self, shop: Workshop, limits: RunLimits) -> None:
        self._shop = shop
        self._limits = limits

    async def run(self, journal: Journal) -> None:
        """Go on with the session until it waits for a person or is completed.

        Raises:
            PermanentError: it cannot go on; the message is for people.
            StopAsked, StaleEpoch, Conflict, TransientError: see `Journal.commit`.
        """
        await journal.load()
        shop, session = self._shop, journal.session
        keys = await keys_for(shop.uow, shop.keyring, session.workspace, session.starter.id)
        journal.redactor = shop.redactor.knowing(keys.values()) if keys else shop.redactor
        if shop.policy.limits_cost:
            journal.budget = Budget(shop.uow, shop.policy, session)
        with redacting(journal.redactor):
            await self._work(journal, keys)

    async def _work(self, journal: Journal, keys: Mapping[str, str]) -> None:
        shop, session = self._shop, journal.session
        model = shop.models.model(
            session.provider,
            session.model,
            key=keys.get(session.provider, ""),
            notice=journal.notice,
            before=journal.budget.reserve if journal.budget is not None else None,
        )
        journal.take_usage = model.take_usage
        folder = Folder(
            shop.workspaces, session.id, session.epoch, journal.files, journal.content, limits=shop.python_limits
        )
        context = ToolContext(
            session=session.id,
            folder=folder,
            sandbox=shop.sandbox,
            python_limits=shop.python_limits,
            equipment=shop.equipment,
            keys=keys,
            calls=journal.calls_so_far(),
        )
        try:
            if not session.team:
                await self._build(journal, model, context)
            await self._talk(journal, model, context)
        finally:
            await folder.remove()

    async def _build(self, journal: Journal, model: Model, context: ToolContext) -> None:
        tools = {tool.name: tool.description for tool in usable(context, self._shop.catalog).values()}
        built = await AgentBuilder(model, tools).build(journal.conversation())
        event = journal.fit(ev.TeamBuilt(team=built.team, fallback_reason=built.fallback_reason))
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
        await context.folder.lay(await journal.refresh())
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
            await context.folder.lay(await journal.refresh())
            opened = journal.open_turn()
            assert opened is not None  # just committed
        seq, agent = opened
        return Turn(
            journal, chat, model, self._shop.catalog, context, self._shop.clock,
            seq=seq, agent=agent, limits=self._limits,
        )  # fmt: skip
