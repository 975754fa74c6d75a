"""What people can set about writing to NationBuilder."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, dict[str, Any]] = {
    "nationbuilder_write_totals": {
        "type": "boolean",
        "default": False,
        "title": "Write NationBuilder totals",
        "description": "Write the totals, counts and times too that NationBuilder reckons itself, such as what "
        "somebody has donated.",
    },
    "nationbuilder_donor_details": {
        "type": "boolean",
        "default": False,
        "title": "Write NationBuilder donor details",
        "description": "Send the names and the e-mail address that stand on donations. NationBuilder puts them on "
        "the donor's signup, in place of the name that is there.",
    },
    "nationbuilder_unknown_custom_fields": {
        "type": "string",
        "enum": ["reject", "withhold"],
        "default": "reject",
        "title": "Unknown NationBuilder custom fields",
        "description": "What to do with values of custom fields that the nation does not have, and that nobody but "
        "people in its control panel can make: reject the record, or write it without them.",
    },
}
