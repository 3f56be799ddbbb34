"""Owns the analyst's Python: a program that computes true figures of a text, and the reading of what it printed.

Called by `script`. The program is real and runs in the client's sandbox; nothing here runs it, and no figure is ever
made up: what was not printed is not said.
"""

import json
import re
from typing import Any

PLOT_FILE = "plot.png"
LITERAL_CHARS = 84

FIGURES = (
    "characters",
    "words",
    "different words",
    "mean word length",
    "longest word",
    "most frequent word",
    "numbers in the text",
    "draws to see every word, simulated",
    "draws to see every word, by theory",
    "plot",
)
_FIGURE = re.compile(rf"^[ \t]*(?:- )?({'|'.join(FIGURES)}): (.*\S)", re.MULTILINE)

_PROGRAM = '''\
"""Measure the task's own text, then play a small simulation that the text seeds."""
import hashlib
import random
import re
import statistics
from collections import Counter

TASK = (
@TASK@
)

# A word is a run of letters and digits; in scripts written without spaces, one sign.
SIGNS = "\\u0e00-\\u0eff\\u1780-\\u17ff\\u3040-\\u30ff\\u3400-\\u9fff"
words = re.findall(f"[{SIGNS}]|[^\\\\W{SIGNS}]+", TASK.lower()) or [c for c in TASK if not c.isspace()]
counts = Counter(words)
lengths = [len(word) for word in words]
numbers = [float(n) for n in re.findall(r"\\d{1,12}(?:\\.\\d{1,6})?", TASK)]

print(f"characters: {len(TASK)}")
print(f"words: {len(words)}")
print(f"different words: {len(counts)}")
print(f"mean word length: {statistics.mean(lengths):.2f}")
print(f"longest word: {max(words, key=len)[:40]}")
word, times = counts.most_common(1)[0]
if times > 1:
    print(f"most frequent word: {word[:40]} ({times} times)")
if numbers:
    print(f"numbers in the text: {len(numbers)}, adding up to {sum(numbers):,.6g}")

# How many words must be drawn blindly until each of the (at most 60) most frequent has come up?
kinds = min(len(counts), 60)
dice = random.Random(int(hashlib.sha256(TASK.encode("utf-8", "replace")).hexdigest(), 16))
draws = []
for _ in range(400):
    seen, n = set(), 0
    while len(seen) < kinds:
        seen.add(dice.randrange(kinds))
        n += 1
    draws.append(n)
theory = kinds * sum(1 / k for k in range(1, kinds + 1))
print(f"draws to see every word, simulated: {statistics.mean(draws):.1f} (mean of {len(draws)} rounds)")
print(f"draws to see every word, by theory: {theory:.1f}", flush=True)

try:
    from matplotlib.figure import Figure  # without pyplot: no display needed, and quicker

    figure = Figure(figsize=(9, 3.6), layout="tight")
    left, right = figure.subplots(1, 2)
    left.hist(lengths, bins=range(1, max(min(max(lengths), 30), 2) + 2), align="left", color="#4c72b0", rwidth=0.9)
    left.set(title="How long the task's words are", xlabel="letters", ylabel="words")
    step = max(1, (max(draws) - min(draws)) // 24)
    right.hist(draws, bins=range(min(draws), max(draws) + 2 * step, step), align="left", color="#55a868", rwidth=0.9)
    right.axvline(statistics.mean(draws), color="#c44e52", label="mean of the rounds")
    right.axvline(theory, color="black", linestyle="--", label="theory")
    right.set(title="Blind draws until every word came up", xlabel="draws", ylabel="rounds")
    right.legend()
    figure.savefig("@PLOT@", dpi=110)
    print("plot: @PLOT@")
except Exception as error:
    print(f"plot: not drawn ({type(error).__name__}: {error})")
'''


def program(task: str) -> str:
    """Python 3 source that prints a line for each of `FIGURES` that *task* has and saves `PLOT_FILE` where it runs."""
    task = task if task.strip() else "(empty)"
    chunks = [task[i : i + LITERAL_CHARS] for i in range(0, len(task), LITERAL_CHARS)]
    literal = "\n".join(f"    {chunk!r}" for chunk in chunks)
    return _PROGRAM.replace("@PLOT@", PLOT_FILE).replace("@TASK@", literal)


def figures(result: str) -> dict[str, str]:
    """What the program printed, by name, from a tool's *result* as text or JSON; empty when it did not run through."""
    found: dict[str, str] = {}
    for name, value in _FIGURE.findall(plain_text(result)):
        found.setdefault(name, value)
    return found


def plain_text(result: str) -> str:
    """A tool's result as lines: the strings of a JSON object or array, else the text as it is."""
    try:
        return "\n".join(_strings(json.loads(result)))
    except (ValueError, RecursionError):
        return result


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for child in value.values() for text in _strings(child)]
    if isinstance(value, list):
        return [text for child in value for text in _strings(child)]
    return [] if value is None else [str(value)]
