"""What calls do besides reading and writing: put people on lists, turn journeys, archive automations."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, Record, Refusal, answer
from osdi_crm_sandbox.vendors.nationbuilder.answers import invalid
from osdi_crm_sandbox.vendors.nationbuilder.keeping import Draft, Transaction
from osdi_crm_sandbox.vendors.nationbuilder.reading import get_item
from osdi_crm_sandbox.vendors.nationbuilder.resources import KINDS
from osdi_crm_sandbox.vendors.nationbuilder.rules import record_history
from osdi_crm_sandbox.vendors.nationbuilder.writing import read_data

if TYPE_CHECKING:
    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account

MAX_SIGNUPS = 10_000
"""Signups of one call on a list."""


# Lists

LIST_ACTIONS = ("add_signups", "remove_signups", "tag", "untag")


def change_list(action: str, call: Call) -> Response:
    """PATCH /lists/{id}/add_signups, /remove_signups, /tag and /untag: 202, and the work is done later."""
    key = call.params["id"]
    if key not in call.account.tables["lists"].records:
        raise Refusal(404, "Record not found")
    data = read_data(call, KINDS["lists"], key)
    name = "signup_ids" if action.endswith("signups") else "tag"
    given = data.get(name)
    if name == "tag" and (not isinstance(given, str) or not given):
        raise Refusal(400, "data.tag must be the name of a tag")
    if name == "signup_ids":
        if not isinstance(given, list) or not all(str(entry).isdecimal() for entry in given):
            raise Refusal(400, "data.signup_ids must be a list of ids")
        if len(given) > MAX_SIGNUPS:
            raise Refusal(400, f"data.signup_ids may have {MAX_SIGNUPS} ids at most")
        given = list(dict.fromkeys(str(entry) for entry in given))
    token = secrets.token_hex(16)
    process = {"id": token, "status": "processing", "message": "", "updated_at": time.time_ns()}
    process |= {"_action": action, "_list": key, "_given": given, "_polls": call.account.options["polls"]}
    call.account.tables["async_processes"].put(token, process)
    _advance(call.account, token)
    return answer({"token": token}, 202)


def show_process(call: Call) -> Response:
    """GET /async_processes/{token}."""
    account, token = call.account, call.params["id"]
    process = account.tables["async_processes"].records.get(token)
    if process is None:
        raise Refusal(404, "Record not found")
    if process["status"] == "processing":
        account.tables["async_processes"].put(token, {**process, "_polls": process["_polls"] - 1})
        account.later(0.0, account.touched)
    content = {name: process[name] for name in ("id", "status", "message")}
    _advance(account, token)
    return answer(content)


def _advance(account: Account, token: str) -> None:
    """Finishes a process that nobody has to ask for again."""
    process = account.tables["async_processes"].records[token]
    if process["status"] != "processing" or process["_polls"] > 0:
        return
    failed = account.options["actions_fail"]
    if not failed:
        _work(account, process)
    words = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
    done = {
        "status": "failed" if failed else "completed",
        "message": f"{'Failed' if failed else 'Completed'} at {words}",
    }
    account.tables["async_processes"].put(token, {**process, **done})


def _work(account: Account, process: Record) -> None:
    transaction, key, given = Transaction(account), process["_list"], process["_given"]
    if transaction.get("lists", key) is None:
        return
    if process["_action"] in ("add_signups", "remove_signups"):
        _change_members(transaction, key, given, adds=process["_action"] == "add_signups")
        return
    members = account.tables["list_members"].records
    tags = transaction.find("signup_tags", name=given)
    tag = tags[0] if tags else transaction.add("signup_tags", {"name": given})
    for member in transaction.find("list_members", list_id=key):
        signup = members[member]["signup_id"]
        joined = transaction.find("signup_taggings", signup_id=signup, tag_id=tag)
        if process["_action"] == "untag":
            for tagging in joined:
                transaction.remove("signup_taggings", tagging)
        elif not joined:
            transaction.add("signup_taggings", {"signup_id": signup, "tag_id": tag})


def _change_members(transaction: Transaction, key: str, signups: list[str], *, adds: bool) -> None:
    records = transaction.account.tables["list_members"].records
    members = {records[member]["signup_id"]: member for member in transaction.find("list_members", list_id=key)}
    for signup in signups:
        if adds and signup not in members and transaction.get("signups", signup) is not None:
            transaction.add("list_members", {"list_id": key, "signup_id": signup})
        elif not adds and signup in members:
            transaction.remove("list_members", members[signup])


# Journeys and automations

JOURNEYS = {
    "complete": ("completed", "completion"),
    "abandon": ("abandoned", "abandonment"),
    "reactivate": ("active", "reactivation"),
    "void": ("deleted", "voiding"),
}


def turn_journey(action: str, call: Call) -> Response:
    """PATCH /path_journeys/{id}/complete, /abandon, /reactivate and /void."""
    transaction, kind = Transaction(call.account), KINDS["path_journeys"]
    journey = transaction.get(kind.name, call.params["id"])
    if journey is None:
        raise Refusal(404, "Record not found")
    status, category = JOURNEYS[action]
    draft = Draft(transaction, kind, journey, {**journey, "journey_status": status}, {})
    reason = call.query.get("path_journey_status_change_id")
    if reason is not None and action in ("complete", "abandon"):
        known = transaction.get("path_journey_status_changes", reason)
        if known is None or known.get("path_id") != journey.get("path_id") or known.get("target_status") != status:
            draft.refuse("path_journey_status_change_id", "is invalid", "invalid")
        draft.new["path_journey_status_change_id"] = reason
    if action == "reactivate":
        same = transaction.find(kind.name, signup_id=journey["signup_id"], path_id=journey["path_id"])
        others = [transaction.get(kind.name, key) or {} for key in same if key != journey["id"]]
        if any(other.get("journey_status") == "active" for other in others):
            draft.refuse("path_id", "already has an active journey for this signup", "taken")
        draft.new["path_journey_status_change_id"] = None
    if draft.flaws:
        raise invalid(draft.flaws)
    draft.new |= {"ended_at": None if action == "reactivate" else transaction.now, "updated_at": transaction.now}
    transaction.put(kind.name, draft.new)
    record_history(transaction, draft.new, category)
    return get_item(kind, call)


def archive(call: Call) -> Response:
    """PATCH /automations/{id}/archive."""
    transaction = Transaction(call.account)
    if transaction.get("automations", call.params["id"]) is None:
        raise Refusal(404, "Record not found")
    transaction.change("automations", call.params["id"], status="archived")
    return get_item(KINDS["automations"], call)
