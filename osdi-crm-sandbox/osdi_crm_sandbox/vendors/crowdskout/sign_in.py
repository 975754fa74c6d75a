"""Who calls: the code grant and its token for ten years."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from osdi_crm_sandbox.vendor import Call, Record, Refusal, answer
from osdi_crm_sandbox.vendors.crowdskout.resources import TEN_YEARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_sandbox.accounts import Account


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the access token; on the way to one, by the client id."""
    if call.path.startswith("/oauth/"):
        given = call.query if call.method == "GET" else call.body
        client = str(given.get("client_id")) if isinstance(given, dict) else ""
        return accounts.get(client.removesuffix("-client"))
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return accounts.get(token) if scheme.lower() == "bearer" else None


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
    form = call.body if isinstance(call.body, dict) else {}
    if call.caller is None or form.get("client_secret") != credentials(call.caller)["client_secret"]:
        raise Refusal(401, "The client is unknown")
    codes: dict[str, str] = call.caller.state.setdefault("codes", {})
    redirect = codes.pop(form.get("code", ""), None)
    if form.get("grant_type") != "authorization_code" or redirect is None or redirect != form.get("redirect_uri"):
        raise Refusal(400, "The code is not valid")
    life = str(TEN_YEARS) if call.caller.options["expires_in_text"] else TEN_YEARS
    return answer({"access_token": call.caller.key, "token_type": "Bearer", "expires_in": life})
