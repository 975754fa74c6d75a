"""What people can set about writing to Action Network."""

from __future__ import annotations

from typing import Literal

from osdi_crm_client.settings import setting, settings


@settings
class Settings:
    """What people can set about writing to Action Network."""

    unknown_tags: Literal["create", "reject"] = setting(
        "Unknown tags",
        "What to do with a tag that the group does not have: create it, or reject the record. Action Network"
        " itself would drop it without a word.",
        default="create",
    )
    unknown_custom_fields: Literal["create", "withhold", "reject"] = setting(
        "Unknown Action Network custom fields",
        "What to do with values of people's custom fields that the group does not have: send them, from which Action"
        " Network makes new fields, or drops them, as the group is set; write the person without them; or reject it.",
        default="create",
    )
    identifier_prefix: str | None = setting(
        "Identifier prefix",
        "Send a foreign identifier, made of this prefix and a hash of account, source and key, with each new"
        " donation, outreach, response and action, so that it can be found again when an answer is lost."
        " Identifiers are unique in all of Action Network and can never be removed: choose a prefix of your own.",
        default=None,
    )
    send_identifiers: bool = setting(
        "Send foreign identifiers",
        "Send the foreign identifiers that records carry. They are unique in the whole of Action Network and can"
        " never be removed, so records copied from another group must not bring theirs.",
        default=False,
    )
