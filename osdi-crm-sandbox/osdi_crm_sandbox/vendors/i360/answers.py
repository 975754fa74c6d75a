"""i360's answers: records in the account's spelling, lists, errors; and requests, bound whatever their case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from osdi_crm_sandbox.vendor import Call, Record, answer
from osdi_crm_sandbox.vendors.i360.resources import TOKEN, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osdi_crm_sandbox.accounts import Account


def spell(account: Account, name: str) -> str:
    """A property's name in the account's spelling."""
    casing = account.options["casing"]
    if casing == "lower":
        return name.lower()
    return name[:1].lower() + name[1:] if casing == "camel" else name


def spelled(account: Account, content: Any) -> Any:
    """An answer in the account's spelling."""
    if isinstance(content, dict):
        return {spell(account, name): spelled(account, value) for name, value in content.items()}
    return [spelled(account, value) for value in content] if isinstance(content, list) else content


def show_record(account: Account, kind: Kind, key: str) -> Record:
    """A record as an answer has it, before it is spelled."""
    record = account.tables[kind.name].records[key]
    hidden = () if account.options["show_log_id"] else ("LogID",)
    return {name: value for name, value in record.items() if name[0] != "_" and name not in hidden}


def answer_record(account: Account, kind: Kind, key: str) -> Response:
    """One record."""
    return answer(spelled(account, show_record(account, kind, key)))


def answer_list(call: Call, records: list[Record]) -> Response:
    """A list, or 204 without a body for none."""
    account = call.account
    given = fold(call.query) | fold(call.body)
    if account.options["paging"] == "page":
        size = number_or(given.get("pagesize"), 100)
        start = (max(1, number_or(given.get("page"), 1)) - 1) * size
        records = records[start : start + size]
    elif account.options["paging"] == "offset":
        start = number_or(given.get("skip"), 0)
        records = records[start : start + number_or(given.get("take"), 100)]
    if not records:
        return Response(status_code=204)
    wrapper = account.options["wrapper"]
    return answer({spell(account, wrapper): records} if wrapper else records)


def answer_spelled(call: Call, records: list[Record]) -> Response:
    """A list of records."""
    return answer_list(call, spelled(call.account, records))


def number_or(value: Any, default: int) -> int:
    """A number sent as such or as text."""
    return int(value) if str(value).isdecimal() else default


def fold(given: Any) -> Record:
    """A request's members by lower-case name, as ASP.NET binds them."""
    return {name.lower(): value for name, value in given.items()} if isinstance(given, dict) else {}


def bind(names: Sequence[str], given: Any) -> Record:
    """The members that a request has of these."""
    folded = fold(given)
    return {name: folded[name.lower()] for name in names if name.lower() in folded}


def invalid(member: str, words: str) -> Response:
    """ASP.NET's answer to a request that it cannot bind."""
    return answer({"Message": "The request is invalid.", "ModelState": {member: [words]}}, 400)


def refuse(call: Call, status: int, words: str) -> Response:
    """{"Message"}, or the token endpoint's {"error"}."""
    if call.path == TOKEN:
        return answer({"error": "invalid_request" if status < 500 else "server_error"}, status)
    if status == 401:
        words = "Authorization has been denied for this request."
    return answer({"Message": words}, status)
