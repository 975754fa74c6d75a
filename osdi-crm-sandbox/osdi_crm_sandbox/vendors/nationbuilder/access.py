"""Who calls: OAuth pages, tokens and their lives, headers, and the limits per token and per address.

NationBuilder's API authentication guide (support.nationbuilder.com, articles 9903805, 9559128 and 9869235) and rate
limit policy (nationbuilder.com/rate_limit_policy).
"""

from __future__ import annotations

import base64
import hashlib
import math
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from osdi_crm_sandbox.limits import Limit, limit
from osdi_crm_sandbox.vendor import Call, answer
from osdi_crm_sandbox.vendors.nationbuilder.errors import CODES, JSON_API
from osdi_crm_sandbox.vendors.nationbuilder.resources import API

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

DOCUMENTED = 250, 10.0
"""Calls in so many seconds, by the rate limit policy."""
MEDIA_TYPES = ("application/json", JSON_API)


def credentials(account: Account) -> Record:
    """What a client needs: the app's, the registered callback, and a first pair of tokens; the key is a test token."""
    return {
        "slug": account.name.replace("_", "-"),
        "client_id": f"{account.key}-client",
        "client_secret": f"{account.key}-secret",
        "redirect_uri": account.options["redirect_uri"],
        "access_token": f"{account.key}-access",
        "refresh_token": f"{account.key}-refresh",
        "legacy_token": f"{account.key}-v1",
    }


def first_tokens(account: Account) -> None:
    """The tokens of a new account."""
    token(account, {"id": account.key, "kind": "test"})
    given = credentials(account)
    token(account, {"id": given["access_token"], "kind": "oauth", "refresh_token": given["refresh_token"]})
    token(account, {"id": given["legacy_token"], "kind": "v1"})


def token(account: Account, given: Record) -> str:
    """A token as the control API shows it; its id is the access token."""
    kind = given.get("kind", "oauth")
    lives = {"oauth": account.options["access_token_seconds"], "test": account.options["test_token_seconds"]}
    record = {
        "id": secrets.token_urlsafe(32),
        "kind": kind,
        "refresh_token": secrets.token_urlsafe(32) if kind == "oauth" else None,
        "created_at": int(time.time()),
        "expires_in": lives.get(kind),
        **given,
        "updated_at": time.time_ns(),
    }
    account.tables["tokens"].put(record["id"], record)
    return str(record["id"])


# Calls


def _token(call: Call) -> str | None:
    return None if call.path.startswith("/oauth/") else call.bearer or call.query.get("access_token")


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the access token; OAuth calls by the app's id."""
    if call.path.startswith("/oauth/"):
        client = str((call.given or call.query).get("client_id"))
        return accounts.get(client.removesuffix("-client")) if client.endswith("-client") else None
    token = _token(call)
    return next((one for one in accounts.values() if token in one.tables["tokens"].records), None)


def check(call: Call) -> Response | None:
    """Refuses tokens that are over and calls without both headers."""
    token = _token(call)
    if token is None:
        return None
    record = call.account.tables["tokens"].records[token]
    if record["kind"] == "v1":
        return _unauthorized(call, "token_upgrade_required", "This token must be upgraded to be used with API v2")
    if time.time() >= record["created_at"] + record["expires_in"]:
        return _unauthorized(call, "token_expired", "The access token has expired")
    if call.path.removeprefix(f"{API}/").partition("/")[0] in call.account.options["barred"]:
        return _unauthorized(call, "unauthorized", "You are not authorized to perform this action")
    for header in ("accept", "content-type"):
        given = [part.partition(";")[0].strip().lower() for part in call.headers.get(header, "").split(",")]
        if not any(media_type in MEDIA_TYPES for media_type in given):
            words = "Set both Accept and Content-Type to application/json or application/vnd.api+json"
            return answer({"code": CODES[406], "message": words}, 406)
    return None


def _unauthorized(call: Call, code: str, message: str) -> Response:
    content: Record = {"code": code, "message": message}
    if call.account.options["wrapped_errors"]:
        content = {"statusCode": 401, "data": content}
    return answer(content, 401)


def refuse(call: Call, status: int, words: str) -> Response:
    """{"code", "message"}; 429 has no code; OAuth calls have {"error", "error_description"}."""
    if call.path.startswith("/oauth/"):
        if status == 401:
            return _oauth_error(401, "invalid_client", "Client authentication failed")
        return _oauth_error(status, "invalid_request", words)
    if status == 405:
        status, words = 404, "Not found"
    if status == 429:
        return answer({"message": "Rate limit exceeded"}, 429, headers={"Retry-After": str(_retry_after(call))})
    return answer({"code": CODES.get(status, "server_error"), "message": words}, status)


def challenge(status: int) -> Response:
    """The page of the proxy in front."""
    if status == 403:
        page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
        page += "<script>window._cf_chl_opt={cvId:'3',cType:'managed'};</script></body></html>"
        return Response(page, 403, {"cf-mitigated": "challenge", "server": "cloudflare"}, "text/html")
    page = f'<!DOCTYPE html><html><body><div id="cf-error-details">Error {status}</div></body></html>'
    return Response(page, status, {"server": "cloudflare"}, "text/html")


