"""However a vendor pages, a collection is read to its end, once, or the reading fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from osdi_crm_client import paging
from osdi_crm_client.account import Account
from osdi_crm_client.errors import ForeignOrigin, Garbled
from osdi_crm_client.vendors import action_network, nationbuilder
from osdi_crm_client.wire import Address, Cursor, Number, Offset, Page, Paging, Position, RawRow, Token
from osdi_crm_sandbox.control import Sandbox

URL = "https://vendor.example/things?page=1"


def row(number: int, **more: Any) -> RawRow:
    return RawRow({"id": number, **more})


def read(by: Paging, answer: Callable[[Token | None], Page]) -> Iterator[Page]:
    """Every page that a way of paging leads to; a collection in these tests has a hundred pages at most."""
    token = by.first()
    for _ in range(100):
        page = answer(token)
        yield page
        if (following := by.following(page, token)) is None:
            return
        token = following
    pytest.fail("no end")


def ids(pages: Iterator[Page]) -> list[int]:
    return [each["id"] for page in pages for each in page.rows]


@given(count=st.integers(0, 60), size=st.integers(1, 9), total=st.booleans())
def test_numbered_pages_hold_every_record_once(count: int, size: int, total: bool) -> None:
    def answer(token: Token | None) -> Page:
        assert isinstance(token, Number)
        rows = [row(n) for n in range(count)][(token.value - 1) * size : token.value * size]
        return Page(rows=rows, full=size, total=count if total else None, url=URL)

    assert ids(read(paging.NumberedPages(), answer)) == list(range(count))


@given(counts=st.lists(st.integers(1, 9), max_size=9))
def test_offsets_go_by_what_came_not_by_what_was_asked_for(counts: list[int]) -> None:
    sizes = iter([*counts, 0])

    def answer(token: Token | None) -> Page:
        assert isinstance(token, Offset)
        return Page(rows=[row(token.value + n) for n in range(next(sizes))], url=URL)

    assert ids(read(paging.OffsetPages(), answer)) == list(range(sum(counts)))


def test_a_short_page_is_no_end_where_the_total_says_more() -> None:
    pages = [[0], [1, 2], [3]]

    def answer(token: Token | None) -> Page:
        assert isinstance(token, Number)
        return Page(rows=[row(n) for n in pages[token.value - 1]], full=2, total=4, url=URL)

    assert ids(read(paging.NumberedPages(), answer)) == [0, 1, 2, 3]


@pytest.mark.parametrize("by", [paging.NumberedPages, paging.OffsetPages, paging.LinkedPages])
def test_a_page_that_comes_twice_is_an_error(by: Any) -> None:
    page = Page(rows=[row(1), row(2)], full=2, url=URL)

    with pytest.raises(Garbled, match="a page came twice"):
        list(read(by(), lambda _: page))


@pytest.mark.parametrize("by", [paging.NumberedPages(), paging.LinkedPages()])
def test_a_next_page_on_another_host_is_not_asked_for(by: Paging) -> None:
    page = Page(rows=[row(1)], link="https://elsewhere.example/things?page=2", url=URL)

    with pytest.raises(ForeignOrigin):
        by.following(page, by.first())


def test_links_are_followed_and_a_missing_one_is_replaced_by_the_number() -> None:
    asked: list[Token | None] = []
    links = {0: "/things?page=1", 1: None, 2: "/things?page=3", 3: ""}

    def answer(token: Token | None) -> Page:
        asked.append(token)
        number = len(asked) - 1
        where = token.url if isinstance(token, Address) else f"https://vendor.example/things?page={number}"
        last = number == 3
        return Page(rows=[row(number)], number=number, link=links[number], is_last=last, url=where)

    assert ids(read(paging.LinkedPages(), answer)) == [0, 1, 2, 3]
    assert asked == [
        Number(0),
        Address("https://vendor.example/things?page=1"),
        Number(2),
        Address("https://vendor.example/things?page=3"),
    ]


def test_a_link_back_does_not_lead_in_a_circle() -> None:
    def answer(token: Token | None) -> Page:
        number = token.value if isinstance(token, Number) else 0
        rows = [row(number)] if number < 3 else []
        return Page(rows=rows, number=number, link="/things?page=0", url=f"https://vendor.example/things?page={number}")

    assert ids(read(paging.LinkedPages(), answer)) == [0, 1, 2]


def test_cursors_are_followed_to_the_page_that_gives_none() -> None:
    pages = {
        None: ([0, 1], "https://looks.like/an/address"),
        "https://looks.like/an/address": ([], "c"),
        "c": ([2], ""),
    }

    def answer(token: Token | None) -> Page:
        assert token is None or isinstance(token, Cursor)
        rows, cursor = pages[token.text if token else None]
        return Page(rows=[row(n) for n in rows], cursor=cursor, url=URL)

    assert ids(read(paging.CursorPages(), answer)) == [0, 1, 2]


@pytest.mark.parametrize("rows", [[], [row(1)]], ids=["empty", "full"])
def test_a_cursor_that_came_before_ends_an_empty_page_and_fails_a_full_one(rows: list[RawRow]) -> None:
    by = paging.CursorPages()
    assert by.following(Page(rows=[row(0)], cursor="a", url=URL), None) == Cursor("a")
    again = Page(rows=rows, cursor="a", url=URL)

    if rows:
        with pytest.raises(Garbled, match="a page came twice"):
            by.following(again, Cursor("a"))
    else:
        assert by.following(again, Cursor("a")) is None


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@given(
    seconds=st.lists(st.integers(0, 500), max_size=60, unique=True).map(sorted),
    size=st.integers(2, 9),
)
def test_sorted_pages_begin_where_the_one_before_ended(seconds: list[int], size: int) -> None:
    times = [NOON + timedelta(seconds=each) for each in seconds]

    def answer(token: Token | None) -> Page:
        assert isinstance(token, Position)
        left = [time for time in times if not isinstance(token.since, datetime) or time >= token.since]
        return Page(rows=[row(0, at=time) for time in left[: token.size]], full=token.size, url=URL)

    by = paging.SortedPages(size=size, order="at", position=lambda each: each["at"])

    found = [each["at"] for page in read(by, answer) for each in page.rows]
    assert sorted(set(found)) == times
    assert len(found) - len(times) <= max(0, len(found) // size)


def test_a_page_within_one_second_does_not_lead_further() -> None:
    by = paging.SortedPages(size=2, order="at", position=lambda each: each["at"])

    with pytest.raises(paging.Crowded) as crowded:
        by.following(Page(rows=[row(0, at=NOON), row(1, at=NOON)], full=2, url=URL), by.first())
    assert crowded.value.second == NOON


def test_records_out_of_order_are_an_error() -> None:
    by = paging.SortedPages(size=2, order="id", position=lambda each: each["id"])

    with pytest.raises(Garbled, match="not in the order of id"):
        by.following(Page(rows=[row(2), row(1)], full=2, url=URL), by.first())
    with pytest.raises(Garbled, match="not in the order of id"):
        by.following(Page(rows=[row(1), row(2)], full=2, url=URL), Position(2, 5))


def test_pages_after_one_that_was_too_heavy_are_as_light_and_later_heavier_again() -> None:
    by = paging.SortedPages(size=8, order="id", position=lambda each: each["id"])
    token: Token | None = by.first()
    sizes = []
    for number in range(20):
        size = token.size if isinstance(token, Position) and number else 4
        first = token.since if isinstance(token, Position) and isinstance(token.since, int) else 0
        page = Page(rows=[row(first + n) for n in range(size)], full=size, url=URL)
        token = by.following(page, token)
        assert isinstance(token, Position)
        sizes.append(token.size)

    assert sizes[0] == 4
    assert sizes[-1] == 8


def account(sandbox: Sandbox, vendor: str, **more: Any) -> tuple[Account, Any]:
    """An account of ours at one of the sandbox's."""
    there = sandbox.account(vendor, **more)
    return Account({"vendor": vendor, "calls_per_second": 0, **there.settings}), there


