"""i360, API 2.0: a user's password for tokens of six minutes, one organisation in every path, one call at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import NotSignedIn, Unreachable, VendorError
from osdi_crm_client.tokens import PasswordToken, Tokens, ask
from osdi_crm_client.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

API = "https://api-platform.i-360.com/2.0"
LOGIN = "https://login.i-360.com/core/connect/token"
CLIENT = ("roclient", "secret")
"""The client that every customer signs in with (github.com/i-360/API-Examples)."""
SCOPE = "openid profile sampleApi"
"""As the vendor's examples send it; the landing page api.i-360.com says `openid profile sample`."""
TOKEN_SECONDS = 360.0


def _sign_in(config: Mapping[str, Any]) -> PasswordToken:
    form = {
        "grant_type": "password",
        "username": str(config["i360_username"]),
        "password": str(config["i360_password"]),
        "scope": str(config.get("i360_scope") or SCOPE),
    }

    def get() -> Tokens:
        try:
            answer = ask(
                str(config.get("i360_login_url") or LOGIN),
                form,
                auth=CLIENT,
                timeout=float(config.get("timeout_seconds") or 60),
            )
        except NotSignedIn as error:
            error.check = ("i360_scope",) if error.words == "invalid_scope" else ()
            raise
        except Unreachable as error:
            error.check = ("i360_login_url",)
            raise
        return Tokens.from_answer(answer, TOKEN_SECONDS)

    return PasswordToken(get, lambda refused: refused.status_code == 401)


def _judge(response: requests.Response) -> VendorError | None:
    """Explain a 401 that a new token did not help: the landing page lists what it can mean."""
    if response.status_code != 401:
        return None
    return NotSignedIn(
        "the vendor does not accept the credentials here: the organisation is not the user's, the user"
        " lacks the role 'Generic API', or may not do this (HTTP 401)",
        method=response.request.method or "",
        path=response.request.path_url.partition("?")[0],
        status=401,
        check=("i360_org_id",),
    )


def _words(body: Any) -> str:
    """Return the message and its details, in the form of ASP.NET's errors."""
    if not isinstance(body, dict):
        return ""
    found = {str(name).lower(): value for name, value in body.items()}
    details = found.get("modelstate")
    more = [str(value) for value in details.values()] if isinstance(details, dict) else []
    return " ".join([str(found.get("message") or found.get("error") or ""), *more]).strip()


VENDOR = Vendor(
    name="i360",
    title="i360",
    settings={
        "i360_username": {
            "type": "string",
            "title": "i360 user name",
            "description": "A user of the organisation who has the role 'Generic API'.",
        },
        "i360_password": {
            "type": "string",
            "secret": True,
            "writeOnly": True,
            "title": "i360 password",
            "description": "The user's password.",
        },
        "i360_org_id": {
            "type": ["integer", "string"],
            "pattern": r"^[1-9]\d*$",
            "title": "i360 organisation",
            "description": "The id of the organisation, a number that i360 gave you.",
        },
        "i360_scope": {
            "type": "string",
            "default": SCOPE,
            "title": "i360 scope",
            "description": "What the token is asked for; another page of i360's says 'openid profile sample'.",
        },
        "i360_api_url": {
            "type": "string",
            "default": API,
            "title": "i360 API address",
            "description": "Where the API lives, without the organisation; i360 gives you the address of its sandbox.",
        },
        "i360_login_url": {
            "type": "string",
            "default": LOGIN,
            "title": "i360 token address",
            "description": "Where tokens are given.",
        },
    },
    required=("i360_username", "i360_password", "i360_org_id"),
    credentials=("i360_username", "i360_password"),
    address=("i360_api_url",),
    base_url=lambda config: f"{str(config.get('i360_api_url') or API).rstrip('/')}/Org/{config['i360_org_id']}",
    account=lambda config: str(config["i360_org_id"]),
    sign_in=_sign_in,
    calls_per_second=None,
    in_flight=1,
    index_lag=300.0,
    words=_words,
    judge=_judge,
    headers={"Accept": "application/json"},
    check=("Volunteers/Search", {}),
)
