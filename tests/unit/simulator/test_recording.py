"""A simulator that is asked for a recording keeps all that its truth log says."""

import json
from pathlib import Path

import aiohttp
import pytest

from simulator.recording import RECORD_FOLDER, Recording
from simulator.server import Simulator
from simulator.truth import TruthLog


def recorded(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]


def test_each_entry_is_in_the_file_as_soon_as_it_is_made(tmp_path: Path) -> None:
    truth = TruthLog(clock=lambda: 7.0, kept_entries=1, record=Recording(tmp_path / "new").write)

    truth.of("slack").append("api.call", {"method": "auth.test"}, team="T1")
    truth.append("message.posted", {})

    assert recorded(tmp_path / "new") == [
        {"id": 1, "at": 7.0, "kind": "api.call", "team": "T1", "data": {"method": "auth.test"}, "platform": "slack"},
        {"id": 2, "at": 7.0, "kind": "message.posted", "team": "", "data": {}, "platform": ""},
    ]


async def test_a_call_is_recorded_as_it_came_and_without_its_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RECORD_FOLDER, str(tmp_path))
    simulator = Simulator()
    await simulator.start()
    try:
        async with aiohttp.ClientSession() as http:
            await http.post(f"{simulator.slack_api_url}auth.test", data={"token": "xoxb-secret", "x": "1"})
            await http.post(
                f"{simulator.slack_api_url}chat.update",
                json={"text": "Hello"},
                headers={"Authorization": "Bearer xoxb-secret"},
            )
    finally:
        await simulator.stop()

    calls = [entry["data"] for entry in recorded(tmp_path) if entry["kind"] == "api.call"]
    sent = [(call["method"], call["verb"], call["content_type"], call["args"]) for call in calls]  # type: ignore[index]
    assert sent == [
        ("auth.test", "POST", "application/x-www-form-urlencoded", {"x": "1"}),
        ("chat.update", "POST", "application/json", {"text": "Hello"}),
    ]
    assert "xoxb-secret" not in json.dumps(recorded(tmp_path))


def test_nothing_is_written_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RECORD_FOLDER, raising=False)
    monkeypatch.chdir(tmp_path)
    simulator = Simulator()
    simulator.truth.append("anything", {})

    assert list(tmp_path.iterdir()) == []
