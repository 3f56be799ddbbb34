"""What a query gives, how much it may give, and the one error it may end in.

Used by the readers of both kinds of database and by the tool that shows the result. Pure.
"""

from dataclasses import dataclass


class QueryFailed(Exception):
    """The query was not run, or not to its end; the message is a sentence for the model, without the database's URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much one query may take and give."""

    timeout_s: float = 15.0
    rows: int = 200
    columns: int = 100
    cell_chars: int = 1_000
    sql_chars: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of a query, every value as text; None is NULL."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    more: bool  # there were more rows than were read


def cut(cell: str | None, most_chars: int) -> str | None:
    """*cell*, shortened with an ellipsis when it is longer than *most_chars*."""
    return cell if cell is None or len(cell) <= most_chars else f"{cell[: most_chars - 1]}…"


def too_many_columns(number: int, most: int) -> QueryFailed:
    """The refusal of a result that is too wide."""
    return QueryFailed(f"The query gives {number:,} columns; at most {most} can be read: name those you need.")


def took_too_long(timeout_s: float) -> QueryFailed:
    """The refusal of a query that was stopped."""
    return QueryFailed(f"The query took longer than {timeout_s:g} s and was stopped. Ask for less at once.")
