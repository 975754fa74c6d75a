"""What readings remember holds for one generation of one lineage, in a file and in a database alike."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.reading.store import Store, StoreFailed, Version


@pytest.fixture(params=["file", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    named = request.getfixturevalue("postgres") if request.param == "postgres" else str(tmp_path / "reading.db")
    return Store(named, lambda: tmp_path)


def test_a_draft_becomes_the_first_generation_and_others_complete_it(store: Store) -> None:
    first = store.commit(store.draft({"a": 1, "b": [None, "x"]}), None, {"ran": "now"})
    assert first
    draft = store.draft({})
    store.put(draft, {"b": 2})
    store.put(draft, {"b": 3, "c": 4})

    assert store.at(first) == ({"ran": "now"}, {"a": 1, "b": [None, "x"]})
    assert store.drafted(draft) == {"b": 3, "c": 4}
    second = store.commit(draft, first, {})

    assert second == Version(first.lineage, first.generation + 1)
    assert store.at(second) == ({}, {"a": 1, "b": 3, "c": 4})
    assert store.drafted(draft) == {}


def test_only_the_generation_that_is_named_counts(store: Store) -> None:
    first = store.commit(store.draft({"a": 1}), None, {})
    assert first
    second = store.commit(store.draft({"a": 2}), first, {})
    assert second

    assert store.at(first) is None
    assert store.at(Version(second.lineage, second.generation + 1)) is None
    assert store.at(Version("another", 1)) is None


def test_of_two_runs_from_one_generation_one_goes_on(store: Store) -> None:
    first = store.commit(store.draft({"a": 1}), None, {})
    mine, other = store.draft({"a": 2}), store.draft({"a": 3})

    second = store.commit(other, first, {})

    assert second
    assert store.commit(mine, first, {}) is None
    assert store.at(second) == ({}, {"a": 3})


def test_two_lineages_share_nothing(store: Store) -> None:
    one = store.commit(store.draft({"a": 1}), None, {})
    other = store.commit(store.draft({"a": 2}), None, {})
    assert one
    assert other

    store.commit(store.draft({"a": 3}), one, {})

    assert store.at(other) == ({}, {"a": 2})


def test_the_file_is_its_owners_alone_and_holds_what_was_put(tmp_path: Path) -> None:
    Store(None, lambda: tmp_path / "work").draft({"a": 1})

    file = tmp_path / "work" / "reading.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sqlite3.connect(file).execute("SELECT value FROM osdi_crm_rows").fetchall() == [("1",)]


def test_lineages_that_no_run_uses_are_forgotten(tmp_path: Path) -> None:
    store = Store(None, lambda: tmp_path)
    store.draft({"a": 1})
    with sqlite3.connect(tmp_path / "reading.db") as connection:
        connection.execute("UPDATE osdi_crm_lineages SET used = used - 16 * 86400")

    kept = store.draft({"b": 1})

    found = sqlite3.connect(tmp_path / "reading.db").execute("SELECT lineage, key FROM osdi_crm_rows").fetchall()
    assert found == [(kept, "b")]


def test_a_store_that_the_setting_names_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="The setting 'reading_store' names what cannot be used as a store"):
        Store(str(tmp_path), lambda: tmp_path).draft({})
    with pytest.raises(ConfigurationError, match="'reading_store'") as told:
        Store("postgresql://user:geheim@127.0.0.1:9/db", lambda: tmp_path).draft({})
    assert "geheim" not in str(told.value)


def test_a_store_that_fails_later_ends_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "reading.db"), lambda: tmp_path)
    draft = store.draft({})
    (tmp_path / "reading.db").write_text("no database, whatever its name says, for long enough " * 20)

    with pytest.raises(StoreFailed):
        store.put(draft, {"a": 1})
