"""What people can set about writing to Action Network."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, dict[str, Any]] = {
    "action_network_unknown_tags": {
        "type": "string",
        "enum": ["create", "reject"],
        "default": "create",
        "title": "Unknown tags",
        "description": "What to do with a tag that the group does not have: create it, or reject the record. "
        "Action Network itself would drop it without a word.",
    },
    "action_network_identifier_prefix": {
        "type": "string",
        "title": "Identifier prefix",
        "description": "Send a foreign identifier, made of this prefix and a hash of account, source and key, with "
        "each new donation, outreach, response and action, so that it can be found again when an answer is lost. "
        "Identifiers are unique in all of Action Network and can never be removed: choose a prefix of your own.",
    },
    "action_network_send_identifiers": {
        "type": "boolean",
        "default": False,
        "title": "Send foreign identifiers",
        "description": "Send the foreign identifiers that records carry. They are unique in the whole of Action "
        "Network and can never be removed, so records copied from another group must not bring theirs.",
    },
}
