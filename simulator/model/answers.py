"""Owns the bytes of an answer: a chat completion as one JSON object or as server-sent chunks.

Called by `completions`. It decides nothing: the reply, its ids and its usage are handed in.
Source: https://platform.openai.com/docs/api-reference/chat and .../chat-streaming
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from simulator.model import token_count
from simulator.model.orders import Fault, FaultKind
from simulator.model.script import Call, Reply

CHUNKS_MAX = 200
CHUNK_CHARS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One completion, ready for the wire."""

    id: str
    created: int
    model: str
    reply: Reply | None
    """None: no choices at all."""
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int

    def completion(self) -> dict[str, Any]:
        """The body of an answer that is not streamed."""
        choices = []
        if self.reply is not None:
            message: dict[str, Any] = {"role": "assistant", "content": self.reply.content, "refusal": None}
            if self.reply.calls:
                message["tool_calls"] = self._calls(self.reply)
            choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}]
        return self._envelope("chat.completion") | {"choices": choices, "usage": self._usage()}

    def chunks(self, *, include_usage: bool) -> Iterator[dict[str, Any]]:
        """The chunks of a streamed answer; `[DONE]` is not among them."""
        if self.reply is not None:
            for delta in self._deltas(self.reply):
                yield self._chunk(delta, None, include_usage=include_usage)
            yield self._chunk({}, self.finish_reason, include_usage=include_usage)
        if include_usage:
            yield self._envelope("chat.completion.chunk") | {"choices": [], "usage": self._usage()}

    def _deltas(self, reply: Reply) -> Iterator[dict[str, Any]]:
        yield {"role": "assistant", "content": None if reply.content is None else "", "refusal": None}
        for piece in _pieces(reply.content or ""):
            yield {"content": piece}
        for index, call in enumerate(self._calls(reply)):
            function = call["function"]
            yield {"tool_calls": [call | {"index": index, "function": function | {"arguments": ""}}]}
            for piece in _pieces(function["arguments"]):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def _calls(self, reply: Reply) -> list[dict[str, Any]]:
        return [
            {
                "id": f"call_{self.id[-20:]}{index}",
                "type": "function",
                "function": {"name": call.tool, "arguments": call.arguments},
            }
            for index, call in enumerate(reply.calls)
        ]

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None, *, include_usage: bool) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        chunk = self._envelope("chat.completion.chunk") | {"choices": [choice]}
        return chunk | {"usage": None} if include_usage else chunk

    def _envelope(self, kind: str) -> dict[str, Any]:
        named = {"id": self.id, "object": kind, "created": self.created, "model": self.model}
        return named | {"service_tier": "default", "system_fingerprint": "fp_demo"}

    def _usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }


def _pieces(text: str) -> Iterator[str]:
    size = max(CHUNK_CHARS, -(-len(text) // CHUNKS_MAX))
    for start in range(0, len(text), size):
        yield text[start : start + size]


def make_answer(body: dict[str, Any], reply: Reply | None, *, created: int, finish_reason: str = "") -> Answer:
    """The answer to a checked request *body*; the same request and reply always get the same ids.

    Args:
        reply: None for an answer without choices.
        created: seconds since 1970.
        finish_reason: empty for the one that fits.
    """
    digest = hashlib.sha256(json.dumps([body, repr(reply)], sort_keys=True).encode()).hexdigest()
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    fits = "tool_calls" if reply and reply.calls else "stop"
    if reply and reply.content and limit and token_count.count(reply.content) > limit:
        reply, fits = replace(reply, content=token_count.cut(reply.content, limit)), "length"
    texts = [] if reply is None else [reply.content or "", *(c.tool + c.arguments for c in reply.calls)]
    return Answer(
        id=f"chatcmpl-{digest[:29]}",
        created=created,
        model=body["model"],
        reply=reply,
        finish_reason=finish_reason or fits,
        prompt_tokens=token_count.count_prompt(body),
        completion_tokens=sum(map(token_count.count, texts)),
    )


def spoil(reply: Reply, fault: Fault | None, body: dict[str, Any]) -> Reply | None:
    """What is left of *reply* under a fault that concerns its content; None for no choices."""
    match fault.fault if fault else None:
        case FaultKind.NONSENSE:
            return Reply(content="Well {now, the [blue of it hums sideways and seven is a colour.")
        case FaultKind.EMPTY:
            return Reply(content="")
        case FaultKind.EMPTY_CHOICES:
            return None
        case FaultKind.HUGE:
            assert fault is not None  # for the type checker: the subject is None without a fault
            line = "A very long answer goes on and on. "
            return Reply(content=(line * (fault.size_bytes // len(line) + 1))[: fault.size_bytes])
        case FaultKind.UNKNOWN_TOOL:
            return Reply(calls=(Call(tool="launch_rockets", arguments='{"count": 3}'),))
        case FaultKind.BAD_ARGUMENTS:
            offered = [tool["function"]["name"] for tool in body.get("tools") or ()]
            tool = reply.calls[0].tool if reply.calls else next(iter(offered), "run_python")
            return Reply(calls=(Call(tool=tool, arguments='{"code": "print(1)'),))
        case _:
            return reply
