"""T28: secrets of every kind are put wherever they could come from, and found nowhere that Muster writes to."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from core.adapters.sql_engine import Database
from core.adapters.sql_tables import secrets
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.preferences import WORKSPACE, SealedSecret
from core.domain.refs import Platform, UserId, workspace_id
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.security.figures import figure
from tests.support.model_control import DONE, asks, runs
from tests.support.room import ASKS, COMPLETED, Room
from tests.support.stage import Stage, embedded
from worker.keyring import Keyring
from worker.keyring import embedded as embedded_keyring

# Known to the process, like nothing else: found by their values alone.
DEPLOYMENTS = {
    "deployment's key": "quiet-otter-parades-42",
    "image key": "amber lantern/over+ice=7",
    "password in a URL": "velvet%21thunder.93",
}
PEOPLE_S = {
    "person": "copper-finch-whistles-08",
    "workspace": "marble~fox_jumps-at-3am",
}
# Known to nobody, and found by their looks.
TYPED = {
    "task": "ghp_" + "Ab3" * 12,
    "answer": "AKIA" + "QWERTY7890ABCDEF",
    "reply": "xoxb-123456789012-" + "Zx9" * 8,
    "query of the history": "gsk_" + "h4K" * 8,
}
AGENTS_ = {
    "words": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
    "address": "wss://wss-primary.slack.com/link/?ticket=6f1c-4b2a-9d",
    "instructions": "AIza" + "q9W" * 12,
    "program": "sk-proj-" + "p4Q" * 12,
    "tool's error": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "traceback": "tvly-dev-" + "t7R" * 8,
    "question": "M" + "b" * 25 + ".Gabcde." + "c" * 38,
    "choice": "github_pat_" + "11ABCDEFG0" * 3,
    "file's name": "xapp-1-A0123456789-" + "f9" * 10,
}
KNOWN = DEPLOYMENTS | PEOPLE_S
ALL = KNOWN | TYPED | AGENTS_


def forms(secret: str) -> dict[str, bytes]:
    """What is looked for in each sink."""
    raw = secret.encode()
    return {
        "raw": raw,
        "base64": base64.b64encode(raw)[: len(raw) * 8 // 6],
        "hex": raw.hex().encode(),
        "url": quote(secret, safe="").encode(),
        "json": json.dumps(secret)[1:-1].encode(),
        "backwards": raw[::-1],
    }


def leaks(sinks: Mapping[str, bytes]) -> list[str]:
    """Which secret is in which sink in which form."""
    return [
        f"{kind} ({form}) in {sink}"
        for sink, content in sinks.items()
        for kind, secret in ALL.items()
        for form, written in forms(secret).items()
        if written in content or (form == "hex" and written.upper() in content)
    ]


def everything_about(secret: str) -> str:
    """A secret as somebody would write it who wants it to get through."""
    raw = secret.encode()
    written = (secret, base64.b64encode(raw).decode(), raw.hex(), quote(secret, safe=""), secret[::-1])
    return " | ".join((*written, base64.b64encode(b"user:" + raw).decode()))


TALK = "Listen: " + " || ".join(everything_about(secret) for secret in KNOWN.values())
PROGRAM = f"""
import sys
key = {AGENTS_["program"]!r}
print({TALK!r})
print("token:", {AGENTS_["tool's error"]!r}, file=sys.stderr)
open({AGENTS_["file's name"]!r} + ".csv", "w").write("a,b\\n1,2\\n")
raise ValueError("cannot sign in with " + {AGENTS_["traceback"]!r})
"""


async def keep_keys(stage: Stage, keyring: Keyring, team: str, user: str) -> None:
    """A person and a workspace bring their keys, which were tried already."""
    database = Database(stage.database_url)
    workspace = workspace_id(Platform.SLACK, team)
    async with SqlUnitOfWork(database, SetClock(), NotingBell(), NotingQueue()).begin(workspace) as work:
        for kind, owner, name in (("person", user, "groq"), ("workspace", WORKSPACE, "tavily")):
            made = keyring.sealer.seal(PEOPLE_S[kind], workspace=workspace, owner=UserId(owner), name=name)
            secret = SealedSecret(
                owner=UserId(owner),
                name=name,
                sealed=made.sealed,
                key_id=made.key_id,
                last4=made.last4,
                changed_at=datetime.now(UTC),
            )
            await work.secrets.offer(secret)
            assert await work.secrets.accept(secret)
    await database.close()


async def play(room: Room) -> None:
    """A session in which every secret comes up, and a look at its history."""
    model = room.stage.model
    ana = {
        "name": "Ana",
        "role": f"Signs in with {PEOPLE_S['person']}",
        "instructions": f"Use {AGENTS_['instructions']}.",
        "tools": ["run_python", "ask_human"],
        "icon": "",
    }
    await model.reply(kind="team", text=room.name, content=json.dumps({"agents": [ana, ana | {"name": "Bea"}]}))
    for turn in (
        f"{TALK}\n{AGENTS_['words']}\nSee {AGENTS_['address']}",
        runs(PROGRAM),
        "I have run it.",
        asks(f"Is it {AGENTS_['question']}?", choices=[AGENTS_["choice"], "no"]),
        f"Thanks. {TALK}{DONE}",
    ):
        await model.turn(turn, text=room.name)
    root = await room.start(f"Sign in with {TYPED['task']}")
    asked = await room.until(ASKS, root, timeout_s=90)
    await room.ada.reply(asked, f"Try {TYPED['answer']}")
    ending = await room.until(COMPLETED, root)
    await room.script(f"Yes.{DONE}")
    after = room.chat.position
    await room.ada.reply(ending, f"And with {TYPED['reply']}?")
    await room.until(COMPLETED, root, after=after)
    for words in ("", TYPED["query of the history"]):
        after = room.chat.position
        await room.history(words)
        await room.told(room.ada, after=after)
    after = room.chat.position
    await room.history(str(room.number(root)))
    await room.document(room.ada, after=after)


async def shown(room: Room) -> dict[str, bytes]:
    """All that Muster has sent to Slack, and the files that it uploaded, as they lie there."""
    found: dict[str, bytes] = {}
    for entry in room.chat.entries("api.", "file.uploaded", "response_url."):
        said = json.dumps(entry.data, ensure_ascii=False, default=str).encode()
        found[f"{entry.id} {entry.kind} {entry.data.get('method', '')}"] = said
        if entry.kind == "file.uploaded":
            found[f"{entry.id} uploaded"] = await room.download(str(entry.data["file"]))
    return found


def kept(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every file in the data folder that is not the simulated outside world."""
    for path in sorted(data.rglob("*")):
        inside = path.relative_to(data).parts
        if path.is_file() and not path.is_symlink() and inside[0] != "simulator" and ".sandbox" not in inside:
            yield "/".join(inside), path.read_bytes()


