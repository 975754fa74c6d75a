"""How records that were deleted can be written again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
import sqlalchemy as sa
from osdi_crm_schemas import fold
from osdi_crm_schemas.crosswalk import Crosswalk, shared_streams

from target_osdi_crm.intake.arrivals import encode
from target_osdi_crm.journal.schema import RECORDS, UNMIRRORED
from target_osdi_crm.journal.states import Event, State
from target_osdi_crm.journal.store import happen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_osdi_crm.apply.deleted_file import Line


IDENTITY = ("account", "source", "stream", "key")
"""What tells one record from another."""

RESTORED = "was deleted at the vendor, and is to be written again"


class Keys:
    """Tells the keys at the source of what deleted records referred to by the vendor's ids."""

    def __init__(self, connection: sa.Connection, kept: Iterable[Line]) -> None:
        """Look in the journal, and among the deleted records themselves."""
        self._connection = connection
        self._deleted = {(*(line[name] for name in IDENTITY[:3]), line["id"]): line["key"] for line in kept}

    def __call__(self, line: Line, stream: str, vendor_id: str) -> str | None:
        """The key of what a record refers to; None if nobody knows it."""
        whose, records = (line["account"], line["source"], stream), RECORDS.c
        this = (records.account, records.source, records.stream, records.vendor_id)
        query = sa.select(records.source_key).where(
            sa.tuple_(*this) == sa.tuple_(*map(sa.literal, (*whose, vendor_id)))
        )
        known = self._connection.execute(query.limit(1)).scalar() or self._deleted.get((*whose, vendor_id))
        return known or (vendor_id if line["own_ids"] else None)


def restore(connection: sa.Connection, line: Line, keys: Keys) -> bool:
    """Have a deleted record written again by the next run; False where the journal knows it as written."""
    values = dict(zip(("account", "source", "stream", "source_key"), (line[name] for name in IDENTITY), strict=True))
    raw = encode(record(line, keys))
    this = sa.and_(*(RECORDS.c[name] == value for name, value in values.items()))
    is_gone = sa.and_(this, RECORDS.c.vendor_id.is_(None))
    if not happen(connection, Event.RESTORE, is_gone, record=raw, reason=RESTORED):
        if connection.execute(sa.select(RECORDS.c.state).where(this)).first():
            return False
        new = {**values, "state": State.WAITING, "attempts": 0, "run": 0, "at": time.time()}
        connection.execute(RECORDS.insert(), {**new, "record": raw, "reason": RESTORED})
    connection.execute(UNMIRRORED.delete().where(*(UNMIRRORED.c[name] == value for name, value in values.items())))
    connection.execute(UNMIRRORED.insert(), values)
    return True


def record(line: Line, keys: Keys) -> dict[str, Any]:
    """A record as its source would send it, without what it refers to and nobody knows any more."""
    if not line["record"]:
        return {**line["came"], **line["refers"]}
    vendor, stream = line["vendor"], line["stream"]
    names = osdi_crm_schemas.property_names(vendor, stream)
    properties: Mapping[str, Any] = osdi_crm_schemas.schema(vendor, stream)["properties"]
    found: dict[str, Any] = {}
    for given, value in line["record"].items():
        name = names.get(fold(given), given)
        known = properties.get(name, {})
        if value is None or "create" not in known.get("x-write", ()):
            continue
        if to := known.get("x-refers-to"):
            known_as = [key for each in _listed(value) if (key := keys(line, to, str(each)))]
            found[name] = known_as if isinstance(value, list) else next(iter(known_as), None)
        else:
            found[name] = value
    found |= line["refers"]
    if line["model"] == "osdi":
        shared = {theirs: name for name, theirs in shared_streams(vendor).items()}
        return Crosswalk(vendor, shared[stream]).read(found, None)
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
