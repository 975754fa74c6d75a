"""What people can set about writing to NationBuilder."""

from __future__ import annotations

from typing import Literal

from osdi_crm_client.settings import setting, settings


@settings
class Settings:
    """What people can set about writing to NationBuilder."""

    write_totals: bool = setting(
        "Write NationBuilder totals",
        "Write the totals, counts and times too that NationBuilder reckons itself, such as what somebody has donated.",
        default=False,
    )
    donor_details: bool = setting(
        "Write NationBuilder donor details",
        "Send the names and the e-mail address that stand on donations. NationBuilder puts them on the donor's"
        " signup, in place of the name that is there.",
        default=False,
    )
    unknown_custom_fields: Literal["reject", "withhold"] = setting(
        "Unknown NationBuilder custom fields",
        "What to do with values of custom fields that the nation does not have, and that nobody but people in its"
        " control panel can make: reject the record, or write it without them, as is the rule with 'model: osdi'.",
        default="reject",
    )
