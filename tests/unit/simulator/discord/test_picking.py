"""What a person can pick in a command's options: what Discord's client offers, and nothing else."""

from __future__ import annotations

import pytest

from simulator.discord.command_check import OptionType
from simulator.discord.guild import Channel, ChannelType
from simulator.discord.resolved import Resolved
from simulator.errors import PersonError
from tests.unit.simulator.discord.conftest import World


@pytest.fixture
def picking(discord: World, general: Channel) -> Resolved:
    platform = discord.platform
    ada = next(user for user in platform.world.users.values() if user.username == "ada")
    return Resolved(
        platform.world, platform.wire(), guild=platform.first, channel=general, user_id=ada.id, file_bytes=100
    )


def test_a_mentionable_is_a_person_or_a_role_and_which_is_told(discord: World, picking: Resolved) -> None:
    ben = picking.option(OptionType.MENTIONABLE, "@ben")
    everyone = picking.option(OptionType.MENTIONABLE, "@everyone")
    assert everyone == discord.platform.first.id
    resolved = picking.in_data({})["resolved"]
    assert ben in resolved["users"]
    assert list(resolved["roles"]) == [everyone]


def test_channels_of_other_types_are_not_offered(picking: Resolved, general: Channel) -> None:
    assert picking.option(OptionType.CHANNEL, "#general", (ChannelType.TEXT,)) == general.id
    with pytest.raises(PersonError, match="'general' to choose"):
        picking.option(OptionType.CHANNEL, "#general", (ChannelType.PRIVATE_THREAD,))
