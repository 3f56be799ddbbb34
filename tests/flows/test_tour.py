"""`muster demo --tour`: it ends well only if every part of it was seen in the thread."""

from pathlib import Path

from tests.support.processes import Child
from tests.support.stage import no_settings

TOUR_S = 120.0


async def test_the_tour_ends_well(tmp_path: Path) -> None:
    tour = Child("muster", "demo", "--tour", "--files", str(tmp_path), env=no_settings())
    async with tour:
        assert await tour.wait(timeout_s=TOUR_S) == 0, tour.output
    assert {path.name for path in (tmp_path / "slack").iterdir()} == {"cups.png", "image-1.png"}
