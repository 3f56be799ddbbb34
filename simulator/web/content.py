"""What the simulated web says: a few pages and a few prices, always the same.

Served by `site`. Every page says of itself that it is simulated; nothing in here is true on purpose.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

SIMULATED = "This page is part of Muster's simulator. What it says is made up."


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPage:
    """One page."""

    slug: str
    title: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """Its words, without its title."""
        return " ".join(self.paragraphs)

    @property
    def html(self) -> str:
        """The page as it is served."""
        body = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in (*self.paragraphs, SIMULATED))
        title = html.escape(self.title)
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body>'
            f'<nav><a href="./">Simulated web</a></nav><main><article><h1>{title}</h1>{body}</article></main>'
            "</body></html>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCoin:
    """One crypto-currency."""

    id: str
    symbol: str
    name: str
    rank: int
    usd: float
    change_24h: float


PRICES_AT = 1_780_000_000
"""When all prices are of, in seconds since the epoch."""

COINS = (
    SimulatedCoin(id="bitcoin", symbol="BTC", name="Bitcoin", rank=1, usd=64_250.0, change_24h=1.84),
    SimulatedCoin(id="ethereum", symbol="ETH", name="Ethereum", rank=2, usd=3_120.5, change_24h=-0.72),
    SimulatedCoin(id="solana", symbol="SOL", name="Solana", rank=5, usd=148.3, change_24h=4.05),
    SimulatedCoin(id="dogecoin", symbol="DOGE", name="Dogecoin", rank=9, usd=0.1234, change_24h=-2.5),
    SimulatedCoin(id="pepe", symbol="PEPE", name="Pepe", rank=30, usd=0.00001042, change_24h=0.0),
    SimulatedCoin(id="pepe-the-second", symbol="PEPE", name="Pepe the Second", rank=2_900, usd=0.5, change_24h=0.0),
)

PAGES = (
    SimulatedPage(
        slug="fruit-prices",
        title="Fruit prices this season",
        paragraphs=(
            "A kilogram of apples costs 2.40 dollars at the simulated market, a kilogram of pears 3.10 dollars.",
            "Apples keep for four months in a cold cellar; pears for six weeks at most.",
            "Growers expect that pears will be dearer in autumn, because frost took a third of the blossom.",
        ),
    ),
    SimulatedPage(
        slug="bitcoin-outlook",
        title="Bitcoin: what moved the price",
        paragraphs=(
            "The price of bitcoin rose a little on the simulated exchange, as fewer coins were offered for sale.",
            "Analysts of the simulated bank expect that it moves between 60,000 and 70,000 dollars until the summer.",
        ),
    ),
    SimulatedPage(
        slug="remote-work",
        title="Remote work: a survey of 400 teams",
        paragraphs=(
            "Of 400 simulated teams 62 per cent meet once a month, 21 per cent once a week, the others never.",
            "Teams that write decisions down in their chat found them again in half of the time.",
        ),
    ),
    SimulatedPage(
        slug="coffee-machines",
        title="Coffee machines for offices compared",
        paragraphs=(
            "The simulated laboratory compared three coffee machines: Alba makes 40 cups an hour and costs 900 dollars,"
            " Brio makes 60 cups and costs 1,400 dollars, Cora makes 25 cups and costs 450 dollars.",
            "Brio needs the least cleaning. Cora is the quietest.",
        ),
    ),
    SimulatedPage(
        slug="python-plots",
        title="Plots with Python in five lines",
        paragraphs=(
            "A bar chart needs matplotlib, a list of names and a list of numbers; savefig writes it into a file.",
            "Label both axes, name the unit, and begin the axis of values at zero.",
        ),
    ),
    SimulatedPage(
        slug="city-weather",
        title="Weather of the simulated city",
        paragraphs=("Tomorrow is dry and 18 degrees warm, with light wind from the west. Rain comes on the weekend.",),
    ),
)
