"""The one policy for text that leaves Muster or is kept: no secrets, no hidden links, no link that nobody found.

The front desk and the runner apply `redact` before anything is kept. All that leaves, to posts, edits, cards, forms,
names of files, answers and documents, goes through `clean` where it is markdown and through `plain` where it is not.
What a platform itself would turn into a mention is that platform's `markup` to escape.
"""

from core.service.outbound.links import NO_LINKS, Links
from core.service.outbound.secret_forms import REDACTED, redact
from core.service.outbound.texts import clean, plain, safe_file_name, to_approve

__all__ = ["NO_LINKS", "REDACTED", "Links", "clean", "plain", "redact", "safe_file_name", "to_approve"]
