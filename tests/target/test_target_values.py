"""The border of values: what a value of an incoming record is, by the type its schema asks for."""

from __future__ import annotations

import json
import re
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from osdi_crm_schemas import schema, streams, vendors
from target_osdi_crm.intake.values import Fitting, fit, is_blank, key, text_of
from target_osdi_crm.rejects import Rejection

TEXT = {"type": ["null", "string"]}
INTEGER = {"type": ["null", "integer"]}
NUMBER = {"type": ["null", "number"]}
FLAG = {"type": ["null", "boolean"]}
TIME = {"type": ["null", "string"], "format": "date-time"}
DATE = {"type": ["null", "string"], "format": "date"}
WALL_CLOCK = {"type": ["null", "string"], "x-wall-clock": True}
OWN_DATE = {"type": ["null", "string"], "x-date": True}
ID = {"type": ["null", "string"], "x-id": True}
LIST = {"type": ["null", "array"], "items": TEXT}
OBJECT = {"type": ["null", "object"], "properties": {"zip": TEXT, "lat": NUMBER, "own": {"readOnly": True}}}
ANY: dict[str, Any] = {}
NO_TIMES: tuple[Any, ...] = (
    *(1710121212, Decimal("1710121212.0"), True, "1710121212345", "20260301", "2026-W10-7", "March 1, 2026"),
    *("2026-02-30", "12026-03-01", "26-03-01", "2026-03-01T25:00:00", "2026-03-01T10:00:00+99:00"),
)
LEAVES_THE_CALENDAR = ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00")
NOTHING = ("None", "null", "NULL", "nan", "NaN", "NaT", "<NA>", "undefined", " None ")
ALL = (TEXT, INTEGER, NUMBER, FLAG, TIME, DATE, WALL_CLOCK, OWN_DATE, ID, LIST, OBJECT, ANY)


@pytest.mark.parametrize("schema", ALL, ids=str)
@pytest.mark.parametrize("blank", [None, "", " ", "\t\n", "\u00a0"])
def test_what_is_blank_is_not_given(schema: dict[str, Any], blank: Any) -> None:
    assert is_blank(blank)
    assert fit("x", blank, schema) is None


@pytest.mark.parametrize(
    ("schema", "value", "fitted"),
    [
        (TEXT, "  as it is ", "  as it is "),
        (TEXT, 17, "17"),
        (TEXT, 17.0, "17"),
        (TEXT, Decimal("17.00"), "17"),
        (TEXT, Decimal("2025550123.0"), "2025550123"),
        (TEXT, Decimal("2.50"), "2.50"),
        (TEXT, "17.0", "17.0"),
        (TEXT, "12e4567890", "12e4567890"),
        (TEXT, "9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59-05:00"),
        (TEXT, Decimal("1e99999999"), "1E+99999999"),
        (TEXT, "a\ud83d", "a\ufffd"),
        (TEXT, "a\x00\x1bb\tc\n", "a\ufffd\ufffdb\tc\n"),
        (INTEGER, "25", 25),
        (INTEGER, " 25.0 ", 25),
        (INTEGER, Decimal("25.00"), 25),
        (NUMBER, "12.5", 12.5),
        (NUMBER, Decimal("12.50"), 12.5),
        (NUMBER, 12, 12),
        *((FLAG, word, True) for word in ("t", "Y", "yes", "ON", "1", "True", 1, 1.0, Decimal("1.0"), True)),
        *((FLAG, word, False) for word in ("f", "N", "no", "Off", "0", "FALSE", 0, 0.0, Decimal("0.0"), False)),
        (TIME, "2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00Z"),
        (TIME, "2026-03-01 10:00:00.25Z", "2026-03-01T10:00:00Z"),
        (TIME, "2026-03-01T10:00", "2026-03-01T10:00:00Z"),
        (TIME, "2026-03-01", "2026-03-01T00:00:00Z"),
        (TIME, "0099-03-01T00:00:00z", "0099-03-01T00:00:00Z"),
        (DATE, "2026-03-01", "2026-03-01"),
        (DATE, "2026-03-01T23:00:00-05:00", "2026-03-01"),
        (WALL_CLOCK, "2026-07-04T18:00:00-04:00", "2026-07-04T18:00:00Z"),
        (WALL_CLOCK, "2026-07-04 18:00", "2026-07-04T18:00:00Z"),
        *((OWN_DATE, value, value) for value in ("3/1/1990", "March 1, 1990", "1990-03-01")),
        *((ID, value, "17") for value in (17, 17.0, Decimal("17.00"), "17", "17.0")),
        (ID, "017", "017"),
        *((ID, nothing, None) for nothing in NOTHING),
        (LIST, ["a", None, " ", 5.0], ["a", "5"]),
        (LIST, '["a", "b"]', ["a", "b"]),
        (LIST, [None, ""], None),
        (
            OBJECT,
            {"zip": 62701.0, "lat": "1.5", "own": 1, "more": {"a": "", "b": 2.0}},
            {"zip": "62701", "lat": 1.5, "more": {"b": 2}},
        ),
        (OBJECT, '{"zip": 62701}', {"zip": "62701"}),
        (OBJECT, {"zip": " ", "lat": None}, None),
        (ANY, True, True),
        (ANY, [1, ""], [1]),
        (ANY, Decimal("2.0"), 2),
    ],
)
def test_a_value_is_made_what_its_schema_wants(schema: dict[str, Any], value: Any, fitted: Any) -> None:
    found = fit("x", value, schema)

    assert (found, type(found)) == (fitted, type(fitted))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        *((TEXT, value) for value in (True, ["a"], {"a": 1})),
        *((INTEGER, value) for value in ("1.5", 1.5, "x", True, Decimal("1e99999999"), "1e9999")),
        *((NUMBER, value) for value in ("x", False, Decimal("1e400"), "0x10", "1_000")),
        *((FLAG, value) for value in ("2", 2, 0.5, "maybe", Decimal("1e99999999"))),
        *((schema, value) for schema in (TIME, DATE, WALL_CLOCK) for value in NO_TIMES),
        *((schema, value) for schema in (TIME, DATE, WALL_CLOCK) for value in LEAVES_THE_CALENDAR),
        *((OWN_DATE, value) for value in (1710121212, Decimal("1710121212.5"), Decimal("1e99999999"), "1710121212345")),
        *((OWN_DATE, value) for value in ("yesterday", "12026-03-01", "20260301", "2026-02-30", *LEAVES_THE_CALENDAR)),
        *((ID, value) for value in (float(2**53), Decimal("1e99999999"), True, ["a"])),
        *((LIST, value) for value in ("a, b", 5, {"a": 1}, "[")),
        *((OBJECT, value) for value in ("a", 5, [1], "{")),
    ],
    ids=str,
)
def test_what_cannot_be_made_so_is_rejected_by_name(schema: dict[str, Any], value: Any) -> None:
    with pytest.raises(Rejection) as caught:
        fit("column", value, schema)

    assert "column" in caught.value.words
    assert str(value) not in caught.value.words or len(str(value)) < 3


