"""What there is at Crowdskout: the 83 collections of a profile with their fields, and account options.

The fields stand in collections.csv in the documentation's order; one follows the one it depends on. Of their kinds opt,
slug, yes and truth are {"id", "value"} with ids that are numbers, slugs, one of yes, no, unknown, or booleans; opts is
an array of opt; object is open; list is an array of what stands in the table under the field's own name.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Record, Resource

if TYPE_CHECKING:
    from osdi_crm_sandbox.vendor import Values

API = "/v1"
TEN_YEARS = 315_360_000
HERE: Record = {"id": 1, "value": "Crowdskout"}

OPTIONS: dict[str, Any] = {
    "errors": "status",  # or "success_false", "messages" (both 200), "text" (no JSON)
    "expires_in_text": False,  # the token's life as a string
    "scan_batch": 1000,
    "scroll_seconds": 3600.0,  # a scroll dies after so many without a request
    "scroll_id_changes": False,  # from batch to batch
    "empty_collections": True,  # False: a collection without items is missing
    "top_level_date": False,  # profiles carry a scalar, `Date`
    "other_spellings": False,  # "Independent Unsubscribes", AttributeID, EventRegistrationType, VotedPrimaryParty
    "put_shows_whole": True,  # False: the answer to an update has only the items touched
    "max_bulk": None,  # profiles in a bulk call
    "bulk_reverses": False,  # bulk answers come in another order
    "dropped": [],  # collections none of whose items is valid
    "drop_empty_profiles": False,  # a bulk create leaves out profiles without a valid item
    "limit_caps": True,  # False: the attributes' `limit` is passed over, as in the published example
    "plural_attributes": False,  # the list of attributes stands at /attributes
    "delete_status": 200,  # of a deleted attribute; or 204
}


def _tables() -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    text = (Path(__file__).parent / "collections.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        tables.setdefault(row["collection"], {})[row["field"]] = row["kind"]
    return tables


TABLES = _tables()
LISTS = {name: TABLES[name] for fields in TABLES.values() for name, kind in fields.items() if kind == "list"}
FIELDS = {name: fields for name, fields in TABLES.items() if name not in LISTS}
COLLECTION_OF = {name: collection for collection, fields in FIELDS.items() for name in fields}
INTERACTIONS = {
    collection: next(name for name in fields if name.endswith("When"))
    for collection, fields in FIELDS.items()
    if next(iter(fields)).endswith("Organization") and collection != "Memberships"
}
"""Collections of what happened, whose items have UUIDs, with the field that says when."""
COMPUTED = ("CrowdskoutScores", "PoliticalOrientationScores")
ANY_OF = {
    "Ages": ("Age", "DateOfBirth"),
    "Names": ("FirstName", "LastName"),
    "PhysicalAddresses": ("Address1", "AddressCity", "AddressPostalCode", "AddressRegion"),
    "Educations": ("EducationInstitution", "EducationLevel", "EducationField", "GraduationYear"),
    "Occupations": ("OccupationTitle", "OccupationEmployer", "OccupationIndustry"),
    "SocialMediaAccounts": ("SocialMediaID", "SocialMediaNickname", "SocialMediaURL"),
    "Votes": ("VotedWhen", "VotedElection"),
}
ALL_OF = {"ExternalIDs": ("ExternalID", "ExternalIDType"), "Attributes": ("AttributeId", "AttributeValue")}
NAME_PARTS = ("NameTitle", "FirstName", "MiddleName", "LastName", "NameSuffix")
ATTRIBUTE_TYPES = ("Radio", "Checkbox", "Text", "Number", "Tag", "Date", "Datetime")
USABLE = ("EmailUsable", "PhoneNumberCallUsable", "PhoneNumberTextUsable", "AddressUsable")
CLOSED = {
    "Gender": ("Male", "Female"),
    "ChildGender": ("Male", "Female"),
    **dict.fromkeys(("EmailContact", "PhoneContact", "AddressContact"), ("Personal", "Professional")),
    **dict.fromkeys(USABLE, ("Usable", "Unusable")),
    "PhoneType": ("Cell", "Home", "Work"),
    "MaritalStatus": ("Single", "Married", "Divorced", "Widowed"),
}
"""Options that writing cannot add to; other fields take new values."""
DEPENDENCIES = {"AddressCity": "AddressRegion"}
YES_NO = ("yes", "no", "unknown")


def _by_option(collection: str, name: str) -> Values:
    return lambda record: [item[name]["value"] for item in record.get(collection, ()) if item.get(name)]


def external_id_key(value: str, kind: str) -> str:
    """An external id and its type as profiles are found by them."""
    return f"{kind.casefold()}\x1f{value}"


CRITERIA: dict[str, Values] = {
    "NameExists": lambda record: ("Yes" if record.get("Names") else "No",),
    "Gender": _by_option("Genders", "Gender"),
    "City": _by_option("PhysicalAddresses", "AddressCity"),
    "State": _by_option("PhysicalAddresses", "AddressRegion"),
}
RESOURCES = {
    "profiles": Resource(
        "_modified",
        {
            **CRITERIA,
            "external_id": lambda record: [
                external_id_key(item["ExternalID"], item["ExternalIDType"]["value"])
                for item in record.get("ExternalIDs", ())
            ],
        },
        "There is no profile {}",
    ),
    "attributes": Resource("_modified", {}, "There is no attribute {}"),
}
