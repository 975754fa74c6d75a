"""What calls do besides reading and writing: put people on lists, turn journeys, archive automations."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, Refusal, answer
from osdi_crm_sandbox.vendors.nationbuilder.errors import invalid
from osdi_crm_sandbox.vendors.nationbuilder.reading import get_one
from osdi_crm_sandbox.vendors.nationbuilder.resources import KINDS
from osdi_crm_sandbox.vendors.nationbuilder.rules import check_no_other_is_active, record_history
from osdi_crm_sandbox.vendors.nationbuilder.transactions import Draft, Transaction
from osdi_crm_sandbox.vendors.nationbuilder.writing import read_data

if TYPE_CHECKING:
    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

MAX_SIGNUPS = 10_000
"""Signups of one call on a list."""


# Lists

LIST_ACTIONS = ("add_signups", "remove_signups", "tag", "untag")


def change_list(action: str, call: Call) -> Response:
    """PATCH /lists/{id}/add_signups, /remove_signups, /tag and /untag: 202, and the work is done later."""
    key = str(call.record("lists")["id"])
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
    account, token, process = call.account, call.params["id"], call.record("async_processes")
    if process["status"] == "processing":
        account.tables["async_processes"].merge(token, {"_polls": process["_polls"] - 1})
        account.later(0.0, account.touched)
    content = {name: process[name] for name in ("id", "status", "message")}
    _advance(account, token)
    return answer(content)


def _advance(account: Account, token: str) -> None:
    """Finishes a process that nobody has to ask for again."""
    process = account.tables["async_processes"].records[token]
    if process["status"] != "processing" or process["_polls"] > 0:
        return
    status = "failed" if account.options["actions_fail"] else "completed"
    if status == "completed":
        _work(account, process)
    words = datetime.now(UTC).strftime(f"{status.capitalize()} at %Y-%m-%d %H:%M:%S +0000")
    account.tables["async_processes"].merge(token, {"status": status, "message": words})


def _work(account: Account, process: Record) -> None:
    transaction, key, given = Transaction(account), process["_list"], process["_given"]
    if transaction.get("lists", key) is None:
        return
    if process["_action"] in ("add_signups", "remove_signups"):
        _change_members(transaction, key, given, adds=process["_action"] == "add_signups")
        return
    tags = transaction.find("signup_tags", name=given)
    tag = tags[0] if tags else transaction.add("signup_tags", {"name": given})
    for member in transaction.matching("list_members", list_id=key):
        pair = {"signup_id": member["signup_id"], "tag_id": tag}
        joined = transaction.find("signup_taggings", **pair)
        if process["_action"] == "untag":
            for tagging in joined:
                transaction.remove("signup_taggings", tagging)
        elif not joined:
            transaction.add("signup_taggings", pair)


def _change_members(transaction: Transaction, key: str, signups: list[str], *, adds: bool) -> None:
    members = {one["signup_id"]: one["id"] for one in transaction.matching("list_members", list_id=key)}
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
    transaction, kind, journey = Transaction(call.account), KINDS["path_journeys"], call.record("path_journeys")
    status, category = JOURNEYS[action]
    draft = Draft(transaction, kind, journey, {**journey, "journey_status": status}, {})
    reason = call.query.get("path_journey_status_change_id")
    if reason is not None and action in ("complete", "abandon"):
        known = transaction.get("path_journey_status_changes", reason) or {}
        if (known.get("path_id"), known.get("target_status")) != (journey.get("path_id"), status):
            draft.refuse("path_journey_status_change_id", "is invalid", "invalid")
        draft.new["path_journey_status_change_id"] = reason
    if action == "reactivate":
        check_no_other_is_active(draft)
        draft.new["path_journey_status_change_id"] = None
    if draft.flaws:
        raise invalid(draft.flaws)
    draft.new |= {"ended_at": None if action == "reactivate" else transaction.now, "updated_at": transaction.now}
    transaction.put(kind.name, draft.new)
    record_history(transaction, draft.new, category)
    return get_one(kind, call.params["id"], call)


def archive(call: Call) -> Response:
    """PATCH /automations/{id}/archive."""
    call.record("automations")
    Transaction(call.account).change("automations", call.params["id"], status="archived")
    return get_one(KINDS["automations"], call.params["id"], call)
