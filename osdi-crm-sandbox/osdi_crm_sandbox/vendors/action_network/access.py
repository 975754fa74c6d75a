"""Who calls Action Network, and how they are refused: keys, and browsers that post without one to a helper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Call, answer
from osdi_crm_sandbox.vendors.action_network.resources import API, GROUP_ONLY, RECORD_OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account


def hal(content: Any) -> Response:
    """An answer of the vendor's own media type."""
    return answer(content, media_type="application/hal+json")


def refuse(call: Call, status: int, words: str) -> Response:
    """{"error"}; a wrong key is echoed, and a call without one to a helper always looks the same."""
    if is_blind(call):
        return hal({})
    if status == 401:
        return _bad_key(call, 403)
    return answer({"error": "Not found"}, 404) if status == 405 else answer({"error": words}, status)


def is_blind(call: Call) -> bool:
    """Whether it is a browser's POST to a helper, without a key (actionnetwork.org/docs/v2/unauthenticated-post)."""
    helper = call.path == f"{API}/people" or _parent_in(call.path)
    return call.method == "POST" and "osdi-api-token" not in call.headers and bool(helper) and not call.unreadable


def _parent_in(path: str) -> tuple[str, str] | None:
    """The action and its id out of the path of a record helper."""
    match = re.fullmatch(rf"{API}/(\w+)/([^/]+)/(\w+)/?", path)
    if match and match[1] in RECORD_OF and RECORD_OF[match[1]].name == match[3]:
        return match[1], match[2]
    return None


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the header OSDI-API-Token; without it, a record helper's account is the one that has the action."""
    token = call.headers.get("osdi-api-token")
    if token is not None:
        return accounts.get(token)
    name, key = (_parent_in(call.path) if is_blind(call) else None) or ("people", None)
    return next((account for account in accounts.values() if key in account.tables[name].records), None)


def check(call: Call) -> Response | None:
    """Turns away revoked keys, and a personal list's key where only a group's may go; never at the entry point."""
    options, segments = call.account.options, call.path.removeprefix(API).strip("/").split("/")
    barred = not options["group"] and any(name in segments for name in GROUP_ONLY)
    status = options["revoked"] or (403 if barred else None)
    if status is None or segments == [""] or is_blind(call):
        return None
    return _bad_key(call, status)


def _bad_key(call: Call, status: int) -> Response:
    return answer({"error": f"API Key invalid or not present {call.headers.get('osdi-api-token', '')}"}, status)
