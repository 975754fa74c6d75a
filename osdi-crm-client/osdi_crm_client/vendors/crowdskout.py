"""Crowdskout, API v1: a token that lasts ten years, every answer in an envelope that may say no with a 200."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Garbled, Refused, VendorError
from osdi_crm_client.signing import Signer
from osdi_crm_client.vendor import Vendor

if TYPE_CHECKING:
    import requests

API = "https://api.crowdskout.com/v1"


def _judge(response: requests.Response) -> VendorError | None:
    """Find the refusals among good statuses: `success` is false, or there are messages in the place of data."""
    if response.status_code >= 300 or not response.content:
        return None
    method, path = response.request.method or "", response.request.path_url.partition("?")[0]
    body = response.json()
    if isinstance(body, dict) and (body.get("success") is False or (body.get("messages") and not body.get("data"))):
        return Refused("the vendor refused", method=method, path=path, status=response.status_code, words=_words(body))
    if not isinstance(body, dict) or "data" not in body:
        return Garbled("the answer has no envelope", method=method, path=path)
    return None


def _words(body: Any) -> str:
    found = body.get("messages") or body.get("error_description") or () if isinstance(body, dict) else ()
    return "; ".join(str(words) for words in (found if isinstance(found, list) else [found]))


VENDOR = Vendor(
    name="crowdskout",
    title="Crowdskout",
    settings={
        "crowdskout_access_token": {
            "type": "string",
            "secret": True,
            "writeOnly": True,
            "title": "Crowdskout access token",
            "description": "The token that a user of the account got by signing in; it lasts ten years.",
        },
        "crowdskout_api_url": {
            "type": "string",
            "default": API,
            "title": "Crowdskout API address",
            "description": "Where the API lives.",
        },
        "crowdskout_in_flight": {
            "type": ["integer", "string"],
            "pattern": r"^[1-9]\d*$",
            "default": 4,
            "title": "Crowdskout calls at a time",
            "description": "How many calls may be under way at a time; Crowdskout documents no limit.",
        },
    },
    required=("crowdskout_access_token",),
    credentials=("crowdskout_access_token",),
    address=("crowdskout_api_url",),
    base_url=lambda config: str(config.get("crowdskout_api_url") or API),
    account=lambda _: None,
    sign_in=lambda config: Signer.bearer(str(config["crowdskout_access_token"])),
    calls_per_second=None,
    in_flight=4,
    index_lag=5.0,
    words=_words,
    judge=_judge,
    headers={"Accept": "application/json"},
    check=("attribute", {"limit": 1}),
)
