"""Who people and channels are, as Slack said less than a minute ago.

Asked by the handlers (names, guests) and by the front desk (may Muster post here, may this person read that). What
Slack does not say counts as no. Implements `core.ports.Conversations`.
"""

import asyncio
import re
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bots.facts import Facts, Known
from bots.slack import limits, replies
from bots.slack.calls import call
from bots.slack.markup import mentioned
from core.domain.refs import ChannelId, Person, Place, UserId
from core.errors import MusterError, PermanentError

log = structlog.get_logger(__name__)

_NAMES_LOOKED_UP = 5
_IDS_NAMED = 30
_ID = re.compile(r"`([UWSCG][A-Z0-9]{8,})`")
_MEMBER_PAGES = 20
_MEMBERS_A_PAGE = 1_000


class SlackConversations:
    """People and channels of one Slack workspace."""

    def __init__(self, client: AsyncWebClient, *, team: str, facts: Facts) -> None:
        self._client = client
        self._team = team
        self._facts = facts
        self._groups_refused = False

    async def who(self, user: UserId, name: str = "") -> Known:
        """Who *user* is; restricted when Slack does not say in time.

        Args:
            name: to go by when Slack does not say.
        """
        info, groups = await asyncio.gather(self._info(user), self._groups_of(user))
        if info is None:
            return Known(person=Person(id=user, name=name or user), restricted=True)
        restricted = self._restricted(info)
        return Known(
            person=Person(id=user, name=_shown_name(info) or name or user),
            restricted=restricted,
            admin=not restricted and bool(info.get("is_admin") or info.get("is_owner")),
            groups=groups,
        )

    async def with_names(
        self, user: UserId, text: str, *, name: str = "", but: str = ""
    ) -> tuple[Known, dict[str, str]]:
        """Who speaks, and the names of those whom *text* mentions, by id.

        Args:
            name: as for `who`.
            but: of whom no name is needed.
        """
        others = [UserId(other) for other in mentioned(text) if other != but][:_NAMES_LOOKED_UP]
        by, *known = await asyncio.gather(self.who(user, name), *map(self.who, others))
        return by, {found.person.id: found.person.name for found in known}

    async def admit(self, place: Place) -> str:
        """Join a public channel; of any other Muster must be a member already.

        Raises:
            TransientError: Slack does not say now.
        """
        try:
            channel = await self._channel(place.channel)
            if channel.get("is_archived"):
                return replies.ARCHIVED
            if channel.get("is_member") or channel.get("is_im"):
                return ""
            if channel.get("is_private") or channel.get("is_mpim"):
                return replies.INVITE
            await call(self._client.conversations_join(channel=place.channel), reading=True)
        except PermanentError as error:
            log.info("slack.not_admitted", channel=place.channel, error=str(error))
            return replies.NO_DIRECT_MESSAGE if place.channel.startswith("D") else replies.INVITE
        return ""

    async def may_view(self, place: Place, user: UserId) -> bool:
        """Public channel: any full member of the workspace; otherwise whoever is in the conversation now."""
        try:
            info = await self._channel(place.channel)
            if info.get("is_im"):
                return bool(info.get("user") == user)
            if not info.get("is_private") and not info.get("is_mpim"):
                return not self._restricted(await self._user(user))
            return user in await self._members(place.channel)
        except MusterError as error:
            log.warning("slack.view_denied", channel=place.channel, user=user, error=str(error))
            return False

    async def direct_channel(self, user: UserId) -> ChannelId:
        """The conversation between Muster and the person alone, opened if need be."""

        async def ask() -> Any:
            opened = await call(self._client.conversations_open(users=[user]), reading=True)
            return opened["channel"]["id"]

        return ChannelId(await self._facts.get(("direct", user), ask))

    async def in_names(self, text: str) -> str:
        """*text* with names where it has ids of people, user groups and channels in backticks, as reports have them."""
        ids = list(dict.fromkeys(_ID.findall(text)))[:_IDS_NAMED]
        names = dict(zip(ids, await asyncio.gather(*map(self._name, ids)), strict=True))
        return _ID.sub(lambda found: names.get(found[1]) or found[0], text)

    async def _name(self, unknown: str) -> str:
        """What people call it; "" when Slack does not say in time, and for what not everybody may know of."""
        try:
            async with asyncio.timeout(limits.LOOK_UP_S):
                match unknown[0]:
                    case "S":
                        return f"@{(await self._groups())[unknown]['handle']}"
                    case "C" | "G":
                        channel = await self._channel(ChannelId(unknown))
                        return "" if channel.get("is_private") else f"#{channel['name']}"
                    case _:
                        return f"@{_shown_name(await self._user(UserId(unknown)))}"
        except (MusterError, TimeoutError, KeyError):
            return ""

    async def _info(self, user: UserId) -> dict[str, Any] | None:
        """What Slack says of the person in time."""
        try:
            async with asyncio.timeout(limits.LOOK_UP_S):
                return await self._user(user)
        except (MusterError, TimeoutError) as error:
            log.warning("slack.user_unknown", user=user, error=str(error) or type(error).__name__)
            return None

    async def _groups_of(self, user: UserId) -> frozenset[str]:
        """Ids of the user groups that the person is in; none when Slack does not say in time."""
        try:
            async with asyncio.timeout(limits.LOOK_UP_S):
                groups = await self._groups()
        except (MusterError, TimeoutError) as error:
            log.warning("slack.groups_unknown", error=str(error) or type(error).__name__)
            return frozenset()
        return frozenset(group for group, told in groups.items() if user in (told.get("users") or ()))

    async def _groups(self) -> dict[str, dict[str, Any]]:
        """The user groups by id, each with its `users`; none where Slack does not let us see them.

        Source: https://docs.slack.dev/reference/methods/usergroups.list
        """

        async def ask() -> Any:
            try:
                listed = await call(self._client.usergroups_list(include_users=True), reading=True)
            except PermanentError as error:
                if not self._groups_refused:
                    log.warning("slack.no_groups", error=str(error))  # the app lacks the scope, or the plan has none
                self._groups_refused = True
                return {}
            self._groups_refused = False
            return {group["id"]: group for group in listed["usergroups"]}

        found: dict[str, dict[str, Any]] = await self._facts.get("groups", ask)
        return found

    async def _user(self, user: UserId) -> dict[str, Any]:
        async def ask() -> Any:
            return (await call(self._client.users_info(user=user), reading=True))["user"]

        found: dict[str, Any] = await self._facts.get(("user", user), ask)
        return found

    async def _channel(self, channel: ChannelId) -> dict[str, Any]:
        async def ask() -> Any:
            return (await call(self._client.conversations_info(channel=channel), reading=True))["channel"]

        found: dict[str, Any] = await self._facts.get(("channel", channel), ask)
        return found

    async def _members(self, channel: ChannelId) -> frozenset[str]:
        async def ask() -> Any:
            found: set[str] = set()
            cursor = ""
            for _ in range(_MEMBER_PAGES):
                request = self._client.conversations_members(
                    channel=channel, cursor=cursor or None, limit=_MEMBERS_A_PAGE
                )
                page = await call(request, reading=True)
                found.update(page["members"])
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor:
                    break
            return frozenset(found)

        members: frozenset[str] = await self._facts.get(("members", channel), ask)
        return members

    def _restricted(self, user: dict[str, Any]) -> bool:
        teams = (user.get("enterprise_user") or {}).get("teams") or ()
        ours = user.get("team_id") == self._team or self._team in teams
        flags = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted", "is_workflow_bot")
        return not ours or any(user.get(flag) for flag in flags)


def _shown_name(user: dict[str, Any]) -> str:
    profile = user.get("profile") or {}
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    return next((str(name) for name in names if name), "")
