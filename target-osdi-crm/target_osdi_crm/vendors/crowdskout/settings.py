"""What people can set about writing to Crowdskout."""

from __future__ import annotations

from osdi_crm_client.settings import setting, settings


@settings
class Settings:
    """What people can set about writing to Crowdskout."""

    external_id_type: str | None = setting(
        "Crowdskout external ID type",
        "The type of external ID under which each profile carries the record's 'external_id', or else its 'id': by"
        " it profiles are found again. That a type which the account lacks is made is assumed.",
        default=None,
    )
    profiles_per_call: int = setting(
        "Crowdskout profiles per call",
        "How many new profiles travel in one call; no limit is documented. Only those with an external ID do, by"
        " which the answers are told apart, whatever their order.",
        default=1,
        minimum=1,
        maximum=1000,
    )