# Limits


def limits(call: Call) -> list[Limit]:
    """The token's and the address's; each is counted by itself."""
    account, found = call.account, []
    token = _token(call)
    if account.limit and token:
        found.append(_counter(account, "token_limits", account.options["rate"], token))
    shared = account.options["address_rate"]
    if shared:
        same = (one for one in account.neighbours.values() if one.options["address_rate"] == shared)
        leader = next(same, account)
        found.append(_counter(leader, "address_limits", leader.options["address_rate"], call.address))
    return found


def _counter(account: Account, name: str, rate: Any, who: str) -> Limit:
    """The counter of a token or an address, a new one when the rate was changed."""
    of, counters = account.state.get(name, (None, {}))
    if of is not rate:
        account.state[name] = rate, (counters := {})
    if who not in counters:
        counters[who] = limit(rate)
    counter: Limit = counters[who]
    return counter


def _remaining(counter: Limit) -> int:
    return counter.calls - counter.used(time.time())


def _retry_after(call: Call) -> int:
    now = time.time()
    return max([1, *(math.ceil(one.resets_in(now)) for one in limits(call) if _remaining(one) <= 0)])


def decorate(call: Call) -> Mapping[str, str]:
    """The headers of the limit that is nearer; where the account has none, of the documented one, hardly used."""
    now = time.time()
    nearest = min(limits(call), key=_remaining, default=Limit(*DOCUMENTED, slides=False))
    values = {
        "Limit": nearest.calls,
        "Remaining": _remaining(nearest),
        "Reset": math.ceil(now + nearest.resets_in(now)),
    }
    return {f"{call.account.options['rate_headers']}-{name}": str(value) for name, value in values.items()}


# OAuth


def _oauth_error(status: int, error: str, description: str) -> Response:
    return answer({"error": error, "error_description": description}, status)


def authorize(call: Call) -> Response:
    """The page on which an admin lets an app in, as if the button were pressed at once."""
    query, account = call.query, call.caller
    if account is None:
        return PlainTextResponse("Client authentication failed due to unknown client.", 401)
    target = query.get("redirect_uri", "")
    if target != account.options["redirect_uri"]:
        return PlainTextResponse("The requested redirect uri doesn't match client redirect URI.", 400)
    if query.get("response_type") != "code":
        given = {"error": "unsupported_response_type"}
    elif account.options["refuse_authorization"]:
        given = {"error": "access_denied", "error_description": "The resource owner denied the request."}
    else:
        code, until = secrets.token_urlsafe(32), time.time() + account.options["code_seconds"]
        challenged = query.get("code_challenge"), query.get("code_challenge_method", "plain")
        account.state.setdefault("codes", {})[code] = until, *challenged
        given = {"code": code, "nation": credentials(account)["slug"]}
    if "state" in query:
        given["state"] = query["state"]
    return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(given)}", 302)


def grant(call: Call) -> Response:
    """POST /oauth/token."""
    body, account = call.given, call.caller
    if not body:
        return _oauth_error(400, "invalid_request", "The request is missing a required parameter: grant_type")
    if account is None or body.get("client_secret") != credentials(account)["client_secret"]:
        return _oauth_error(401, "invalid_client", "Client authentication failed")
    if body.get("grant_type") == "authorization_code":
        return _exchange(account, body)
    if body.get("grant_type") == "refresh_token":
        return _refresh(account, body)
    return _oauth_error(400, "unsupported_grant_type", "The authorization grant type is not supported")


def _exchange(account: Account, body: Record) -> Response:
    until, challenge, method = account.state.get("codes", {}).pop(str(body.get("code")), (0.0, None, ""))
    verifier = str(body.get("code_verifier"))
    if method == "S256":
        verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    is_verified = challenge is None or secrets.compare_digest(verifier, challenge)
    if body.get("redirect_uri") != account.options["redirect_uri"] or time.time() >= until or not is_verified:
        return _invalid_grant("code", body.get("code"))
    return _pair(account)


def _refresh(account: Account, body: Record) -> Response:
    """A new pair; the refresh token sent is over. A token of v1 may be exchanged so, once."""
    tokens, given = account.tables["tokens"], body.get("refresh_token")
    if not isinstance(given, str):
        return _oauth_error(400, "invalid_request", "The request is missing a required parameter: refresh_token")
    for key in tokens.find("refresh_token", given):
        tokens.merge(key, {"refresh_token": None})
        return _pair(account)
    if tokens.records.get(given, {}).get("kind") == "v1":
        tokens.delete(given)
        return _pair(account)
    return _invalid_grant("refresh token", given)


def _invalid_grant(what: str, given: Any) -> Response:
    words = f"The provided {what} {given} is invalid, expired, revoked, or was issued to another client."
    return _oauth_error(400, "invalid_grant", words)


def _pair(account: Account) -> Response:
    record = account.tables["tokens"].records[token(account, {})]
    told = {name: record[name] for name in ("expires_in", "refresh_token", "created_at")}
    return answer({"access_token": record["id"], "token_type": "Bearer", "scope": "default", **told})
