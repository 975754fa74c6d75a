"""Crowdskout's answers: the envelope, errors, records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from osdi_crm_sandbox.vendor import Call, Record, Refusal, answer
from osdi_crm_sandbox.vendors.crowdskout.resources import FIELDS, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osdi_crm_sandbox.accounts import Account


def enveloped(data: Any) -> Response:
    """A good answer."""
    return answer({"success": True, "messages": [], "data": data})


def refuse(call: Call, status: int, words: str) -> Response:
    """An error as the option says; the token endpoint's own are OAuth's."""
    if call.path.startswith("/oauth/"):
        return answer({"error": "access_denied", "error_description": words}, status)
    shape = (OPTIONS if call.caller is None else call.caller.options)["errors"]
    if shape == "text":
        return Response(words, status, media_type="text/plain")
    if shape != "status" and status in (400, 403, 404, 405):
        is_message = shape == "messages"
        return answer({"success": is_message, "messages": [words], "data": {} if is_message else None})
    return answer({"success": False, "messages": [words], "data": None}, status)


def serve(account: Account, resource: str, key: str, _url: str) -> Any:
    """A record by id; a profile with every collection that has items."""
    record = account.tables[resource].records[key]
    return {name: value for name, value in record.items() if name[0] != "_"}


def show_profile(account: Account, record: Record, collections: Iterable[str]) -> Record:
    """A profile with these collections, as this account's options have it."""
    options = account.options
    shown: Record = {"id": record["id"]}
    if options["top_level_date"]:
        shown["Date"] = "2016-05-18T15:50:59+00:00"
    for name in collections:
        items = record.get(name, [])
        if name in FIELDS and (items or options["empty_collections"]):
            shown[name] = items
    return _respelled(shown) if options["other_spellings"] else shown


RESPELLED = {
    "IndependentUnsubscribes": "Independent Unsubscribes",
    "AttributeId": "AttributeID",
    "EventRegistrationEventType": "EventRegistrationType",
    "VotedParty": "VotedPrimaryParty",
}


def _respelled(content: Any) -> Any:
    if isinstance(content, dict):
        return {RESPELLED.get(name, name): _respelled(value) for name, value in content.items()}
    return [_respelled(item) for item in content] if isinstance(content, list) else content


def find_record(call: Call, resource: str) -> Record:
    """The record that the path names.

    Raises:
        Refusal: there is none.
    """
    record = call.account.tables[resource].records.get(call.params["id"])
    if record is None:
        raise Refusal(404, f"There is no {resource.removesuffix('s')} {call.params['id']}")
    return record
