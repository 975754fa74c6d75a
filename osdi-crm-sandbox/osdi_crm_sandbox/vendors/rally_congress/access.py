"""Who calls Rally Congress, and what is answered: HTTP Basic, JSON as an account's options spoil it, errors."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import Response

from osdi_crm_sandbox.vendors.rally_congress.resources import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record
    from osdi_crm_sandbox.vendor import Call

CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def reply(call: Call, content: Any, status: int = 200) -> Response:
    """JSON as this account's options spoil it."""
    options = OPTIONS if call.caller is None else call.caller.options
    if options["wrapped"] and "response" not in content:
        content = {"response": content}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if options["control_characters"]:
        text = re.sub(r"\\(.)", lambda escape: CONTROLS.get(escape[1], escape[0]), text)
    if options["byte_order_mark"]:
        text = f"\ufeff{text}"
    return Response(text.encode(options["charset"], "replace"), status, media_type="application/json")


def refuse(call: Call, status: int, words: str) -> Response:
    """{"response": {"errors": [a line of the words, …]}}."""
    return reply(call, {"response": {"errors": words.splitlines()}}, status)


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By HTTP Basic: the account id and its token."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    try:
        given = tuple(base64.b64decode(encoded, validate=True).decode().split(":", 1))
    except (binascii.Error, ValueError):
        return None
    account = accounts.get(given[0])
    known = scheme.lower() == "basic" and account and given == tuple(credentials(account).values())
    return account if known else None


def credentials(account: Account) -> Record:
    """User name and password of HTTP Basic."""
    return {"account_id": account.key, "auth_token": f"{account.key}-token"}


def uri(account: Account, url: str, path: str) -> str:
    """A path as answers name it."""
    return (url if account.options["uris"] == "absolute" else urlsplit(url).path) + path
