"""The program that makes a page readable: HTML comes in, its title and its text go out as JSON.

Run by `readable` as a process of its own, because one page of a few megabytes can keep a parser busy for minutes, and a
thread cannot be ended. It has no environment, may write no file, and is ended when it takes too much.
"""

import json
import sys
from typing import Any

CPU_S = 10
MEMORY_BYTES = 1024 * 1024 * 1024
MOST_CHARS = 60_000
TITLE_CHARS = 300


def main() -> None:
    """Read stdin, write stdout."""
    _bound()
    found = readable(sys.stdin.buffer.read().decode("utf-8", "replace"))
    sys.stdout.buffer.write(json.dumps(found).encode())


def readable(html: str) -> dict[str, Any]:
    """The page's `title`, the beginning of its `text`, and how many `chars` the whole text has."""
    import trafilatura

    tree: Any = trafilatura.load_html(html)
    title, text = "", ""
    if tree is not None:
        title = " ".join((tree.findtext(".//title") or "").split())
        text = trafilatura.extract(tree, output_format="markdown", fast=True, include_comments=False) or ""
        text = text or trafilatura.html2txt(tree)
    return {"title": title[:TITLE_CHARS], "text": text[:MOST_CHARS], "chars": len(text)}


def _bound() -> None:
    import resource

    for what, most in (
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


if __name__ == "__main__":
    main()
