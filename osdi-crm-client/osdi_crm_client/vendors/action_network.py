"""Action Network, API v2: one key per list, 4 calls a second, errors as `{"error": …}`."""

from __future__ import annotations

from typing import Any

from osdi_crm_client.signing import Signer
from osdi_crm_client.vendor import Vendor


def _words(body: Any) -> str:
    return str(body.get("error", "")) if isinstance(body, dict) else ""


VENDOR = Vendor(
    name="action_network",
    title="Action Network",
    settings={
        "action_network_api_token": {
            "type": "string",
            "secret": True,
            "writeOnly": True,
            "title": "Action Network API key",
            "description": "The key of the group or list: in Action Network, Start Organizing → API & Sync.",
        },
        "action_network_api_url": {
            "type": "string",
            "default": "https://actionnetwork.org/api/v2",
            "title": "Action Network API address",
            "description": "Where the API lives; at the sandbox http://127.0.0.1:8765/action_network/api/v2.",
        },
    },
    required=("action_network_api_token",),
    credentials=("action_network_api_token",),
    address=("action_network_api_url",),
    base_url=lambda config: str(config.get("action_network_api_url") or "https://actionnetwork.org/api/v2"),
    account=lambda _: None,
    sign_in=lambda config: Signer("OSDI-API-Token", config["action_network_api_token"]),
    calls_per_second=3.8,
    in_flight=4,
    index_lag=5.0,
    words=_words,
    headers={"Accept": "application/hal+json, application/json"},
    check=("people", {"per_page": 1}),
)
