"""Who calls Crowdskout, and how calls are refused: the code grant, its token for ten years, the envelope of answers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from osdi_crm_sandbox.vendor import Call, Refusal, answer
from osdi_crm_sandbox.vendors.crowdskout.resources import OPTIONS, TEN_YEARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record


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


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the access token; on the way to one, by the client id."""
    if call.path.startswith("/oauth/"):
        given = call.query if call.method == "GET" else call.given
        return accounts.get(str(given.get("client_id")).removesuffix("-client"))
    return accounts.get(call.bearer or "")


def credentials(account: Account) -> Record:
    """What the code grant needs; the account's key is the access token itself."""
    return {"client_id": f"{account.key}-client", "client_secret": f"{account.key}-secret"}


def authorize(call: Call) -> Response:
    """The login page, where everybody agrees at once."""
    redirect = call.query.get("redirect_uri")
    if call.caller is None or not redirect or call.query.get("response_type") != "code":
        raise Refusal(400, "client_id, redirect_uri and response_type=code are required")
    code = secrets.token_hex(16)
    call.account.state.setdefault("codes", {})[code] = redirect
    state = {"state": call.query["state"]} if "state" in call.query else {}
    return RedirectResponse(f"{redirect}?{urlencode({'code': code, **state})}", 302)


def access_token(call: Call) -> Response:
    """Gives the token for a code, once, to the client and the redirect that it was made for."""
    form = call.given
    if call.caller is None or form.get("client_secret") != credentials(call.caller)["client_secret"]:
        raise Refusal(401, "The client is unknown")
    redirect = call.caller.state.setdefault("codes", {}).pop(form.get("code", ""), None)
    if form.get("grant_type") != "authorization_code" or redirect is None or redirect != form.get("redirect_uri"):
        raise Refusal(400, "The code is not valid")
    life = str(TEN_YEARS) if call.caller.options["expires_in_text"] else TEN_YEARS
    return answer({"access_token": call.caller.key, "token_type": "Bearer", "expires_in": life})
