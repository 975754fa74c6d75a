"""Journals of earlier releases: read as they are, or carried over to the tables of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from target_osdi_crm.journal.schema import RECORDS, TABLES
from target_osdi_crm.journal.states import State
from target_osdi_crm.keys import canonical
from target_osdi_crm.rejects import KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_RENAMED = {"outcome": "state", "behaviour": "settings"}
"""Columns of earlier releases that have another name now."""

_NAMES = [column.name for column in RECORDS.c]

_LOCK = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(91735208)"}
"""What keeps other runs, which may write to other accounts, from carrying the same journal over at the same time."""


def records(engine: sa.Engine) -> sa.FromClause:
    """The table of records as it is to be read, whichever release made it."""
    there = _columns(engine)
    if "state" in there:
        return RECORDS
    old: Mapping[str, Any] = {name: sa.column(name) if name in there else sa.null() for name in _NAMES}
    now = {**old, **_now("outcome", "behaviour", there)}
    labelled = [sa.type_coerce(now[column.name], column.type).label(column.name) for column in RECORDS.c]
    return sa.select(*labelled).select_from(sa.table(RECORDS.name)).subquery("carried_over")


def carry_over(engine: sa.Engine) -> None:
    """Make the tables, or those of an earlier release into those of this one: all of it, or nothing."""
    TABLES.create_all(engine)
    if "state" in _columns(engine):
        return
    with engine.begin() as connection:
        connection.exec_driver_sql(_LOCK[engine.dialect.name])
        there = _columns(connection)
        if "state" in there:
            return
        for old, new in _RENAMED.items():
            connection.exec_driver_sql(f"ALTER TABLE {RECORDS.name} RENAME COLUMN {old} TO {new}")
        for column in RECORDS.c:
            if column.name not in {*there, *_RENAMED.values()}:
                kind = column.type.compile(engine.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {RECORDS.name} ADD COLUMN {column.name} {kind}")
        connection.execute(RECORDS.update().values(_now("state", "settings", there)))
        _rename_keys(connection)


def _rename_keys(connection: sa.Connection) -> None:
    """Give records whose key was a whole number that came as a float (`17.0`) its digits, unless these are taken."""
    identity = (RECORDS.c.account, RECORDS.c.source, RECORDS.c.stream, RECORDS.c.source_key)
    found = connection.execute(sa.select(*identity).where(RECORDS.c.source_key.like("%.0%"))).all()
    for account, source, stream, old in found:
        mine = sa.and_(RECORDS.c.account == account, RECORDS.c.source == source, RECORDS.c.stream == stream)
        new = _canonical(old)
        taken = sa.select(sa.literal(1)).where(mine, RECORDS.c.source_key == new)
        if new != old and connection.execute(taken).first() is None:
            connection.execute(RECORDS.update().where(mine, RECORDS.c.source_key == old).values(source_key=new))


def _canonical(key: str) -> str:
    """The form that a key has now; one of several columns is a list."""
    try:
        parts = msgspec.json.decode(key, type=list[str])
    except ValueError:
        return canonical(key)
    return msgspec.json.encode([canonical(each) for each in parts]).decode()


def _columns(bind: sa.Engine | sa.Connection) -> set[str]:
    return {str(each["name"]) for each in sa.inspect(bind).get_columns(RECORDS.name)}


def _now(outcome: str, behaviour: str, there: Collection[str]) -> dict[str, sa.ColumnElement[Any]]:
    """The columns that hold something else now, from those of an earlier release.

    There, an `outcome`, what was last sent (`action`) and when a rejection was to be tried again (`retry`) told
    together what a record is, and reasons were kept as sentences.
    """
    names = (outcome, "action", "retry", "reason")
    old, action, retry, reason = (sa.func.coalesce(sa.column(name, sa.Text), "") for name in names)
    each_run, unknown = retry == "each run", old == "unknown"
    created, no_id = action == "create", sa.column("vendor_id").is_(None)
    unanswered = sa.and_(created, no_id)
    asked_to_resend = sa.and_(unknown, each_run)
    state = sa.case(
        (sa.and_(old == "ok", unanswered), State.SETTLED),
        (old == "ok", State.OK),
        (old == "skipped", State.SKIPPED),
        (asked_to_resend, State.FAILED),
        (unknown, State.UNKNOWN),
        (sa.and_(old == "rejected", unanswered, each_run), State.UNANSWERED_FAILED),
        (sa.and_(old == "rejected", unanswered), State.UNANSWERED_REJECTED),
        (sa.and_(old == "rejected", each_run), State.FAILED),
        (sa.and_(old == "rejected", retry == "reference"), State.ORPHANED),
        (old == "rejected", State.REJECTED),
        (unanswered, State.UNANSWERED),
        (sa.and_(old == "waiting", reason == "waits for what it refers to, to be completed"), State.INCOMPLETE),
        (old == "waiting", State.WAITING),
        (created, State.FOUND),
        else_=State.SENT,
    )
    still = sa.and_(unanswered, old.not_in(("ok", "skipped")), sa.not_(asked_to_resend))
    return {
        "state": state,
        "deleted": action == "delete",
        "settings": sa.column(behaviour),
        "code": sa.case(*((reason == kind.words, code) for code, kind in KINDS.items()), else_=None),
        "sent": sa.case((still, sa.column("sent") if "sent" in there else None), else_=None),
        "sent_at": sa.case((still, sa.column("at")), else_=None),
        "sent_settings": sa.case((still, sa.column(behaviour)), else_=None),
    }
