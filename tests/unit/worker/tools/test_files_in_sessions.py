"""A session's files through the worker: what one claim wrote is a file of the session, and there for the next claim."""

import json

from core.domain import events as ev
from tests.unit.worker.conftest import ACME, Bench, Endpoint


def call(tool: str, **arguments: object) -> tuple[str, str]:
    return tool, json.dumps(arguments)


async def test_a_written_file_is_shown_to_people_and_read_by_the_worker_that_goes_on(
    bench: Bench, endpoint: Endpoint
) -> None:
    session = await bench.open_with_team()
    endpoint.says(
        None, call("write_file", name="notes/plan.md", content="Erst Äpfel."), call("ask_human", question="?")
    )
    await bench.runner().work(ACME, session.id)
    written = next(event for event in await bench.of_kind(session, ev.ToolFinished) if event.tool == "write_file")
    (file,) = written.files
    assert (file.name, file.mime, file.size_bytes) == ("notes/plan.md", "text/markdown", 12)
    assert list(bench.workspaces.iterdir()) == [], "the folder is a cache"

    await bench.answer(session, "go on")
    endpoint.says(None, call("list_files"), call("read_file", name="notes/plan.md"))
    endpoint.says("Read. TERMINATE")
    await bench.runner().work(ACME, session.id)
    finished = {event.tool: event.output for event in await bench.of_kind(session, ev.ToolFinished)}
    assert finished["list_files"] == "notes/plan.md (12 bytes)"
    assert "Erst Äpfel." in finished["read_file"]
