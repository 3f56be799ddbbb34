"""Bytes in SQL, in chunks, and which file of which session they are.

Made by the unit of work for one workspace and one transaction. Equal bytes are kept once.
"""

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.sql_tables import artifacts, blob_chunks, blobs, sessions
from core.adapters.upsert import insert_new, insert_or_update
from core.domain.refs import BlobHash, FileRef, SessionId, WorkspaceId
from core.errors import UserError

MAX_BLOB_BYTES = 32 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024


class SqlFileStore:
    """`core.ports.FileStore` on the blobs and artifacts tables."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._ours = sa.select(sessions.c.id).where(sessions.c.workspace == workspace)
        self._now = now

    async def put(self, content: bytes) -> BlobHash:
        if len(content) > MAX_BLOB_BYTES:
            raise UserError(f"A file may have at most {MAX_BLOB_BYTES // 1024 // 1024} MB.")
        blob = BlobHash(hashlib.sha256(content).hexdigest())
        row = {"hash": blob, "size_bytes": len(content), "created_at": self._now}
        stored = insert_new(self._connection, blobs, row).returning(blobs.c.hash)
        if (await self._connection.execute(stored)).scalar_one_or_none() is None:
            return blob
        for n, start in enumerate(range(0, len(content), _CHUNK_BYTES)):
            await self._connection.execute(
                blob_chunks.insert().values(blob=blob, n=n, content=content[start : start + _CHUNK_BYTES])
            )
        return blob

    async def content(self, blob: BlobHash) -> bytes | None:
        if (await self._connection.execute(sa.select(blobs.c.hash).where(blobs.c.hash == blob))).one_or_none() is None:
            return None
        query = sa.select(blob_chunks.c.content).where(blob_chunks.c.blob == blob).order_by(blob_chunks.c.n)
        return b"".join((await self._connection.execute(query)).scalars())

    async def attach(self, session: SessionId, file: FileRef) -> None:
        values = {
            "session": session,
            "name": file.name,
            "blob": file.blob,
            "size_bytes": file.size_bytes,
            "mime": file.mime,
            "changed_at": self._now,
        }
        await self._connection.execute(insert_or_update(self._connection, artifacts, values, keys=("session", "name")))

    async def of_session(self, session: SessionId) -> list[FileRef]:
        query = (
            sa.select(artifacts)
            .where(artifacts.c.session == session, artifacts.c.session.in_(self._ours))
            .order_by(artifacts.c.name)
        )
        return [
            FileRef(name=row.name, blob=row.blob, size_bytes=row.size_bytes, mime=row.mime)
            for row in (await self._connection.execute(query)).all()
        ]
