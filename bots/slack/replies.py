"""What Muster says in Slack's own words: help, and how to let it in.

Used by `handlers` and `people`.
"""

HELP = """*Muster* puts a team of AI agents on a task, in a thread where you can watch and join in.

- `/agents <task>`: start a team on a task. Mentioning me or writing to me directly does the same. `/agents` alone \
opens a form, and so does *Run agents on this* in the menu of a message.
- Before or after the task: `--model x`, `--provider y`, `--team "a researcher, a critic"`.
- Reply in the thread: answers the team's question; while it works, your words reach it at its next turn; \
after the end it goes on from the result. Until the team has read a reply, you can edit or delete it.
- `/agents status` or `/agents status 12`: what is running, or how session 12 is doing.
- `/agents stop` or `/agents stop 12`: stop your newest session, or session 12. The Stop button, the word `stop` \
in the thread and a 🛑 on any of my posts there do the same.
- `/history`, `/history <words>`, `/history 12`: what was done here; the transcript of session 12 as a file.
- `/agents settings`: provider, model, instructions and keys, yours and, for admins, everybody's.
- `/agents usage`, `/agents access`: what was used, and who may do what. Admins: `/agents access start @ada @analysts \
#research`, `/agents audit`.
- Files that you attach to a mention, a direct message or a reply reach the team, and so do those that you put into \
the form. A slash command with a task carries none.
- `/agents help`: this."""

SETTINGS_BY_COMMAND = "Slack opens the form of settings after a slash command only: type `/agents settings`."

INVITE = "I am not in this channel, so I cannot work here. Invite me with `/invite @Muster` and try again."
NO_DIRECT_MESSAGE = (
    "I cannot post in this conversation. Use `/agents` in a channel that I am in, or in a direct message to me."
)
ARCHIVED = "This channel is archived, so I cannot work here. Use `/agents` in another channel."
SENT_TO_YOU = "I sent it to you as a direct message."
NOT_SENT_TO_YOU = "I could not send you the file: open a direct message with me once, then try again."
