"""Owns the demo model's count of tokens: not a tokenizer, but always the same for the same text.

Called by `completions` for usage, the context limit and `max_tokens`.
"""

import json
from typing import Any

BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4


def count(text: str) -> int:
    """Tokens of *text*: one for each four bytes of UTF-8, rounded up."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def count_prompt(body: dict[str, Any]) -> int:
    """Tokens of a checked request: its messages, tools and schema."""
    tokens = 0
    for message in body["messages"]:
        content = message.get("content") or ""
        parts = [content] if isinstance(content, str) else [part.get("text", "") for part in content]
        calls = [call["function"] for call in message.get("tool_calls") or ()]
        tokens += TOKENS_PER_MESSAGE + sum(map(count, parts))
        tokens += sum(count(call["name"]) + count(call["arguments"]) for call in calls)
    extras = [body[name] for name in ("tools", "response_format") if body.get(name)]
    return tokens + sum(count(json.dumps(extra, ensure_ascii=False)) for extra in extras)


def cut(text: str, tokens: int) -> str:
    """The beginning of *text* that has at most *tokens* tokens."""
    return text.encode("utf-8", "surrogatepass")[: tokens * BYTES_PER_TOKEN].decode("utf-8", "ignore")
