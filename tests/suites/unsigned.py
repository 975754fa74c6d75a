"""What the SDK's classes of tests are made with before there is an account: settings that reach nobody."""

from __future__ import annotations

from typing import Any

from osdi_crm_client.vendor import vendor

from tests.vendors import VENDORS

CASES = {each.READING.vendor: each.READING for each in VENDORS}


def config(name: str, **more: Any) -> dict[str, Any]:
    """The settings of one vendor, to be completed by those of an account."""
    needed = (*vendor(name).required, *(["nationbuilder_access_token"] if name == "nationbuilder" else []))
    return {"vendor": name, **dict.fromkeys(needed, "1"), **more}
