"""Messages of Action Network: drafts, their targeting, schedules and sending (actionnetwork.org/docs/v2/messages)."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_sandbox.population import iso, utc
from osdi_crm_sandbox.vendor import Call, Refusal
from osdi_crm_sandbox.vendors.action_network.access import hal
from osdi_crm_sandbox.vendors.action_network.bookkeeping import linked_id, message_statistics
from osdi_crm_sandbox.vendors.action_network.people import first_entry, json_object
from osdi_crm_sandbox.vendors.action_network.reading import written
from osdi_crm_sandbox.vendors.action_network.resources import MESSAGES, NATIVE, SITE
from osdi_crm_sandbox.vendors.action_network.writing import action_values

if TYPE_CHECKING:
    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


def post_message(call: Call) -> Response:
    """POST of a message: a draft, once its targeting is done."""
    body, account = json_object(call), call.account
    missing = [name for name in ("subject", "body", "from", "reply_to") if not body.get(name)]
    if missing:
        raise Refusal(400, f"You must specify {', '.join(missing)}")
    wrappers = account.tables["wrappers"].records
    wrapper = linked_id(body, "osdi:wrapper") or next(key for key, record in wrappers.items() if record["default"])
    if wrapper not in wrappers:
        raise Refusal(400, "You must specify a valid wrapper id")
    key = account.population.uuid()
    page = f"{SITE}/emails/{key[:8]}/manage"
    message: Record = {"identifiers": [f"{NATIVE}{key}"], "created_date": iso(), "administrative_url": page}
    message |= {"type": "email", "_wrapper": wrapper, "_creator": linked_id(body, "osdi:creator"), "_queries": []}
    _save_message(call, key, message, (*MESSAGES.write, *MESSAGES.only_new), retarget=True)
    return written(call, MESSAGES, key)


def put_message(call: Call) -> Response:
    """PUT of a draft."""
    key, body = call.params["id"], json_object(call)
    old = call.record("messages")
    if old["status"] not in ("draft", "calculating"):
        raise Refusal(400, "Only a draft can be changed")
    _save_message(call, key, old, MESSAGES.write, retarget="targets" in body)
    return written(call, MESSAGES, key)


def _save_message(call: Call, key: str, old: Record, names: tuple[str, ...], *, retarget: bool) -> None:
    account = call.account
    queries = [
        target["href"].rsplit("/", 1)[-1] for target in json_object(call).get("targets") or () if target.get("href")
    ]
    if any(query not in account.tables["queries"].records for query in queries):
        raise Refusal(400, "You must specify valid targets")
    table = account.tables["messages"]
    message = action_values(call, MESSAGES, names, old)
    if retarget:
        if time.time() - account.state.get("targeted", 0) < account.options["message_seconds"]:
            raise Refusal(429, "Too many requests")
        account.state["targeted"] = time.time()
        message |= {"_queries": queries, "status": "calculating"}
        account.later(account.options["calculating_seconds"], partial(_calculated, account, key))
    message.pop("targets", None)
    table.put(key, message)


def _calculated(account: Account, key: str) -> None:
    """A message's targeting is done."""
    table, people = account.tables["messages"], account.tables["people"].records.values()
    message = table.records.get(key)
    if message is None or message["status"] != "calculating":
        return
    queries = account.tables["queries"].records
    whole = sum(first_entry(person.get("email_addresses")).get("status") == "subscribed" for person in people)
    some = sum(queries[query]["_people"] for query in message["_queries"])
    targeted = min(whole, some) if message["_queries"] else whole
    table.merge(key, {"status": "draft", "total_targeted": targeted})


def _sent(account: Account, key: str) -> None:
    """A message has gone out."""
    table = account.tables["messages"]
    message = table.records.get(key)
    if message is not None and message["status"] == "sending":
        statistics = message_statistics(message["total_targeted"], 0.0)
        table.merge(key, {"status": "sent", "statistics": statistics})


def _turn_message(call: Call, statuses: tuple[str, ...], values: Record, words: str) -> Response:
    """Changes a message's status and says so."""
    old = call.record("messages")
    if old["status"] not in statuses:
        raise Refusal(400, f"The message is {old['status']}, not {' or '.join(statuses)}")
    message = {**old, **values, "modified_date": iso()}
    if message["status"] == "draft":
        message.pop("scheduled_start_date", None)
    call.account.tables["messages"].put(call.params["id"], message)
    return hal({"message": words})


def send_message(call: Call) -> Response:
    """POST to the send helper."""
    if not call.record("messages").get("total_targeted"):
        raise Refusal(400, "The message has no recipients")
    sending = {"status": "sending", "sent_start_date": iso()}
    call.account.later(call.account.options["calculating_seconds"], partial(_sent, call.account, call.params["id"]))
    return _turn_message(call, ("draft",), sending, "Your email has been sent.")


def stop_message(call: Call) -> Response:
    """DELETE of a running send."""
    words = "Your email has been stopped. Some people may have received it already."
    return _turn_message(call, ("sending", "throttled"), {"status": "draft"}, words)


def schedule_message(call: Call) -> Response:
    """POST to the schedule helper."""
    start = utc(json_object(call).get("scheduled_start_date"))
    if start is None or start <= iso():
        raise Refusal(400, "You must specify a scheduled_start_date in the future")
    scheduled = {"status": "scheduled", "scheduled_start_date": start}
    return _turn_message(call, ("draft",), scheduled, "Your message has been scheduled")


def unschedule_message(call: Call) -> Response:
    """DELETE of a schedule."""
    return _turn_message(call, ("scheduled",), {"status": "draft"}, "Your message has been unscheduled")
