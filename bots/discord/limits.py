"""Discord's numbers, each with its source.

Read by everything in `bots.discord`; nothing else holds a number of the platform's.
"""

from bots.pace import Rates

# Sizes. https://docs.discord.com/developers/resources/message#embed-object-embed-limits unless said otherwise.
CONTENT_CHARS = 2_000
EMBED_CHARS = 4_096
"""Of a description: an agent's text."""
AUTHOR_CHARS = 256
FOOTER_CHARS = 2_048
ALL_EMBEDS_CHARS = 6_000
"""Over all embeds of one message."""
POST_CHARS = 3_900
"""Aim for one message: what is put under a question or a cut text has to fit as well."""
THREAD_NAME_CHARS = 100
"""https://docs.discord.com/developers/resources/channel#start-thread-from-message"""
CUSTOM_ID_CHARS = 100
"""https://docs.discord.com/developers/components/reference#custom-id"""
ROW_BUTTONS = 5
BUTTON_LABEL_CHARS = 80
CHOICE_BUTTONS = 20
"""Of the five rows that a message has, one is for what else stands under a question.
https://docs.discord.com/developers/components/reference#action-row and #button"""
SELECT_OPTIONS = 25
OPTION_CHARS = 100
"""https://docs.discord.com/developers/components/reference#string-select"""
LABEL_CHARS = 45
LABEL_HINT_CHARS = 100
"""https://docs.discord.com/developers/components/reference#label"""
PLACEHOLDER_CHARS = 100
MODAL_INPUT_CHARS = 4_000
"""https://docs.discord.com/developers/components/reference#text-input"""
MODAL_TITLE_CHARS = 45
"""https://docs.discord.com/developers/interactions/receiving-and-responding"""
CHOICES = 25
CHOICE_CHARS = 100
"""Suggestions of an autocomplete. https://docs.discord.com/developers/interactions/application-commands"""
STRING_OPTION_CHARS = 6_000
"""Same page."""
FILE_BYTES = 10 * 1024 * 1024
"""https://docs.discord.com/developers/reference#uploading-files"""
MESSAGES_PAGE = 100
"""https://docs.discord.com/developers/resources/message#get-channel-messages"""
IMAGE_MIMES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What an embed shows of an attachment."""
AUTO_ARCHIVE_MIN = 10_080
"""The longest: a team may wait for days. https://docs.discord.com/developers/resources/channel#thread-metadata-object"""

# Times
ACK_S = 3.0
"""https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction"""
RECORD_S = 2.2
"""What recording may take of `ACK_S`."""
DOWNLOAD_S = 1.5
"""What fetching a file that comes with a command may take of `RECORD_S`."""
MESSAGE_FILES_S = 30.0
"""The same for a message, which nobody waits to be acknowledged."""
LOOK_UP_S = 0.7
"""What asking Discord who somebody is may take of `RECORD_S`; unknown people count as guests."""
TOKEN_S = 14 * 60.0
"""For so long an interaction can be answered: its token lives 15 minutes (same page)."""
UNANSWERED_S = 20.0
"""After so long a person is told that the request is noted, and the answer may still come."""
FACTS_S = 60.0
"""How long what Discord said of people may be relied on."""
ACTIVE_S = 20.0
"""The same for what was said last in a guild's threads: about as long as one round of catching up."""
PLACES_S = 3_600.0
"""How long what cannot change may be kept: a thread's parent and kind."""
RECONCILE_AFTER_S = 1.0
RESEND_WITHIN_S = 45.0
"""An enforced nonce is known for "a few minutes", a minute at the least; a resend takes up to 15 s itself.
https://docs.discord.com/developers/resources/message#create-message"""
RECORD_RETRY_S = (0.5, 10.0)
RECORD_RETRIES_S = 600.0
"""A message is sent once by the gateway: what cannot be recorded is tried again for so long."""
LONGEST_PAUSE_S = 30.0
"""discord.py waits out shorter pauses itself; 30 is the least that it takes."""

# Rates. https://docs.discord.com/developers/topics/rate-limits
RATES = Rates(
    posts_per_lane_s=1.0,  # 5 in 5 s a channel has been seen by many; the headers say, and discord.py obeys them
    lane_burst=5,
    posts_per_min=2_400,  # 50 requests a second for everything; 40 of them are the posts'
    edits_per_min=600,
    per_thread=True,
)
INVALID_WINDOW_S = 600.0
INVALID_MOST = 2_000
"""Answers of 401, 403 and 429 after which we stop: 10,000 in 10 minutes are a ban (same page)."""

# Gateway. https://docs.discord.com/developers/events/gateway
IDENTIFIES = {6.0: 1, 60.0: 2, 86_400.0: 300}
"""At most so many in so many seconds: more than one in 5 s is refused, and Discord resets a token after 1,000 in a day.
We count them before they are sent and Discord when they arrive, hence a second more.
https://docs.discord.com/developers/events/gateway#session-start-limit-object"""
BEAT_ANSWERED_S = 3.0
"""How long after its time the answer to a heartbeat may come before the connection counts as dead. With Discord's
interval of 41.25 s that is noticed within 45 s; discord.py takes 60, and half a minute more to say goodbye."""
IDENTIFIES_SPARED = 20
"""Of what Discord says is left of the day."""
