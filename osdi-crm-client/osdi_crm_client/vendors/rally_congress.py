"""Rally Congress, API v3: HTTP Basic, one call at a time, JSON that is not always UTF-8."""

from __future__ import annotations

import codecs
import json
from typing import Any

import msgspec

from osdi_crm_client.signing import Signer
from osdi_crm_client.vendor import Vendor

API = "https://api.rallycongress.net/v3"


def _as_windows_bytes(error: UnicodeError) -> tuple[str, int]:
    """Read what is not UTF-8 as Windows-1252, and what is not that either as Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    found = error.object[error.start : error.end]
    try:
        return found.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return found.decode("latin-1"), error.end


codecs.register_error("as_windows_bytes", _as_windows_bytes)


def _decode(content: bytes) -> Any:
    """Decode JSON in any of the vendor's encodings, with control characters in its strings, after a mark or not."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return msgspec.json.decode(content)
    except ValueError:
        return json.loads(content.decode("utf-8", "as_windows_bytes"), strict=False)


def _words(body: Any) -> str:
    """Return the messages of an error, wherever they stand (github.com/swt83/php-rallycongress reads the first)."""
    if isinstance(body, dict) and isinstance(body.get("response"), dict):
        body = body["response"]
    if not isinstance(body, dict):
        return ""
    found = body.get("errors") or body.get("error") or body.get("message") or ()
    return "; ".join(str(words) for words in (found if isinstance(found, list) else [found]))


VENDOR = Vendor(
    name="rally_congress",
    title="Rally Congress",
    settings={
        "rally_congress_account_id": {
            "type": "string",
            "title": "Rally Congress account ID",
            "description": "The Account ID: in the control panel, Account Settings → API.",
        },
        "rally_congress_auth_token": {
            "type": "string",
            "secret": True,
            "writeOnly": True,
            "title": "Rally Congress auth token",
            "description": "The Auth Token that stands beside the Account ID.",
        },
        "rally_congress_api_url": {
            "type": "string",
            "default": API,
            "title": "Rally Congress API address",
            "description": "Where the API lives.",
        },
    },
    required=("rally_congress_account_id", "rally_congress_auth_token"),
    credentials=("rally_congress_account_id", "rally_congress_auth_token"),
    address=("rally_congress_api_url",),
    base_url=lambda config: str(config.get("rally_congress_api_url") or API),
    account=lambda config: str(config["rally_congress_account_id"]),
    sign_in=lambda config: Signer.basic(
        str(config["rally_congress_account_id"]), str(config["rally_congress_auth_token"])
    ),
    calls_per_second=None,
    in_flight=1,
    index_lag=5.0,
    words=_words,
    decode=_decode,
    headers={"Accept": "application/json"},
    check=("campaigns", {"pagesize": 1}),
)
