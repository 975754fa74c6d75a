"""Imports and queued searches: jobs that come further with every read."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import iso
from osdi_crm_sandbox.vendors.i360.answers import answer_record
from osdi_crm_sandbox.vendors.i360.keeping import next_id
from osdi_crm_sandbox.vendors.i360.reading import key_in

if TYPE_CHECKING:
    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.vendor import Call, Record
    from osdi_crm_sandbox.vendors.i360.resources import Kind


def get_job(kind: Kind, call: Call) -> Response:
    """A job, which has come further by the next read."""
    key = key_in(kind, call)
    call.account.later(0.0, partial(_advance, call.account, kind, key))
    return answer_record(call.account, kind, key)


def _advance(account: Account, kind: Kind, key: str) -> None:
    table = account.tables[kind.name]
    job = table.records.get(key)
    if job is not None and job["_polls"] > 0:
        polls = job["_polls"] - 1
        status = "Processing" if polls else job["_ends"]
        table.put(key, {**job, "_polls": polls, "Status": status})


def start_job(account: Account, kind: Kind, ends: str, errors: list[str]) -> str:
    """A new job; its key."""
    key = next_id(account, kind)
    polls = account.options["import_polls"]
    job: Record = {"Id": int(key), "Status": "Queued" if polls else ends, "_polls": polls, "_ends": ends}
    job |= {"CreatedDate": iso(time.time()), "_modified": iso(time.time())}
    if kind.name == "imports":
        job |= {"Name": f"API import {key}", "Errors": errors}
    account.tables[kind.name].put(key, job)
    return key
