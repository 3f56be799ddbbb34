"""What Muster says in Discord's own words: help, how to let it in, what is missing.

Used by `handlers`, `people`, `surface` and `app`.
"""

from collections.abc import Iterable

HELP = """**Muster** puts a team of AI agents on a task, in a thread where you can watch and join in.

- `/agents run`: start a team on a task; provider, model, team and a file are up to you. Mentioning me, writing to me \
directly, or *Apps → Run agents on this* on a message does the same.
- Reply in the thread: answers the team's question; while it works, your words reach it at its next turn; \
after the end it goes on from the result.
- `/agents status`, with a number if you like: what is running, or how that session is doing.
- `/agents stop`, with a number if you like: stop your newest session, or that one. The Stop button, the word `stop` \
in the thread, `stop` with a mention of me, and the reaction 🛑 do the same.
- `/agents settings`: provider, model, instructions and keys, of your own or, for admins, of the server.
- `/agents access`: who may do what. `/agents usage`: what was used, and its cost. `/agents audit`: who did what.
- `/history`, with words or a number if you like: what was done here; the transcript of one session as a file.
- `/agents help`: this."""

STARTED = "Started. The status card and what the team says appear in a moment."
PASSED_ON = "Passed on to the team."
NOTED = "Your request is noted, and is carried out as soon as that is possible."
NOT_HERE = (
    "I cannot work in this kind of channel. Use `/agents run` in a text channel, in a thread, or write to me directly."
)
LOCKED = "This thread is locked, so I cannot write in it. Use `/agents run` in another thread or channel."
GONE = "I cannot see this channel. Use `/agents run` in a channel that I can see, or write to me directly."
NO_DIRECT_MESSAGE = "I cannot write to you directly. Allow direct messages from members of this server and try again."
NOTHING_IN_MESSAGE = "This message has no words that could be a task. Pick one with text, or use `/agents run`."
TYPE_KEYS_AGAIN = "Keys are not kept for another try: type them again."
SETTINGS_BY_COMMAND = "Use `/agents settings`: it opens a form that only you see."
NO_LONGER = "This button is of an older kind. Use `/agents` instead."
NOT_READ = (
    "I cannot read what is written here without being mentioned. To reach the team, mention me in your reply, "
    "or press **Answer** under its question."
)


def not_in_server(invite_url: str) -> str:
    """For a person who has the app for themselves, in a server without the bot or in others' direct messages."""
    return (
        "I am not a member here, so I cannot open a thread for a team. "
        f"Invite me to the server: {invite_url} (somebody who manages it can), or write to me directly."
    )


def missing(permissions: Iterable[str]) -> str:
    """For a channel where Muster may not do what it needs."""
    return (
        f"I lack permissions in this channel: {', '.join(permissions)}. "
        "Somebody who manages it can grant them to my role, or use `/agents run` in another channel."
    )
