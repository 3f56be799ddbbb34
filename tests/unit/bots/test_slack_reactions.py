"""The reaction that stops, over the wire."""

import pytest

from bots.slack.parse import REACTION_STOP
from core.domain.lifecycle import State
from simulator.slack.person import Shown
from tests.support.waiting import until
from tests.unit.bots.slack_world import SlackWorld

pytestmark = pytest.mark.slow


async def started(world: SlackWorld, task: str = "count the primes") -> Shown:
    await world.slack.person("ada").command("/agents", task, channel="general")
    return await world.slack.wait_for_message(channel="general", containing=task)


async def is_stopped(world: SlackWorld) -> bool:
    return (await world.session()).state is State.STOPPED


async def commands(world: SlackWorld) -> int:
    """How many requests were recorded."""
    async with world.uow.across() as across:
        rows = await across._connection.exec_driver_sql("SELECT count(*) FROM inbox")
    return int(rows.scalar_one())


@pytest.mark.parametrize("where", ["card", "question"])
async def test_a_stop_sign_on_a_post_of_musters_stops_the_session(world: SlackWorld, where: str) -> None:
    marked = await started(world)
    await world.claim()
    await world.ask("Up to what?")
    question = await world.slack.wait_for_message(containing="Up to what?", author="writer")
    if where == "question":
        marked = question
    await world.slack.person("ada").react(marked, REACTION_STOP)
    await world.slack.person("ada").wait_for_ephemeral("Stopping #1")
    await until(lambda: is_stopped(world))


async def test_who_may_not_stop_it_is_told_in_private(world: SlackWorld) -> None:
    root = await started(world)
    await world.slack.person("ben").react(root, REACTION_STOP)
    await world.slack.person("ben").wait_for_ephemeral("can stop it")
    assert not await is_stopped(world)


async def test_a_reaction_that_is_told_again_and_again_has_one_effect(world: SlackWorld) -> None:
    root = await started(world)
    await world.slack.add_fault("duplicate_event", target="reaction_added", copies=3)
    ada = world.slack.person("ada")
    await ada.react(root, REACTION_STOP)
    await ada.wait_for_ephemeral("Stopping #1")
    await ada.react(root, REACTION_STOP, remove=True)
    after = world.slack.position
    await ada.react(root, REACTION_STOP)
    await ada.wait_for_ephemeral("has ended already", after=after)
    assert len([e for e in await ada.ephemerals() if "ended already" in e.text]) == 1


async def test_other_reactions_and_other_peoples_messages_are_left_alone(world: SlackWorld) -> None:
    root = await started(world)
    ada = world.slack.person("ada")
    before = await commands(world)
    for name in ("tada", "black_square_for_stop", "eyes"):
        await ada.react(root, name)
    said = await world.slack.person("ben").post("general", "lunch?")
    await ada.react(said, REACTION_STOP)
    await world.slack.add_fault("duplicate_event", target="reaction_added")
    await ada.react(root, REACTION_STOP)
    await ada.wait_for_ephemeral("Stopping #1")
    assert [e.text for e in await ada.ephemerals() if "Stopping" not in e.text] == []
    assert await commands(world) == before + 2  # the one on Ben's message, which came to nothing


async def test_a_reaction_that_could_not_be_recorded_is_sent_again(world: SlackWorld) -> None:
    await world.slack.set(redelivery_s=(0.5, 0.5, 0.5))
    root = await started(world)
    world.uow.broken = True
    await world.slack.person("ada").react(root, REACTION_STOP)
    await world.slack.wait_for(lambda entry: entry.kind == "envelope.unacked", what="an event that is not taken")
    world.uow.broken = False
    await world.slack.person("ada").wait_for_ephemeral("Stopping #1", timeout_s=20)