def test_a_time_without_an_offset_is_of_the_sources_zone() -> None:
    assert fit("x", "2026-03-01T10:00:00", TIME, Fitting(zone=timezone(timedelta(hours=-5)))) == "2026-03-01T15:00:00Z"


def test_what_lies_too_deep_is_rejected() -> None:
    value: Any = "x"
    for _ in range(150):
        value = [value]

    with pytest.raises(Rejection, match="nested deeper than 100"):
        fit("x", value, ANY)


@pytest.mark.parametrize("value", [17, 17.0, Decimal("17.00"), "17", "17.0", "17.00"])
def test_whole_numbers_are_one_key_however_they_come(value: Any) -> None:
    assert key("x", value) == "17"


@pytest.mark.parametrize("nothing", NOTHING)
def test_what_languages_make_of_nothing_is_no_key(nothing: str) -> None:
    assert key("x", nothing) is None


@pytest.mark.parametrize(
    ("vendor", "stream"), [(vendor, stream) for vendor in vendors() for stream in streams(vendor)], ids=str
)
def test_every_place_where_an_id_can_be_written_is_marked_as_one(vendor: str, stream: str) -> None:
    def unmarked(properties: dict[str, Any]) -> list[str]:
        found = []
        for name, node in properties.items():
            is_text = {*node["type"]} == {"null", "string"} and not node.get("readOnly")
            is_id = re.search("(^|_)id$|[a-z]I[Dd]$|^ID$|^UID$", name)
            if is_text and is_id and not {"x-id", "x-refers-to"} & node.keys():
                found.append(name)
            found += unmarked(node.get("properties", {})) + unmarked(node.get("items", {}).get("properties", {}))
        return found

    properties = schema(vendor, stream)["properties"]

    assert not unmarked({name: node for name, node in properties.items() if node.get("x-write")})


@pytest.mark.parametrize(
    ("value", "text"),
    [("017", "017"), ("x-1", "x-1"), (Decimal("2.5"), "2.5"), (0, "0"), (" ", None), (10**30, str(10**30))],
)
def test_other_keys_stay_as_they_are(value: Any, text: str | None) -> None:
    assert key("x", value) == text


@pytest.mark.parametrize(
    "value", [2.0**53, 1e300, Decimal("1e99999999"), Decimal("9007199254740993.0"), True, [], {"a": 1}]
)
def test_what_is_no_key_is_rejected(value: Any) -> None:
    with pytest.raises(Rejection):
        key("x", value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["a", "b"], '["a","b"]'),
        ({"x": None}, '{"x":null}'),
        (True, "true"),
        (Decimal("17.0"), "17"),
        (Decimal("2.5"), "2.5"),
        ("True", "True"),
    ],
)
def test_the_text_of_a_custom_value_is_json(value: Any, text: str) -> None:
    assert text_of(value) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=json_values, schema=st.sampled_from(ALL))
def test_anything_is_fitted_or_rejected_and_stays_as_it_is_fitted(value: Any, schema: dict[str, Any]) -> None:
    try:
        fitted = fit("x", value, schema)
    except Rejection:
        return
    json.dumps(fitted, allow_nan=False).encode()
    assert fit("x", fitted, schema) == fitted
