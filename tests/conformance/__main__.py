"""`make conformance SPECS=<folder>`: run the flow tests, recorded, and compare what was said with what is published.

Exits 1 on a difference that `tolerated.toml` does not explain, and on an entry there that explains none.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import click

from tests.conformance import report, tolerance, traffic
from tests.conformance.differences import Difference, Results
from tests.conformance.discord import DiscordCheck
from tests.conformance.slack import SlackCheck

TESTS = ("tests/flows", "tests/unit/bots")
"""Whole sessions, and what the bots alone say on the wire."""
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--specs", type=_FOLDER, required=True, help="Folder with the platforms' published descriptions.")
@click.option("--traffic", "recorded", type=_FOLDER, help="Check this recorded traffic; run no tests.")
@click.option("--test", "tests", multiple=True, default=TESTS, show_default=True, help="What to run for traffic.")
def main(specs: Path, recorded: Path | None, tests: tuple[str, ...]) -> None:
    """Compare traffic between Muster and the simulator with what the platforms publish."""
    if recorded is not None:
        is_fine = _check(specs, recorded)
    else:
        with tempfile.TemporaryDirectory(prefix="muster-traffic-") as folder:
            passed = traffic.record(Path(folder), tests)
            is_fine = _check(specs, Path(folder)) and passed
            if not passed:
                click.echo("the tests failed, so the traffic is not whole")
    raise SystemExit(0 if is_fine else 1)


def _check(specs: Path, folder: Path) -> bool:
    """Check what *folder* holds and say what was found; returns whether all is explained."""
    entries = list(traffic.read(folder))
    if not entries:
        click.echo(f"no traffic in {folder}")
        return False
    found = {
        "slack": SlackCheck(specs / "slack").check(one for one in entries if one.platform == "slack"),
        "discord": DiscordCheck(specs / "discord-openapi.json").check(
            one for one in entries if one.platform == "discord"
        ),
    }
    counts = _joined(found)
    verdict = tolerance.judge(counts, tolerance.load(), platforms=frozenset(found))
    coverage = [one for results in found.values() for one in results.coverage]
    for line in report.lines(coverage, counts, verdict):
        click.echo(line)
    return not verdict.unexplained and not verdict.idle


def _joined(found: dict[str, Results]) -> Counter[Difference]:
    total: Counter[Difference] = Counter()
    for results in found.values():
        total += results.differences
    return total


if __name__ == "__main__":
    main()