SETTINGS = {
    "TAVILY_API_KEY": DEPLOYMENTS["deployment's key"],
    "IMAGE_API_KEY": DEPLOYMENTS["image key"],
    "QUERY_DATABASES": json.dumps(
        {"sales": f"postgresql://reader:{DEPLOYMENTS['password in a URL']}@127.0.0.1:1/sales"}
    ),
    "SYSTEM_PROMPT": f"Never say {TYPED['task']}.",
    "LOG_LEVEL": "debug",
}


@pytest.mark.slow
async def test_no_secret_is_in_anything_that_muster_writes(tmp_path: Path) -> None:
    keyring = embedded_keyring(tmp_path / "data")
    async with embedded(tmp_path, **SETTINGS) as stage:
        state = await stage.slack.state()
        room = await stage.room()
        await keep_keys(stage, keyring, state["team"]["id"], await room.ada.id())
        await play(room)
        sinks = await shown(room)
        [process] = stage.bots
        process.terminate()
        await process.wait()
        sinks["log"] = process.output.encode()
    sinks |= dict(kept(tmp_path / "data"))
    assert any(name.endswith(".aof") for name in sinks), sorted(sinks)
    assert any(b"[redacted]" in content for name, content in sinks.items() if "chat.postMessage" in name)
    sealed = await _sealed(stage.database_url)
    assert [len(each) for each in sealed] == [len(each) for each in sealed if each in _sql(sinks)]
    assert leaks(sinks) == []
    figure("T28", f"{len(ALL)} secrets of {len(ALL)} kinds in {len(sinks)} sinks, 0 found")


def test_the_search_finds_each_secret_in_each_form() -> None:
    for kind, secret in ALL.items():
        for written in (secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex().upper()):
            assert any(kind in leak for leak in leaks({"sink": f"before {written} after".encode()}))


def _sql(sinks: Mapping[str, bytes]) -> bytes:
    return b"".join(content for name, content in sinks.items() if name.startswith("muster.db"))


async def _sealed(database_url: str) -> list[bytes]:
    database = Database(database_url)
    async with database.read() as connection:
        found = list((await connection.execute(sa.select(secrets.c.sealed))).scalars())
    await database.close()
    return found
