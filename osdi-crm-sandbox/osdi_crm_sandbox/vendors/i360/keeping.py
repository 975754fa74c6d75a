"""Storing records, with ids of their own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendors.i360.resources import FIRST_IDS, Kind

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.vendor import Record


def next_id(account: Account, kind: Kind) -> str:
    """The next id of a kind."""
    account.state[kind.name] = account.state.get(kind.name, FIRST_IDS[kind.name]) + 1
    return str(account.state[kind.name])


def blank(kind: Kind) -> Record:
    """A record without values."""
    return {kind.key: None, **dict.fromkeys(kind.fields)}


def put_record(account: Account, kind: Kind, parent: str, own: str, given: Record) -> str:
    """Stores a record; its key."""
    key = f"{parent}/{own}" if kind.shared else own
    moment = iso(time.time())
    start = blank(kind) | ({"CreatedDate": moment} if "CreatedDate" in kind.fields else {})
    number: Any = int(own) if own.isdecimal() else own
    mine: Record = {kind.key: number, "_modified": moment} | ({"_parent": parent} if kind.parent else {})
    account.tables[kind.name].put(key, start | given | mine)
    return key
