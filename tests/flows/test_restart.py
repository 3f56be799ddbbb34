"""`muster up` ends cleanly and goes on where it was when it is started again on the same data."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.support.model_control import DONE, asks
from tests.support.processes import Child
from tests.support.room import COMPLETED, STOPPED, Room
from tests.support.stage import Stage, embedded, outlasting_model
from tests.support.waiting import until

END_S = 15.0


def _room_again(stage: Stage, room: Room) -> Room:
    return type(room)(stage, room.name, room.channel)


async def _ended_by_sigterm(stage: Stage) -> None:
    [up] = stage.bots
    up.terminate()
    assert await up.wait(timeout_s=END_S) == 0
    assert "what is unfinished goes on at the next start" in up.output
    assert "Traceback" not in up.output


async def test_after_a_restart_a_turn_goes_on_and_a_question_can_be_answered(tmp_path: Path) -> None:
    async with outlasting_model() as (model, settings):
        async with embedded(tmp_path, **settings) as stage:
            stage.model = model
            working, waiting = await stage.room(), await stage.room()
            await working.script("First part.")
            await working.fault("hang", agent="Bea", times=9)
            worked = await working.start()
            await waiting.script(asks("Which colour?"))
            waited = await waiting.start()
            question = await waiting.until("Which colour?", waited)
            await working.until("First part.", worked)
            await working.until_asked(agent="Bea", outcome="running")
            await _ended_by_sigterm(stage)
        await model.clear()
        await model.turn(f"Second part, after all.{DONE}", text=working.name)
        await model.turn(f"Blue it is.{DONE}", text=waiting.name)
        async with embedded(tmp_path, **settings) as stage:
            working, waiting = _room_again(stage, working), _room_again(stage, waiting)
            await waiting.ada.reply(question, "Blue.")
            await waiting.until("Blue it is.", waited)
            await waiting.until(COMPLETED, waited)
            await working.until(COMPLETED, worked)
            texts = await working.texts(worked)
            assert [text for text in texts if "part" in text] == ["First part.", "Second part, after all."]
            assert sum(text.startswith("The team:") for text in texts) == 1
            await working.until_card(COMPLETED, worked)
            await _ended_by_sigterm(stage)


async def test_a_worker_that_is_restarted_from_the_page_goes_on_with_what_it_had(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stage, aiohttp.ClientSession() as http:
        room = await stage.room()
        await room.script("First part.", f"Second part.{DONE}")
        await room.fault("slow", agent="Bea", delay_s=3.0)
        root = await room.start()
        await room.until_asked(agent="Bea", outcome="running")
        async with http.post(f"{stage.url}/control/restart-worker", json={}) as answer:
            assert answer.status == 200
        await room.until(COMPLETED, root)
        assert [text for text in await room.texts(root) if "part" in text] == ["First part.", "Second part."]
        assert stage.bots[0].output.count("worker.started") == 2


async def test_killed_and_started_again_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with outlasting_model() as (model, settings):
        async with embedded(tmp_path, **settings) as stage:
            stage.model = model
            room = await stage.room()
            await room.script("First part.")
            await room.fault("hang", agent="Bea", times=9)
            root = await room.start()
            await room.until("First part.", root)
            kept = tmp_path / "data" / "simulator" / "slack.jsonl"
            await until(lambda: kept.exists() and "First part." in kept.read_text())  # the simulated Slack's memory
            await stage.bots[0].kill()
        await model.clear()
        for words in ("Second part.", f"Third part.{DONE}"):
            await model.turn(words, text=room.name)
        async with embedded(tmp_path, **settings) as stage:
            room = _room_again(stage, room)
            await room.until(COMPLETED, root)
            parts = [text for text in await room.texts(root) if "part." in text]
            assert parts == ["First part.", "Second part.", "Third part."]


async def test_with_one_slot_the_second_session_waits_and_can_be_stopped(tmp_path: Path) -> None:
    async with embedded(tmp_path, WORKER_SLOTS="1") as stage:
        busy, queued = await stage.room(), await stage.room()
        await busy.fault("hang", kind="team", times=9)
        first = await busy.start()
        await busy.until_asked(outcome="running")
        second = await queued.start()
        assert "🕒 Queued" in second.text
        async with asyncio.timeout(10):
            await queued.press(second, "stop")
            await queued.until(STOPPED, second)
        await busy.press(first, "stop")
        await busy.until(STOPPED, first)
        assert await stage.model.requests(queued.name) == []


async def test_a_model_that_cannot_be_reached_ends_the_session_with_what_to_do(tmp_path: Path) -> None:
    nowhere = {"MODEL_BASE_URL": "http://127.0.0.1:9/v1", "MODEL_API_KEY": "k" * 20, "MODEL_NAME": "some-model"}
    async with embedded(tmp_path, MODEL_TIMEOUT_S="6", **nowhere) as stage:
        room = await stage.room()
        root = await room.start()
        ending = await room.end(root)
        assert "could not be reached" in ending.text
        assert "Check its URL and the network" in ending.text
        await room.until_card("❌ Failed", root)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"MODEL_BASE_URL": "http://127.0.0.1:9/v1", "MODEL_API_KEY": "", "MODEL_NAME": ""}, "MODEL_NAME"),
        ({"MODEL_API_KEY": "k" * 20, "MODEL_BASE_URL": ""}, "MODEL_BASE_URL"),
        ({"MAX_ROUNDS": "none"}, "MAX_ROUNDS"),
    ],
)
async def test_what_is_missing_is_said_at_the_start(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    async with Child("muster", "up", env={**settings, "DATA_DIR": str(tmp_path), "SIMULATOR_PORT": "0"}) as up:
        assert await up.wait() == 1
        assert words in up.output
        assert "Traceback" not in up.output
