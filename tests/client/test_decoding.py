"""JSON with odd bytes is read, with U+FFFD in their place; what is no JSON stays none."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from osdi_crm_client.decoding import leniently


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": "x\\ud83d"}', {"a": "x\ufffd"}),
        ('{"\\udc00": ["\\ud83d\\ude00"]}', {"\ufffd": ["\U0001f600"]}),
        ('{"a": "b\x07\n"}', {"a": "b\x07\n"}),
    ],
)
def test_what_json_does_not_allow_is_replaced_or_kept(text: str, found: object) -> None:
    assert leniently(text) == found
    json.dumps(leniently(text), ensure_ascii=False).encode()


def test_numbers_are_made_as_asked() -> None:
    assert leniently('{"a": 1.50}', Decimal) == {"a": Decimal("1.50")}


@pytest.mark.parametrize("text", ["", "<html>", '{"a": ', "NaN", '{"a": Infinity}'])
def test_what_is_no_json_stays_none(text: str) -> None:
    with pytest.raises(ValueError):
        leniently(text)
