"""Muster's own calls are found in its source."""

from pathlib import Path

from tests.conformance.own_calls import discord_paths, slack_methods


def test_slack_methods_are_found_by_the_sdks_names(tmp_path: Path) -> None:
    (tmp_path / "surface.py").write_text(
        "async def post(client):\n    await client.chat_postMessage(text='views_open')\n"
    )

    assert slack_methods(["chat.postMessage", "views.open"], folder=tmp_path) == {"chat.postMessage"}


def test_discord_paths_are_found_whatever_their_variables_are_called(tmp_path: Path) -> None:
    (tmp_path / "people.py").write_text('PATH = "/guilds/{guild}/members/{user_id}"\n')
    paths = ["/guilds/{guild.id}/members/{user.id}", "/guilds/{guild.id}/members"]

    assert discord_paths(paths, folder=tmp_path) == {"/guilds/{guild.id}/members/{user.id}"}
