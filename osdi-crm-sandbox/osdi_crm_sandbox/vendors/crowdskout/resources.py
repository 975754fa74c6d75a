"""What there is at Crowdskout: the 83 collections of a profile with their fields, and account options.

The fields stand in collections.csv in the documentation's order; one follows the one it depends on. Of their kinds opt,
slug, yes and truth are {"id", "value"} with ids that are numbers, slugs, one of yes, no, unknown, or booleans; opts is
an array of opt; object is open; list is an array of what stands in the table under the field's own name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_sandbox.records import Record, Resource
from osdi_crm_sandbox.vendor import options, table

if TYPE_CHECKING:
    from osdi_crm_sandbox.records import Values

API = "/v1"
TEN_YEARS = 315_360_000
HERE: Record = {"id": 1, "value": "Crowdskout"}

OPTIONS = options(__file__)


def _tables() -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for row in table(__file__, "collections"):
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
