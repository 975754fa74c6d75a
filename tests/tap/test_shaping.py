"""A record comes out as its schema says, and nothing of it is lost."""

from __future__ import annotations

from typing import Any

import jsonschema
import osdi_crm_schemas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osdi_crm_client.times import utc
from osdi_crm_client.wire import RawRow
from tap_osdi_crm.shaping import Shape

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
STREAMS = [(vendor, stream) for vendor in osdi_crm_schemas.vendors() for stream in osdi_crm_schemas.streams(vendor)]


def shape(vendor: str, stream: str) -> tuple[Shape, dict[str, Any]]:
    schema = osdi_crm_schemas.schema(vendor, stream)
    return Shape(stream, schema, frozenset({"_links"}), lambda _row, _link: None), schema


def top_level(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema's promise on top-level values: type and time format; a key may be missing."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {
                "type": sorted({*([p["type"]] if isinstance(p["type"], str) else p["type"]), "null"}),
                **({"format": "date-time"} if p.get("format") == "date-time" else {}),
            }
            for name, p in schema["properties"].items()
        },
    }


@pytest.mark.parametrize(("vendor", "stream"), STREAMS)
def test_whatever_a_vendor_sends_the_types_of_the_schema_hold_and_nothing_is_lost(vendor: str, stream: str) -> None:
    shaped, schema = shape(vendor, stream)
    names = [p.get("x-vendor-name", name) for name, p in schema["properties"].items() if name != "additional_fields"]
    check = jsonschema.Draft202012Validator(
        top_level(schema), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )

    @settings(deadline=None, max_examples=15)
    @given(st.dictionaries(st.sampled_from(names) | st.text(min_size=1), JSON, max_size=8))
    def holds(row: dict[str, Any]) -> None:
        record = shaped(RawRow(dict(row)))
        check.validate(record)
        kept = record.get("additional_fields") or {}
        for name, value in row.items():
            if name in {"_links", "additional_fields"} or value is None:
                continue
            own = next((k for k, p in schema["properties"].items() if p.get("x-vendor-name", k) == name), None)
            assert (own and record.get(own) is not None) or name in kept or own in kept

    holds()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00-08:00", "2024-01-01T08:00:00Z"),
        ("2024-01-01T00:00:00.250+00:00", "2024-01-01T00:00:00.250000Z"),
        ("2024-01-01T00:00:00+00", "2024-01-01T00:00:00Z"),
        ("2024-01-01 05:00:00", "2024-01-01T05:00:00Z"),
        ("2024-01-01", "2024-01-01T00:00:00Z"),
        ("yesterday", None),
        ("", None),
        ("0001-01-01T00:00:00+10:00", None),
    ],
)
def test_times_leave_in_utc(text: str, expected: str | None) -> None:
    assert utc(text) == expected


def test_a_link_stands_in_for_a_missing_key() -> None:
    schema = osdi_crm_schemas.schema("action_network", "signatures")
    shaped = Shape("signatures", schema, frozenset({"_links"}), lambda row, link: row["_links"].get(link))

    assert shaped(RawRow({"_links": {"osdi:person": "P1"}}))["person_id"] == "P1"
    given_both = RawRow({"action_network:person_id": "P2", "_links": {"osdi:person": "P1"}})
    assert shaped(given_both)["person_id"] == "P2"


def test_a_field_nobody_knows_is_logged_once_by_name_and_never_by_value(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    shaped, _ = shape("action_network", "people")
    shaped(RawRow({"favourite_colour": "ultramarine"}))
    shaped(RawRow({"favourite_colour": "teal"}))

    assert caplog.text.count("favourite_colour") == 1
    assert "ultramarine" not in caplog.text


def test_times_inside_objects_and_lists_are_in_utc_too() -> None:
    shaped, _ = shape("crowdskout", "profiles")
    record = shaped(
        RawRow(
            {
                "id": 1,
                "Notes": [{"id": 1, "NoteWhen": "2026-03-01T10:00:00+02"}, {"id": 2, "NoteWhen": "soon"}, None],
                "EmailSends": [{"id": "a", "EmailSendOpens": [{"when": "2026-03-01T10:00:00.000Z"}]}],
            }
        )
    )

    assert [note and note["NoteWhen"] for note in record["Notes"]] == ["2026-03-01T08:00:00Z", "soon", None]
    assert record["EmailSends"][0]["EmailSendOpens"] == [{"when": "2026-03-01T10:00:00Z"}]


@pytest.mark.parametrize("text", ["0000-00-00T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01T25:00:00Z"])
def test_what_only_looks_like_a_time_is_none(text: str) -> None:
    assert utc(text) is None


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1_000.0"])
def test_what_no_json_number_is_stays_text(text: str) -> None:
    shaped = Shape("any", {"properties": {"n": {"type": ["null", "number"]}}}, frozenset(), lambda _row, _link: None)

    assert shaped(RawRow({"n": text})) == {"n": None, "additional_fields": {"n": text}}
