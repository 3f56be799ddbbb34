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
    import trafilatura

    tree: Any = trafilatura.load_html(sys.stdin.buffer.read().decode("utf-8", "replace"))
    title = " ".join((tree.findtext(".//title") or "").split()) if tree is not None else ""
    text = ""
    if tree is not None:
        text = trafilatura.extract(tree, output_format="markdown", fast=True, include_comments=False) or ""
        text = text or trafilatura.html2txt(tree)
    result = {"title": title[:TITLE_CHARS], "text": text[:MOST_CHARS], "chars": len(text)}
    sys.stdout.buffer.write(json.dumps(result).encode())


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
