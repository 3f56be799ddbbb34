"""What is tolerated, how that is told, and how traffic is read."""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conformance import report, tolerance, traffic
from tests.conformance.__main__ import main
from tests.conformance.differences import Coverage, Difference
from tests.conformance.tolerance import Tolerance

SLACK = frozenset({"slack"})


def difference(where: str = "slack answer chat.update", path: str = "message/app_id") -> Difference:
    return Difference(where=where, path=path, problem="is not described")


def tolerated(where: str = "slack answer *", path: str = "*app_id", problem: str = "is not described") -> Tolerance:
    return Tolerance(where=where, path=path, problem=problem, reason="because", source="there")


def test_a_tolerated_difference_is_explained() -> None:
    verdict = tolerance.judge([difference()], [tolerated()], platforms=SLACK)

    assert (verdict.explained, verdict.unexplained, verdict.idle) == (1, [], [])


@pytest.mark.parametrize(
    "other",
    [
        difference(where="slack request chat.update"),
        difference(path="message/app"),
        Difference(where="slack answer chat.update", path="message/app_id", problem="is missing"),
    ],
)
def test_an_entry_explains_nothing_but_what_it_names(other: Difference) -> None:
    verdict = tolerance.judge([other], [tolerated()], platforms=SLACK)

    assert verdict.unexplained == [other]


def test_an_entry_that_matches_nothing_any_more_is_reported() -> None:
    idle = tolerated(path="gone")
    of_another_platform = tolerated(where="discord answer *")

    verdict = tolerance.judge([difference()], [tolerated(), idle, of_another_platform], platforms=SLACK)

    assert verdict.idle == [idle]


def test_only_the_star_is_special_in_an_entry() -> None:
    verdict = tolerance.judge([difference(path="blocks[]/x")], [tolerated(path="blocks[]/*")], platforms=SLACK)
    other = tolerance.judge([difference(path="blocksx")], [tolerated(path="block.*")], platforms=SLACK)

    assert verdict.unexplained == []
    assert other.unexplained != []


def test_an_entry_without_a_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tolerated.toml"
    path.write_text('[[tolerated]]\nwhere = "a"\npath = ""\nproblem = "b"\nreason = " "\nsource = "c"\n')

    with pytest.raises(ValueError, match="no reason"):
        tolerance.load(path)


def test_every_entry_has_a_reason_a_source_and_a_platform() -> None:
    assert all(one.where.split()[0] in ("slack", "discord") for one in tolerance.load())


def test_the_report_tells_counts_gaps_and_differences() -> None:
    coverage = Coverage(sort="slack methods", seen=Counter({"a": 2, "x": 1}), expected=frozenset({"a", "b"}))
    verdict = tolerance.judge([difference()], [tolerated(path="gone")], platforms=SLACK)

    assert list(report.lines([coverage], Counter({difference(): 7}), verdict)) == [
        "slack methods: 1 of 2 covered, 3 seen",
        "  not exercised: b",
        "  beyond those: x",
        "differences: 0 tolerated, 1 unexplained",
        "      7 x  slack answer chat.update: message/app_id is not described",
        "  tolerated, but matches nothing any more: slack answer *: gone is not described",
    ]


def test_a_line_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    whole = json.dumps({"platform": "slack", "kind": "api.call", "team": "T1", "data": {"n": 1}, "id": 1, "at": 0.0})
    (tmp_path / "truth-1.jsonl").write_text(f"{whole}\n{whole[:20]}")

    assert [entry.data for entry in traffic.read(tmp_path)] == [{"n": 1}]


def test_a_folder_without_traffic_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()

    result = CliRunner().invoke(main, ["--specs", str(tmp_path / "specs"), "--traffic", str(tmp_path / "specs")])

    assert result.exit_code == 1
    assert "no traffic" in result.output
