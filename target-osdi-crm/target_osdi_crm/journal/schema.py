"""The tables of the journal."""

from __future__ import annotations

import sqlalchemy as sa

from target_osdi_crm.journal.states import State

TABLES = sa.MetaData()

RECORDS = sa.Table(
    "records",
    TABLES,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("source_key", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("deleted", sa.Boolean),
    sa.Column("seen", sa.LargeBinary),
    sa.Column("fingerprint", sa.LargeBinary),
    sa.Column("tried", sa.LargeBinary),
    sa.Column("settings", sa.LargeBinary),
    sa.Column("vendor_id", sa.Text),
    sa.Column("channels", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("words", sa.Text),
    sa.Column("record", sa.LargeBinary),
    sa.Column("sent", sa.LargeBinary),
    sa.Column("sent_at", sa.Float),
    sa.Column("sent_settings", sa.LargeBinary),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sqlite_with_rowid=False,
)
sa.Index("records_by_vendor_id", RECORDS.c.account, RECORDS.c.stream, RECORDS.c.vendor_id)
OPEN = RECORDS.c.state != State.OK.value
sa.Index("records_open", RECORDS.c.account, RECORDS.c.source, RECORDS.c.state, sqlite_where=OPEN, postgresql_where=OPEN)

OPT_OUTS = sa.Table(
    "opt_outs",
    TABLES,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("address", sa.LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

READERS = sa.Table(
    "readers",
    TABLES,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("reader", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Who read the latest complete version of a stream."""

UNMIRRORED = sa.Table(
    "unmirrored",
    TABLES,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("source_key", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Records that are not taken for gone, however complete a version is without them, until one brings them."""

RUNS = sa.Table(
    "runs",
    TABLES,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("code", sa.Integer),
    sa.Column("summary", sa.Text),
)

INDEXES = sa.Table(
    "people_indexes",
    TABLES,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("settings", sa.LargeBinary, nullable=False),
    sa.Column("until", sa.Float),
    sa.Column("slices", sa.Text),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("begun", sa.Float, nullable=False),
    sqlite_with_rowid=False,
)

INDEXED_PEOPLE = sa.Table(
    "indexed_people",
    TABLES,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("vendor_id", sa.Text, primary_key=True),
    sa.Column("statuses", sa.Text),
    sa.Column("channels", sa.Text),
    sa.Column("properties", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

INDEXED_ADDRESSES = sa.Table(
    "indexed_addresses",
    TABLES,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("address", sa.LargeBinary, primary_key=True),
    sa.Column("vendor_id", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)
sa.Index("indexed_addresses_by_id", INDEXED_ADDRESSES.c.account, INDEXED_ADDRESSES.c.vendor_id)
