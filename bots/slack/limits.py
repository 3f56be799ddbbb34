"""Slack's numbers, each with its source.

Read by everything in `bots.slack`; nothing else holds a number of the platform's.
"""

from bots.pace import Rates

# Sizes
POST_CHARS = 3_500
"""Aim for one message: 4,000 are advised, and escaping makes text longer.
https://docs.slack.dev/reference/methods/chat.postMessage#truncating"""
POST_MAX_CHARS = 40_000
"""Slack cuts text there (same page)."""
UPDATE_TEXT_CHARS = 4_000
"""`chat.update` answers `msg_too_long` above. https://docs.slack.dev/reference/methods/chat.update"""
SECTION_CHARS = 3_000
"""https://docs.slack.dev/reference/block-kit/blocks/section-block"""
ALL_BLOCKS_CHARS = 13_000
"""`msg_blocks_too_long` has been seen by others above about 13,200; not documented."""
MESSAGE_BLOCKS = 50
"""https://docs.slack.dev/reference/block-kit/blocks"""
ACTIONS_BUTTONS = 25
"""https://docs.slack.dev/reference/block-kit/blocks/actions-block"""
BUTTON_CHARS = 75
BUTTON_VALUE_CHARS = 2_000
"""https://docs.slack.dev/reference/block-kit/block-elements/button-element"""
INPUT_CHARS = 3_000
"""https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element"""
INPUT_FILES = 10
"""https://docs.slack.dev/reference/block-kit/block-elements/file-input-element"""
METADATA_CHARS = 3_000
"""Of a view. https://docs.slack.dev/reference/views/modal-views"""
PLACEHOLDER_CHARS = 150
"""Same page."""
SELECT_OPTIONS = 100
"""https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element"""
OPTION_CHARS = 75
OPTION_VALUE_CHARS = 150
"""https://docs.slack.dev/reference/block-kit/composition-objects/option-object"""
ALT_TEXT_CHARS = 2_000
"""https://docs.slack.dev/reference/block-kit/blocks/image-block"""
USERNAME_CHARS = 80
"""Not documented for `username`; 80 is what Slack allows for a display name."""
IMAGE_MIMES = frozenset({"image/png", "image/jpeg", "image/gif"})
"""What an image block shows of a `slack_file`. https://docs.slack.dev/reference/block-kit/blocks/image-block"""

# What people may send
TASK_CHARS = 10_000
"""Muster's own limit for a task."""
SUBTYPES_HEARD = frozenset({None, "file_share", "thread_broadcast"})
"""Messages of people; every other subtype is an edit, a deletion, a bot or news of the channel.
https://docs.slack.dev/reference/events/message#subtypes"""

# Times
ACK_S = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response"""
RECORD_S = 2.5
"""What recording may take of `ACK_S`."""
FETCH_S = 60.0
"""What fetching all files of a message may take; Slack tells of an event again after a minute and after five.
https://docs.slack.dev/apis/events-api#retries"""
FETCH_FOR_FORM_S = 1.0
"""What that may take for a form, which Slack tells of once and waits `ACK_S` for."""
LOOK_UP_S = 1.0
"""What asking Slack who somebody is may take of `ACK_S`; unknown people count as guests."""
FACTS_S = 60.0
"""How long what Slack said of people and channels may be relied on."""
SILENT_S = 35.0
"""A connection that has answered no ping for so long is half-open: the SDK sends one every 10 s."""
GAP_S = 5.0
"""Without a connection for longer than that, events may have been missed: Slack tells of each three times, the first
two at once. https://docs.slack.dev/apis/events-api#retries"""
CONNECT_S = 20.0
"""What connecting anew may take."""
CLOSE_S = 5.0
"""What closing a connection may take that perhaps nobody answers on."""
RECONCILE_AFTER_S = 30.0
"""A message may take a while to be found after a lost reply; not documented, chosen with room."""
UPLOAD_S = 60.0
SHARED_POLL_S = (0.0, 0.3, 0.7, 1.5, 3.0)
"""Waits between looks at whether an uploaded file is shared: that happens after the answer.
https://github.com/slackapi/bolt-js/issues/2115"""
REPLIES_PAGE = 200
"""https://docs.slack.dev/reference/methods/conversations.replies"""

# Rates. https://docs.slack.dev/apis/web-api/rate-limits
RATES = Rates(
    posts_per_lane_s=1.0,  # "no more than one message per second per channel", short bursts allowed
    lane_burst=3,
    posts_per_min=200,  # "several hundred messages per minute" for a workspace
    edits_per_min=50,  # chat.update is tier 3
)
