"""Discord's numbers, each with its source.

Used by the checks of messages, commands and threads and by `rates`. Nothing else in the simulated Discord holds a
number of the platform's.
"""

from __future__ import annotations

# Messages. https://docs.discord.com/developers/resources/message unless said otherwise.
CONTENT_CHARS = 2_000
NONCE_CHARS = 25
EMBEDS = 10
EMBED_TITLE_CHARS = 256
EMBED_DESCRIPTION_CHARS = 4_096
EMBED_FIELDS = 25
EMBED_FIELD_NAME_CHARS = 256
EMBED_FIELD_VALUE_CHARS = 1_024
EMBED_FOOTER_CHARS = 2_048
EMBED_AUTHOR_CHARS = 256
EMBEDS_CHARS = 6_000
"""Over title, description, fields' names and values, footer and author of all embeds of one message."""
FILES = 10
FILE_BYTES = 10 * 1024 * 1024
"""https://docs.discord.com/developers/reference#uploading-files"""
FILE_DESCRIPTION_CHARS = 1_024
MENTION_IDS = 100
NONCE_S = 60.0
""""A few minutes" in the documentation of `enforce_nonce`; no less than this was counted on."""
OLD_EDIT_S = 3_600.0
OLD_EDITS = 3
OLD_EDITS_S = 20.0
"""Edits in one channel of messages older than an hour, before 30046: seen by others, published nowhere."""

# Components. https://docs.discord.com/developers/components/reference
ROWS = 5
ROW_BUTTONS = 5
BUTTON_LABEL_CHARS = 80
CUSTOM_ID_CHARS = 100
URL_CHARS = 512
SELECT_OPTIONS = 25
OPTION_CHARS = 100
"""Of a select option's label, value and description."""
PLACEHOLDER_CHARS = 150
V2_COMPONENTS = 40
V2_TEXT_CHARS = 4_000
SECTION_TEXTS = 3
GALLERY_ITEMS = 10
MODAL_TITLE_CHARS = 45
MODAL_ROWS = 5
TEXT_INPUT_CHARS = 4_000
TEXT_INPUT_LABEL_CHARS = 45
TEXT_INPUT_PLACEHOLDER_CHARS = 100
LABEL_CHARS = 45
LABEL_DESCRIPTION_CHARS = 100

# Channels. https://docs.discord.com/developers/resources/channel
CHANNEL_NAME_CHARS = 100
TOPIC_CHARS = 1_024
AUTO_ARCHIVE_MIN = (60, 1_440, 4_320, 10_080)
PAGE = 100
"""Most messages that one call lists."""
REACTIONS = 20

# Commands. https://docs.discord.com/developers/interactions/application-commands
COMMAND_NAME_CHARS = 32
COMMAND_DESCRIPTION_CHARS = 100
COMMAND_OPTIONS = 25
COMMAND_CHOICES = 25
CHOICE_CHARS = 100
COMMAND_CHARS = 8_000
"""Over names, descriptions and values of one command."""
STRING_OPTION_CHARS = 6_000
CHAT_COMMANDS = 100
CONTEXT_COMMANDS = 15
"""Of each kind, user and message."""

# Interactions. https://docs.discord.com/developers/interactions/receiving-and-responding
INTERACTION_ACK_S = 3.0
INTERACTION_TOKEN_S = 900.0

# Gateway. https://docs.discord.com/developers/events/gateway
IDENTIFY_TOTAL = 1_000
HEARTBEAT_MS = 41_250

# Rates. https://docs.discord.com/developers/topics/rate-limits
GLOBAL_PER_S = 50
INVALID_REQUESTS = 10_000
"""Answers of 401, 403 or 429 within ten minutes before the address is banned."""
INVALID_WINDOW_S = 600.0
