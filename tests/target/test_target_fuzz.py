"""Anything at all in every field of every stream of every vendor: it is shaped, withheld or rejected, never more.

`make fuzz` tries more of it, and differently each time: FUZZ is how many records each stream gets.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import osdi_crm_schemas
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from osdi_crm_client.account import Account
from osdi_crm_client.settings import parse
from osdi_crm_sandbox.control import Sandbox
from singer_sdk.singerlib.exceptions import InvalidInputLine
from target_osdi_crm.intake.arrivals import encode
from target_osdi_crm.intake.reader import Reader
from target_osdi_crm.intake.shaping import Shape
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.settings import TargetSettings
from target_osdi_crm.vendor import Shaped, Stream
from target_osdi_crm.vendors import vendor, vendor_names
from typing_extensions import override

from tests import commands

RECORDS = int(os.environ.get("FUZZ", "0"))
STREAMS = [(name, stream) for name in vendor_names() for stream in vendor(name).streams]
SETTINGS: dict[str, dict[str, Any]] = {
    "crowdskout": {"crowdskout_external_id_type": "Our ID"},
    "i360": {"i360_unconfirmed_writes": True},
    "nationbuilder": {"nationbuilder_donor_details": True, "nationbuilder_write_totals": True},
    "rally_congress": {"rally_congress_allow_letters": True},
}
LONGEST = 2.0
"""Seconds of this thread that one record may take, however busy the machine is; it takes a thousandth of that."""

FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
PYTHON = re.compile(r"None|True|False|nan|inf|-inf|NaN|Decimal\(.*|\['.*|\{'.*", re.DOTALL)

TEXTS = (
    *(
        "",
        " ",
        "\t",
        "x",
        "Ann",
        "017",
        "17",
        "17.0",
        "12e4567890",
        "1e99999999",
        "9" * 400,
        "NULL",
        "null",
        "[",
        "{",
        '"',
    ),
    *("t", "F", "yes", "OFF", "1", "0", "maybe", "2026-03-01", "2026-03-01T10:00:00", "0001-01-01T00:00:00+01:00"),
    *("9999-12-31T23:59:59-05:00", "1710121212345", "2026-02-30", "ann@example.org", "unknown@none", "a@x.org,b@x.org"),
    *("foo..bar@docomo.ne.jp", "2025550123", "+44 7400 123456", "555-0123", "n/a", "2025550123.0", "subscribed"),
    *(
        "unsubscribed",
        "bounced",
        "\ud83d",
        "a\x00b",
        "\u202e",
        "é\u0301",
        "../../x",
        "a?b#c",
        "['a']",
        "{'a': 1}",
        "A, B",
    ),
    *('["a", "b"]', '{"a": {"b": 1}}', "https://x.test/?a=b", "=1+1", "{id}", "%s", "${x}", "x" * 5000, "id", "d/e"),
)
NUMBERS = (
    0,
    1,
    -1,
    17,
    17.0,
    2.5,
    2**53,
    2.0**53,
    10**30,
    1e300,
    -0.0,
    1710121212,
    Decimal("17.00"),
    Decimal("1e99999999"),
)
LEAVES = st.none() | st.booleans() | st.sampled_from(TEXTS) | st.sampled_from(NUMBERS) | st.text(max_size=12)
VALUES = st.recursive(
    LEAVES | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TEXTS) | st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


class Deep(dict[str, Any]):
    """An object nested so deep that Hypothesis could not show it."""

    def __init__(self, depth: int) -> None:
        value: Any = "x"
        for _ in range(depth):
            value = {"a": [value]}
        super().__init__(value)
        self.depth = depth

    @override
    def __repr__(self) -> str:
        return f"Deep({self.depth})"


@cache
def fitting(vendor_name: str, stream: str) -> st.SearchStrategy[dict[str, Any]]:
    """Records of a stream: its columns, other spellings of them, flattened ones, and ones of nobody's."""
    columns = vendor(vendor_name).streams[stream].columns
    found = osdi_crm_schemas.schema(vendor_name, stream)["properties"]
    fields = {name: VALUES | like(node) for name, node in found.items()}
    fields |= dict.fromkeys(columns, VALUES)
    fields |= {name.upper(): VALUES | like(node) for name, node in found.items()}
    fields |= {f"{name}__{part}": VALUES for name, node in found.items() for part in inside(node)}
    fields |= dict.fromkeys(("custom_Shirt Size", "email_opt_in", "do_not_call", "tags", "add_tags", "x", ""), VALUES)
    fields["deep"] = st.sampled_from([Deep(20), Deep(60), Deep(400)])
    chosen = st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=12, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: fields[name] for name in names}))


