"""A stream that the vendor does not search is read once in a run, and searched here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from osdi_crm_client.errors import Unavailable
from osdi_crm_client.pacing import ConcurrencyLimit
from target_osdi_crm.listing import ListedStream
from typing_extensions import override


class Named(ListedStream):
    """Records with names; counts how often they are read."""

    rows: list[dict[str, Any]]
    read = 0

    @override
    def read_all(self) -> Iterable[dict[str, Any]]:
        self.read += 1
        for row in self.rows:
            if row.get("broken"):
                raise Unavailable("down", method="GET", path="named")
            yield row

    @override
    def match_keys_of(self, record: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
        return {"name": [record["name"]]} if record.get("name") else {}


@pytest.fixture
def named() -> Named:
    session: Any = SimpleNamespace(account=SimpleNamespace(concurrency=ConcurrencyLimit(1)))
    stream = Named(name="named").bound(session)
    stream.rows = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": "a"}]
    return stream


def ids(stream: Named, name: str) -> list[str]:
    return [each.id for each in stream.search("name", name)]


def test_it_is_read_once_and_finds_every_record_of_a_name(named: Named) -> None:
    assert [ids(named, name) for name in ("a", "b", "c")] == [["1", "3"], ["2"], []]
    assert named.read == 1


def test_what_is_written_is_found_under_its_new_name_alone(named: Named) -> None:
    ids(named, "a")

    assert named.listed({"id": 3, "name": "c"}) == {"id": 3, "name": "c"}

    assert [ids(named, name) for name in ("a", "c")] == [["1"], ["3"]]
    assert named.read == 1


def test_half_a_reading_is_none(named: Named) -> None:
    named.rows.insert(2, {"broken": True})
    with pytest.raises(Unavailable):
        ids(named, "a")
    del named.rows[2]

    assert ids(named, "a") == ["1", "3"]


def test_a_write_without_an_answer_is_looked_for_in_a_new_reading(named: Named) -> None:
    ids(named, "a")
    named.rows.append({"id": 5, "name": "e"})

    assert ids(named, "e") == []
    assert [each.id for each in named.search_anew("name", "e")] == ["5"]