def test_sixty_tags_without_links_to_the_next_page_are_read_whole(sandbox: Sandbox) -> None:
    ours, there = account(sandbox, "action_network", size=1, counts={"tags": 60})
    there.fault(do="drop_field", field="_links")

    assert len(list(paging.rows(ours, action_network.collection("tags")))) == 60


def test_a_filtered_collection_is_read_page_by_page(sandbox: Sandbox) -> None:
    ours, there = account(sandbox, "nationbuilder", size=230)
    page = next(paging.pages(ours, nationbuilder.collection("signups", counted=True)))

    assert (len(page.rows), page.full, page.total) == (100, 100, len(there.records("signups")))
    first = page.rows[0]["id"]
    found = list(paging.rows(ours, nationbuilder.collection("signups", query=nationbuilder.filters({"id": first}))))
    assert [each["id"] for each in found] == [first]


def test_an_answer_of_another_form_names_neither_values_nor_our_code(sandbox: Sandbox) -> None:
    ours, there = account(sandbox, "action_network", size=1)
    there.fault(do="status", status=200, body={"_embedded": {"osdi:tags": ["Jo"]}, "_links": {}}, path="/tags$")

    with pytest.raises(Garbled) as garbled:
        list(paging.rows(ours, action_network.collection("tags")))
    assert "is not of the form that the vendor documents (TypeError" in str(garbled.value)
    assert "Jo" not in str(garbled.value)
