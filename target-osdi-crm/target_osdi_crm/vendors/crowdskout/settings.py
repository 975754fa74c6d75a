"""What people can set about writing to Crowdskout."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, dict[str, Any]] = {
    "crowdskout_external_id_type": {
        "type": "string",
        "title": "Crowdskout external ID type",
        "description": "The type of external ID under which each profile carries the record's 'external_id', or "
        "else its 'id': by it profiles are found again. That a type which the account lacks is made is assumed.",
    },
    "crowdskout_profiles_per_call": {
        "type": "integer",
        "default": 1,
        "title": "Crowdskout profiles per call",
        "description": "How many new profiles travel in one call; no limit is documented. Only those with an "
        "external ID do, by which the answers are told apart, whatever their order.",
    },
}
