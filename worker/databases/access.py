"""The databases that agents may read: those that an administrator has named in the settings, and no others.

Made once from the settings by whoever puts a worker together, and used by the tool `query_database`. Holds no open
connection between queries. It must never tell anybody a URL. The readers let no query write; an administrator should
still name accounts and files that can only be read, so that this is not the only wall.
"""

import os
from collections.abc import Mapping

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from worker.databases.postgres import PostgresReader
from worker.databases.sqlite import SqliteReader
from worker.databases.table import Bounds, QueryFailed, Table


class Databases:
    """Databases by name."""

    def __init__(self, urls: Mapping[str, str], bounds: Bounds | None = None) -> None:
        """Connects to nothing yet.

        Args:
            urls: SQLAlchemy's, by the name that agents use; PostgreSQL or SQLite.

        Raises:
            ValueError: a URL is none, or of another kind of database; names the database, not the URL.
        """
        self._bounds = bounds or Bounds()
        self._readers = {name: _reader(name, url, self._bounds) for name, url in urls.items()}

    @property
    def kinds(self) -> Mapping[str, str]:
        """What speaks SQL under which name: {"sales": "PostgreSQL"}."""
        kinds = {PostgresReader: "PostgreSQL", SqliteReader: "SQLite"}
        return {name: kinds[type(reader)] for name, reader in self._readers.items()}

    async def query(self, name: str, sql: str) -> Table:
        """The rows of one query.

        Raises:
            QueryFailed: says in words for the model what is wrong.
        """
        reader = self._readers.get(name)
        if reader is None:
            known = ", ".join(f"{each} ({kind})" for each, kind in self.kinds.items()) or "none"
            raise QueryFailed(f"There is no database of that name; there are: {known}.")
        sql = sql.rstrip("; \t\r\n")
        if not sql or "\0" in sql:
            raise QueryFailed("Not run: that is no SQL.")
        if len(sql) > self._bounds.sql_chars:
            raise QueryFailed(f"Not run: a query may have {self._bounds.sql_chars:,} characters.")
        return await reader.query(sql)


def _reader(name: str, text: str, bounds: Bounds) -> PostgresReader | SqliteReader:
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(f"the URL of the database {name!r} cannot be read") from None
    match url.get_backend_name():
        case "postgresql":
            return PostgresReader(url.set(drivername="postgresql+asyncpg"), bounds)
        case "sqlite" if url.database and url.database != ":memory:":
            # Reading happens elsewhere than where the worker was started.
            return SqliteReader(os.path.abspath(url.database.removeprefix("file:")), bounds)
        case kind:
            raise ValueError(f"the database {name!r} cannot be read: {kind} is none of PostgreSQL and an SQLite file")