def inside(node: Mapping[str, Any]) -> list[str]:
    return list(node.get("properties", {})) or ["x y", "a__b"] if "object" in node["type"] else []


def like(node: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the form that a schema describes, with anything at its leaves."""
    if properties := node.get("properties"):
        return st.fixed_dictionaries({}, optional={name: VALUES | like(each) for name, each in properties.items()})
    return st.lists(like(node["items"]), max_size=3) if node.get("items") else LEAVES


@pytest.fixture(scope="module")
def bound(sandbox: Sandbox) -> dict[tuple[str, str], tuple[Stream, Shape]]:
    """Every stream, with what shapes its records."""
    found = {}
    for name in vendor_names():
        config = {**commands.settings(sandbox.account(name)), "account": "test", **SETTINGS.get(name, {})}
        own = vendor(name).own(config)
        chosen = parse(TargetSettings, {**config, "source_time_zone": "America/New_York"})
        for stream, each in vendor(name).bound(Account(config), chosen, own).items():
            found[name, stream] = each, Shape(name, each, chosen)
    return found


def line(value: Any) -> bytes:
    """JSON as a tap writes it, with numbers of any size and halves of characters."""
    text = json.dumps(value, default="\ue000{}\ue000".format)
    return re.sub(r'"\\ue000(.*?)\\ue000"', r"\1", text).encode()


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from texts(inner)


def shaped(stream: Stream, shape: Shape, record: dict[str, Any]) -> Shaped | None:
    """What a record becomes at the border, or None of one that is rejected there."""
    try:
        found = shape(record, None)
        stream.read_consent(found)
        stream.shape(found)
    except Rejection:
        return None
    return found


@pytest.mark.parametrize("of", STREAMS, ids="/".join)
def test_anything_is_shaped_or_rejected(
    of: tuple[str, str], bound: dict[tuple[str, str], tuple[Stream, Shape]]
) -> None:
    stream, shape = bound[of]

    @settings(
        max_examples=RECORDS or 25,
        derandomize=not RECORDS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(record=fitting(*of))
    def tried(record: dict[str, Any]) -> None:
        begun = time.thread_time()
        try:
            came = Reader().deserialize_json(line(record))
        except InvalidInputLine:
            return
        encode(came)
        given_texts = set(texts(came))
        found = shaped(stream, shape, came)
        assert time.thread_time() - begun < LONGEST
        if not found:
            return
        sent = {**found.values, "refers": found.refers, "own": found.own_id}
        json.dumps({**sent, "compared": found.match_keys}, allow_nan=False).encode()
        for text in texts(sent):
            assert not FORBIDDEN.search(text)
            assert text in given_texts or not PYTHON.fullmatch(text)
        shape.fitting(came)

    tried()


@pytest.mark.parametrize("name", vendor_names())
def test_a_run_of_anything_ends_with_each_record_accounted_for(name: str, sandbox: Sandbox, target: Any) -> None:
    streams = [stream for of, stream in STREAMS if of == name and stream != "messages"]  # one in 30 seconds, or letters

    @settings(
        max_examples=max(1, RECORDS // 200),
        derandomize=not RECORDS,
        phases=[Phase.generate],  # each try is a run: making a failing one smaller would take hours
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def tried(data: st.DataObject) -> None:
        account = sandbox.account(name)
        lines = []
        for stream in streams:
            lines.append(json.dumps(target.schema(stream, ["id"])))
            for number in range(4):
                record = {**data.draw(fitting(name, stream)), "id": data.draw(LEAVES), "_n": number}
                lines.append(line({"type": "RECORD", "stream": stream, "record": record}).decode())
        for journal in target.folder.glob("journal.db*"):
            journal.unlink()

        done = target(account, [*lines, target.state({"bookmarks": {}})], **SETTINGS.get(name, {}), allow_delete=True)

        assert done.code in {0, 3}, done.log
        assert done.states == [{"bookmarks": {}}]
        assert "Traceback" not in done.log
        assert "Unexpected" not in done.log
        counts = done.summary["streams"].values()
        ended = sum(each[what] for each in counts for what in each if not what.endswith("_by") and what != "read")
        assert ended == sum(each["read"] for each in counts) == 4 * len(streams)

    tried()
