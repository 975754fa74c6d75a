"""Who calls i360, and how they are refused: password grant, tokens of six minutes, the organisation in the path."""

from __future__ import annotations

import base64
import re
import secrets
import time
from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, answer
from osdi_crm_sandbox.vendors.i360.resources import API, FIRST_ORG, OPTIONS, TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

CLIENT = "Basic " + base64.b64encode(b"roclient:secret").decode()


def refuse(call: Call, status: int, words: str) -> Response:
    """{"Message"}, or the token endpoint's {"error"}."""
    if call.path == TOKEN:
        return answer({"error": "invalid_request" if status < 500 else "server_error"}, status)
    return answer({"Message": "Authorization has been denied for this request." if status == 401 else words}, status)


def _tokens(account: Account) -> dict[str, float]:
    """Tokens given out and the unix times when they die."""
    tokens: dict[str, float] = account.state.setdefault("tokens", {})
    return tokens


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the user name where a token is asked for, elsewhere by the token, dead or alive."""
    if call.path == TOKEN:
        name = {key.lower(): value for key, value in call.given.items()}.get("username")
        return accounts.get(str(name))
    return next((account for account in accounts.values() if call.bearer in _tokens(account)), None)


def check(call: Call) -> Response | None:
    """401 for a dead token and for an organisation that is not the user's."""
    if call.path == TOKEN:
        return None
    is_alive = _tokens(call.account)[call.bearer or ""] > time.time()
    asked = re.match(rf"{API}/Org/([^/]+)(/|$)", call.path)
    is_at_home = asked is None or asked[1] == str(credentials(call.account)["org_id"])
    return None if is_alive and is_at_home else refuse(call, 401, "")


def credentials(account: Account) -> Record:
    """The user's name and password, the organisation, and where tokens are given out, below the vendor's prefix."""
    org = FIRST_ORG + int(account.name.rpartition("-")[2])
    return {"username": account.key, "password": f"{account.key}-password", "org_id": org, "login_path": TOKEN}


def settings(account: Account, url: str) -> Record:
    """What tap and target need: the user, the organisation, and the address of the sign-in."""
    given = credentials(account)
    return {"login_url": url + given.pop("login_path"), **given}


def give_token(call: Call) -> Response:
    """The password grant with the client that is the same for everybody (api.i-360.com)."""
    form, options = call.given, OPTIONS if call.caller is None else call.caller.options
    error = ""
    if call.headers.get("authorization") != CLIENT:
        error = "invalid_client"
    elif form.get("grant_type") != "password":
        error = "unsupported_grant_type"
    elif call.caller is None or form.get("password") != credentials(call.caller)["password"]:
        error = "invalid_grant"
    elif set(form.get("scope", "").split()) != set(options["scope"].split()):
        error = "invalid_scope"
    if error:
        return answer({"error": error}, 400)
    token, seconds = secrets.token_urlsafe(24), options["token_seconds"]
    _tokens(call.account)[token] = time.time() + seconds
    granted: Record = {"access_token": token, "token_type": "Bearer"}
    return answer(granted | ({"expires_in": int(seconds)} if options["tell_expiry"] else {}))
