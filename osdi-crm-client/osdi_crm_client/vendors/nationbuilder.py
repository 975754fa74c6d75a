"""NationBuilder, API v2: a token of 24 hours or a pair that rotates, 250 calls in 10 seconds, a proxy in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from osdi_crm_client import errors
from osdi_crm_client.signing import Signer
from osdi_crm_client.tokens import CodeGrant, RotatingToken
from osdi_crm_client.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

_API = "/api/v2"


def _base_url(config: Mapping[str, Any]) -> str:
    """The nation's own host (support.nationbuilder.com, "QuickStart guide")."""
    return str(
        config.get("nationbuilder_api_url") or f"https://{config['nationbuilder_slug']}.nationbuilder.com{_API}"
    ).rstrip("/")


def _oauth(config: Mapping[str, Any], page: str) -> str:
    return f"{_base_url(config).removesuffix(_API)}/oauth/{page}"


GRANT = CodeGrant(
    authorize_url=lambda config: _oauth(config, "authorize"),
    token_url=lambda config: _oauth(config, "token"),
    seconds=86400,
)


def _is_web_page(response: requests.Response) -> bool:
    """Whether Cloudflare, which stands in front, answered instead of the API, whose answers are all JSON."""
    kind = response.headers.get("Content-Type", "")
    return "cf-mitigated" in response.headers or bool(response.content and "json" not in kind)


def _code(response: requests.Response) -> str:
    """The code of an error, which stands in the answer or in its `data`."""
    body = {} if _is_web_page(response) else response.json()
    if not isinstance(body, dict):
        return ""
    inner = body.get("data")
    return str(body.get("code") or (inner.get("code") if isinstance(inner, dict) else None) or "")


def _words(body: Any) -> str:
    """The message, or the details of every error (jsonapi.org/format/#errors)."""
    if not isinstance(body, dict):
        return ""
    details = [
        str(error.get("detail") or error.get("title") or "")
        for error in body.get("errors") or ()
        if isinstance(error, dict)
    ]
    inner = body.get("data")
    message = body.get("message") or (inner.get("message") if isinstance(inner, dict) else None) or ""
    return "; ".join(details or [str(message), *map(str, body.get("validation_errors") or ())])


_REFUSED_TOKENS = {
    "token_upgrade_required": "the token is one of API v1, which API v2 does not accept; sign in with"
    " osdi-crm-sign-in, or put it once into 'nationbuilder_refresh_token', which exchanges it",
    "token_expired": "the access token has run out, and nothing in the settings renews it; make a new test token, or"
    " sign in with osdi-crm-sign-in",
}
_REVOKED = (
    "the vendor does not accept the credentials: the token is wrong or revoked, or its owner may not use the API; make"
    " a new test token, or sign in anew with osdi-crm-sign-in"
)


def _judge(response: requests.Response) -> errors.VendorError | None:
    """Tell web pages and the kinds of refused tokens from other answers.

    A page that holds a call back (403, 429, 503) shows that NationBuilder never got it; behind any other it may have.
    """
    status = response.status_code
    call: dict[str, Any] = {
        "method": response.request.method or "",
        "path": urlsplit(response.url).path,
        "status": status,
    }
    if _is_web_page(response):
        kind = errors.Unavailable if 400 <= status < 500 or status == 503 else errors.Fault
        return kind(
            f"a web page came instead of an answer (HTTP {status}), of the proxy in front or of no nation", **call
        )
    if status == 401:
        return errors.NotSignedIn(_REFUSED_TOKENS.get(_code(response), _REVOKED), **call)
    if status == 200 and call["method"] == "GET" and not {"data", "status"}.intersection(response.json()):
        return errors.Garbled("the answer holds no data", **call)
    return None


def _sign_in(config: Mapping[str, Any]) -> Signer:
    if config.get("nationbuilder_client_id"):
        return RotatingToken(config, GRANT, lambda refused: _code(refused) == "token_expired")
    if token := config.get("nationbuilder_access_token"):
        return Signer.bearer(token)
    raise errors.ConfigurationError(
        "There is nothing to sign in with: set 'nationbuilder_access_token' to a test token, or set"
        " 'nationbuilder_client_id' and 'nationbuilder_client_secret' to those of an app and run osdi-crm-sign-in."
    )


VENDOR = Vendor(
    name="nationbuilder",
    title="NationBuilder",
    settings={
        "nationbuilder_slug": {
            "type": "string",
            "title": "NationBuilder slug",
            "description": "The nation's name in its address, <slug>.nationbuilder.com.",
        },
        "nationbuilder_access_token": {
            "type": "string",
            "secret": True,
            "writeOnly": True,
            "title": "NationBuilder test token",
            "description": "A token that works for 24 hours, to try things out: in NationBuilder, Settings → Developer "
            "→ API token. Not used where an app is set.",
        },
        "nationbuilder_client_id": {
            "type": "string",
            "title": "NationBuilder app's id",
            "description": "The client id of the app that NationBuilder knows.",
        },
        "nationbuilder_client_secret": {
            "type": "string",
            "secret": True,
            "writeOnly": True,
            "title": "NationBuilder app's secret",
            "description": "The client secret of that app.",
        },
        "nationbuilder_refresh_token": {
            "type": "string",
            "secret": True,
            "writeOnly": True,
            "title": "NationBuilder refresh token",
            "description": "What the first access token is got with, once; the tokens that follow are in the token "
            "store. Not needed after osdi-crm-sign-in.",
        },
        "nationbuilder_api_url": {
            "type": "string",
            "title": "NationBuilder API address",
            "description": "Where the API lives, instead of at the nation's own address; the sandbox prints its own.",
        },
    },
    required=("nationbuilder_slug",),
    credentials=("nationbuilder_client_id", "nationbuilder_client_secret", "nationbuilder_access_token"),
    address=("nationbuilder_api_url", "nationbuilder_slug"),
    base_url=_base_url,
    account=lambda config: str(config["nationbuilder_slug"]),
    sign_in=_sign_in,
    calls_per_second=24.4,
    in_flight=16,
    index_lag=5.0,
    words=_words,
    judge=_judge,
    headers={"Accept": "application/vnd.api+json", "Content-Type": "application/vnd.api+json"},
    check=("signups/me", {}),
    code_grant=GRANT,
)
