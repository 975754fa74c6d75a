"""Records that are gone at the vendor: all ids are compared with those of earlier runs, and what is missing is told.

The ids lie in a file of the working folder, for each lineage of states apart, and the state names lineage and
generation: the file may be ahead of what a loader has, never behind. What is gone is told again until a run starts from
a state that was written after it had been.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from osdi_crm_client import work_dir
from osdi_crm_client.errors import ConfigurationError

from tap_osdi_crm.shaping import Record
from tap_osdi_crm.versions import reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_schemas.crosswalk import Crosswalk
    from singer_sdk import Stream

    from tap_osdi_crm.source import Source

logger = logging.getLogger(__name__)

DELETED_AT = "_sdc_deleted_at"

NOTED = "deletes"
"""Where lineage and generation stand in the bookmark of a stream."""

ALWAYS_TOLD = 10
"""So many may be gone whatever the share."""

LONGEST_UNUSED = 90 * 86_400.0
"""Seconds after which the ids of a lineage that no state names any more are forgotten."""

_TABLES = """
CREATE TABLE IF NOT EXISTS lineages (
    lineage TEXT, stream TEXT, generation INTEGER, since INTEGER, reader TEXT, used REAL, PRIMARY KEY (lineage, stream)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ids (
    lineage TEXT, stream TEXT, key TEXT, gone INTEGER, at TEXT, PRIMARY KEY (lineage, stream, key)
) WITHOUT ROWID;
CREATE TEMP TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""


_LIVE = "lineage = ? AND stream = ? AND gone IS NULL"
_MISSING = "lineage = ? AND stream = ? AND gone IS NULL AND key NOT IN (SELECT key FROM seen)"


class Deletions:
    """What is gone of one stream."""

    def __init__(self, stream: Stream, source: Source, crosswalk: Crosswalk | None) -> None:
        """Open the file of ids in the working folder.

        Args:
            stream: The stream.
            source: What it is read from: its own, or that of the stream that it lies within.
            crosswalk: Makes its records, in the shared model.
        """
        self._stream = stream
        self._source = source
        self._origin = crosswalk.origin(source.account.known_name) if crosswalk else {}
        file = work_dir.file(source.account.settings.folder, "ids.db")
        work_dir.opened(file, "a").close()
        self._database = sqlite3.connect(file, timeout=60, isolation_level=None)
        try:
            self._database.executescript(_TABLES)
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"The file of ids {file} cannot be used: {error}. Remove it: what goes from then on is told again."
            ) from None
        self.told = 0

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def note(self, record: Record) -> None:
        """Note that a record is there."""
        key = msgspec.json.encode([record[name] for name in self._stream.primary_keys]).decode()
        self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,))

    def gone(self) -> Iterator[Record]:
        """Yield what is not there any more, as key and time, once all that is there has been seen."""
        database = self._database
        if why := self._why_not(database):
            logger.warning("Stream '%s': no deletions are told: %s.", self._stream.name, why)
            return
        database.execute("BEGIN IMMEDIATE")
        lineage, generation = self._compared(database)
        database.execute("COMMIT")
        told = database.execute(
            "SELECT key, at FROM ids WHERE lineage = ? AND stream = ? AND gone IS NOT NULL",
            (lineage, self._stream.name),
        )
        for key, at in told:
            self.told += 1
            names = (*self._stream.primary_keys, DELETED_AT)
            yield Record({**dict(zip(names, (*msgspec.json.decode(key), at), strict=True)), **self._origin})
        self._stream.get_context_state(None)[NOTED] = {"lineage": lineage, "generation": generation}

    def _why_not(self, database: sqlite3.Connection) -> str:
        if self._source.sources.lacks_some_of(self._source.name):
            return "some of what is there may be missing"
        if not database.execute("SELECT 1 FROM seen LIMIT 1").fetchone():
            return "there are no records at all"
        return ""

    def _compared(self, database: sqlite3.Connection) -> tuple[str, int]:
        """Compare what was seen with what is known, note what is gone, and return lineage and generation."""
        name, who = self._stream.name, reader(self._source)
        noted = self._stream.get_context_state(None).get(NOTED)
        lineage, generation = _parsed(noted)
        mine = (lineage, name)
        known = database.execute(
            "SELECT generation, since, reader FROM lineages WHERE lineage = ? AND stream = ?", mine
        ).fetchone()
        if not known or not known[1] <= generation <= known[0]:
            if noted:
                logger.warning(
                    "Stream '%s': the ids of the run before are not in the working folder: what is gone since is not"
                    " told.",
                    name,
                )
            mine, known = (uuid.uuid4().hex, name), (0, 0, who)
            generation = 0
        new = known[0] + 1
        database.execute("DELETE FROM ids WHERE lineage = ? AND stream = ? AND gone <= ?", (*mine, generation))
        database.execute(
            "UPDATE ids SET gone = NULL WHERE lineage = ? AND stream = ? AND key IN (SELECT key FROM seen)", mine
        )
        self._note_missing(database, mine, new, is_other=known[2] != who)
        database.execute("INSERT OR IGNORE INTO ids SELECT ?, ?, key, NULL, NULL FROM seen", mine)
        database.execute(
            "INSERT OR REPLACE INTO lineages VALUES (?, ?, ?, ?, ?, ?)", (*mine, new, generation, who, time.time())
        )
        self._forget(database)
        return mine[0], new

    def _note_missing(
        self, database: sqlite3.Connection, mine: tuple[str, str], generation: int, *, is_other: bool
    ) -> None:
        """Note what is missing as gone, unless it is too much or those who read now may not see it."""
        (known,) = database.execute(f"SELECT count(*) FROM ids WHERE {_LIVE}", mine).fetchone()  # noqa: S608
        (count,) = database.execute(f"SELECT count(*) FROM ids WHERE {_MISSING}", mine).fetchone()  # noqa: S608
        share = self._source.settings.most_deletes
        if is_other and count:
            logger.warning(
                "Stream '%s': %d records are missing, and not told as deleted: the credentials or settings are others"
                " than before, and may show less.",
                mine[1],
                count,
            )
            database.execute(f"DELETE FROM ids WHERE {_MISSING}", mine)  # noqa: S608
        elif count > max(ALWAYS_TOLD, share * known):
            logger.warning(
                "Stream '%s': %d of %d records are missing, and not told as deleted: 'most_deletes' is %g.",
                mine[1],
                count,
                known,
                share,
            )
        else:
            at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            database.execute(f"UPDATE ids SET gone = ?, at = ? WHERE {_MISSING}", (generation, at, *mine))  # noqa: S608

    @staticmethod
    def _forget(database: sqlite3.Connection) -> None:
        unused = "SELECT lineage FROM lineages WHERE used < ?"
        before = (time.time() - LONGEST_UNUSED,)
        database.execute(f"DELETE FROM ids WHERE lineage IN ({unused})", before)  # noqa: S608
        database.execute("DELETE FROM lineages WHERE used < ?", before)


def _parsed(noted: Any) -> tuple[str, int]:
    """Lineage and generation in a bookmark; none where it holds anything else."""
    found = noted if isinstance(noted, dict) else {}
    lineage, generation = found.get("lineage"), found.get("generation")
    return (lineage, generation) if isinstance(lineage, str) and isinstance(generation, int) else ("", -1)
