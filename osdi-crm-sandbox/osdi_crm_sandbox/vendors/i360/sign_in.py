"""Who calls: the password grant, tokens that live six minutes, and the organisation in the path."""

from __future__ import annotations

import base64
import re
import secrets
import time
from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, Record, answer
from osdi_crm_sandbox.vendors.i360.answers import fold, refuse
from osdi_crm_sandbox.vendors.i360.resources import API, FIRST_ORG, OPTIONS, TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account

CLIENT = "Basic " + base64.b64encode(b"roclient:secret").decode()


def _tokens(account: Account) -> dict[str, float]:
    """Tokens given out and the unix times when they die."""
    tokens: dict[str, float] = account.state.setdefault("tokens", {})
    return tokens


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the user name where a token is asked for, elsewhere by the token, dead or alive."""
    if call.path == TOKEN:
        return accounts.get(str(fold(call.body).get("username")))
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return next((account for account in accounts.values() if token in _tokens(account)), None)


def check(call: Call) -> Response | None:
    """401 for a dead token and for an organisation that is not the user's."""
    if call.path == TOKEN:
        return None
    token = call.headers["authorization"].partition(" ")[2]
    is_alive = _tokens(call.account)[token] > time.time()
    asked = re.match(rf"{API}/Org/([^/]+)(/|$)", call.path)
    if is_alive and (asked is None or asked[1] == str(_org_id(call.account))):
        return None
    return refuse(call, 401, "")


def _org_id(account: Account) -> int:
    return FIRST_ORG + int(account.name.rpartition("-")[2])


def _password(account: Account) -> str:
    return f"{account.key}-password"


def credentials(account: Account) -> Record:
    """The user's name and password, the organisation, and where tokens are given out, below the vendor's prefix."""
    user = {"username": account.key, "password": _password(account), "org_id": _org_id(account)}
    return user | {"login_path": TOKEN}


def settings(account: Account, url: str) -> Record:
    """What tap and target need: the user, the organisation, and the address of the sign-in."""
    given = credentials(account)
    return {"login_url": url + given.pop("login_path"), **given}


def give_token(call: Call) -> Response:
    """The password grant with the client that is the same for everybody (api.i-360.com)."""
    form = call.body if isinstance(call.body, dict) else {}
    options = OPTIONS if call.caller is None else call.caller.options
    error = ""
    if call.headers.get("authorization") != CLIENT:
        error = "invalid_client"
    elif form.get("grant_type") != "password":
        error = "unsupported_grant_type"
    elif call.caller is None or form.get("password") != _password(call.caller):
        error = "invalid_grant"
    elif set(form.get("scope", "").split()) != set(options["scope"].split()):
        error = "invalid_scope"
    if error:
        return answer({"error": error}, 400)
    token, seconds = secrets.token_urlsafe(24), options["token_seconds"]
    _tokens(call.account)[token] = time.time() + seconds
    granted: Record = {"access_token": token, "token_type": "Bearer"}
    return answer(granted | ({"expires_in": int(seconds)} if options["tell_expiry"] else {}))
