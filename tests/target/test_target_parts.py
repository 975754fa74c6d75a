"""The target's parts by themselves: scheduler, progress, shapes, comparison."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from queue import SimpleQueue
from typing import Any

import jsonschema
import msgspec
import osdi_crm_schemas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osdi_crm_client.pacing import ConcurrencyLimit
from target_osdi_crm.apply.keyed_lock import KeyedLock
from target_osdi_crm.apply.scheduler import Scheduler
from target_osdi_crm.decide.recent import Recent
from target_osdi_crm.intake.progress import Progress
from target_osdi_crm.intake.shaping import Shape, Validator
from target_osdi_crm.intake.values import printable
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.task import Task
from target_osdi_crm.vendors import vendor
from target_osdi_crm.verify import differences, normal

STREAMS = vendor("action_network").streams


@dataclass(slots=True, eq=False)
class Job(Task):
    number: int = 0


def fail(error: Exception) -> None:
    raise error


def jobs(chance: random.Random, count: int) -> list[Job]:
    keys = "abcdefgh"
    return [
        Job(
            number=number,
            holds=chance.sample(keys, chance.randint(1, 3)),
            follows=chance.sample(keys, chance.randint(0, 2)),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_tasks_that_share_a_key_run_one_after_the_other_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    began: dict[Any, list[int]] = defaultdict(list)
    running: set[Any] = set()
    wrong: list[str] = []
    guard = threading.Lock()
    scheduler: Scheduler[Job] = Scheduler(4)
    side_by_side = [0]

    def work(alone: Sequence[Job]) -> None:
        (job,) = alone
        with guard:
            side_by_side[0] = max(side_by_side[0], len(running))
            for key in job.holds:
                if key in running:
                    wrong.append(f"{key} is held twice")
                running.add(key)
                began[key].append(job.number)
            for key in set(job.follows) - set(job.holds):
                held_before = [number for number in held[key] if number < job.number]
                if not set(held_before) <= over:
                    wrong.append(f"{job.number} did not wait for {key}")
        time.sleep(chance.uniform(0, 0.002))
        with guard:
            running.difference_update(job.holds)
            over.add(job.number)
        scheduler.finish(job)

    all_jobs = jobs(chance, 200)
    held: dict[Any, list[int]] = defaultdict(list)
    over: set[int] = set()
    for job in all_jobs:
        for key in job.holds:
            held[key].append(job.number)
    scheduler.begin(work, fail)
    for job in all_jobs:
        scheduler.submit(job)

    assert scheduler.wait(20)
    scheduler.end()
    assert wrong == []
    assert all(numbers == sorted(numbers) for numbers in began.values())
    assert sum(len(numbers) for numbers in began.values()) == sum(len(job.holds) for job in all_jobs)
    assert side_by_side[0] > 1


def test_a_halted_scheduler_begins_nothing_more_and_let_what_runs_end() -> None:
    scheduler: Scheduler[Job] = Scheduler(2)
    began = threading.Event()
    go_on = threading.Event()
    ran: list[int] = []

    def work(alone: Sequence[Job]) -> None:
        began.set()
        go_on.wait(10)
        ran.append(alone[0].number)
        scheduler.finish(alone[0])

    scheduler.begin(work, fail)
    for number in range(20):
        scheduler.submit(Job(number=number, holds=["the same"]))
    assert began.wait(10)
    scheduler.halt()
    assert not scheduler.wait(0.05)
    go_on.set()
    assert scheduler.wait(10)
    assert ran == [0]
    scheduler.end()


def test_work_that_fails_is_told_and_ends_no_thread() -> None:
    scheduler: Scheduler[Job] = Scheduler(1)
    told: SimpleQueue[Exception] = SimpleQueue()

    def work(alone: Sequence[Job]) -> None:
        scheduler.finish(alone[0])
        raise KeyError

    scheduler.begin(work, told.put)
    for key in ("a", "b"):
        scheduler.submit(Job(holds=[key]))
        assert isinstance(told.get(timeout=10), KeyError)
    scheduler.end()


def test_tasks_of_a_group_run_together_and_never_too_many() -> None:
    scheduler: Scheduler[Job] = Scheduler(3, most_together=10)
    ran: list[list[int]] = []

    def together(jobs: Sequence[Job]) -> None:
        ran.append([job.number for job in jobs])
        for job in jobs:
            scheduler.finish(job)

    scheduler.begin(together, fail)
    for number in range(25):
        scheduler.submit(Job(number=number, holds=[number], group="a"))
    scheduler.submit(Job(number=25, holds=[24], group="b"))
    assert scheduler.wait(20)
    scheduler.end()

    assert [number for numbers in ran for number in numbers] == list(range(26))
    assert [len(numbers) for numbers in ran] == [10, 10, 5, 1]


def test_a_key_counts_as_held_until_it_was_looked_at_again() -> None:
    scheduler: Scheduler[Job] = Scheduler(1)
    scheduler.begin(lambda jobs: scheduler.finish(jobs[0]), fail)
    scheduler.submit(Job(holds=["k"]))
    assert scheduler.wait(10)
    assert scheduler.held("k")
    scheduler.released.clear()
    assert not scheduler.held("k")
    scheduler.end()


def test_locks_are_dropped_when_nobody_holds_them() -> None:
    locks = KeyedLock(ConcurrencyLimit(1))
    with locks.holding("a"), locks.holding("b"):
        assert len(locks._locks) == 2
    assert not locks._locks


@given(st.lists(st.booleans()), st.randoms(use_true_random=False))
def test_progress_is_the_number_before_the_first_open_one(changed: list[bool], chance: random.Random) -> None:
    progress = Progress()
    still_open: list[int] = []
    for number, is_open in enumerate(changed, start=1):
        progress.read = number
        if is_open:
            progress.open(number)
            still_open.append(number)
        progress.sorted(number)
        if still_open and chance.random() < 0.5:
            progress.settle(still_open.pop(chance.randrange(len(still_open))))
        assert progress.settled() == (min(still_open) - 1 if still_open else number)


def test_what_was_written_recently_is_known_until_the_search_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    recent = Recent[str](60)
    recent.put("a", "1")
    assert recent.get("a") == "1"
    assert recent.get("b") is None
    monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: now() + 121)
    assert recent.get("a") is None
    recent.put("b", "2")
    assert len(recent._kept) == 1


# Shapes


def records(stream: str) -> st.SearchStrategy[dict[str, Any]]:
    """Records that fit a stream's schema, as JSON holds them."""
    return st.fixed_dictionaries(
        {},
        optional={
            name: _values(found)
            for name, found in osdi_crm_schemas.schema("action_network", stream)["properties"].items()
        },
    )


def _values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    kinds = schema.get("type", ["null", "string"])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    made: list[st.SearchStrategy[Any]] = []
    for kind in kinds:
        if kind == "object":
            inner = {name: _values(found) for name, found in schema.get("properties", {}).items()}
            made.append(st.fixed_dictionaries({}, optional=inner))
        elif kind == "array":
            made.append(st.lists(_values(schema.get("items", {})), max_size=3))
        elif kind == "string" and (schema.get("format") == "date-time" or schema.get("x-wall-clock")):
            made.append(st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")))
        else:
            made.append(_SCALARS[kind])
    return st.one_of(made)


_SCALARS = {
    "string": st.text(max_size=10),
    "integer": st.integers(-(2**53), 2**53),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "null": st.none(),
}


@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("stream", STREAMS)
@given(data=st.data())
def test_any_record_of_a_schema_takes_the_vendors_shape_or_is_rejected(stream: str, data: st.DataObject) -> None:
    record = data.draw(records(stream))
    shape = Shape("action_network", STREAMS[stream])
    shaped = shape(record)

    assert not shaped.unknown
    for name, value in shaped.values.items():
        assert record[name] is not None
        given = printable(record[name]) if isinstance(record[name], str) else record[name]
        assert value == given or isinstance(value, dict | list) or name == "created_date"
    msgspec.json.encode([shaped.values, shaped.refers])


@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("stream", STREAMS)
@given(data=st.data())
def test_a_warehouse_may_fold_names_and_turn_objects_into_text(stream: str, data: st.DataObject) -> None:
    record = data.draw(records(stream))
    shape = Shape("action_network", STREAMS[stream])

    folded = {
        name.upper(): msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
        for name, value in record.items()
    }

    assert shape(folded).values == shape(record).values
    assert shape(folded).refers == shape(record).refers


@pytest.mark.parametrize(
    ("stream", "name", "given", "expected"),
    [
        ("people", "given_name", 5, "5"),
        ("people", "given_name", Decimal("5.50"), "5.50"),
        ("people", "given_name", 5.0, "5"),
        ("events", "capacity", Decimal(10), 10),
        ("events", "capacity", "10", 10),
        ("events", "guests_can_invite_others", 1, True),
        ("events", "guests_can_invite_others", "TRUE", True),
        ("events", "start_date", "2026-05-01T18:00:00Z", "2026-05-01T18:00:00Z"),
        ("signatures", "created_date", "2026-05-01 18:00:00+02:00", "2026-05-01T16:00:00Z"),
        ("signatures", "created_date", "2026-05-01T18:00:00.123456", "2026-05-01T18:00:00Z"),
        ("donations", "recipients", '[{"amount": 3.5}]', [{"amount": "3.5"}]),
        ("donations", "recipients", [{"amount": Decimal("3.50"), "display_name": None}], [{"amount": "3.50"}]),
        ("people", "custom_fields", '{"a": "1", "b": null}', {"a": "1"}),
        ("people", "add_tags", '["a", null]', ["a"]),
    ],
)
def test_values_are_made_to_fit_where_that_loses_nothing(stream: str, name: str, given: Any, expected: Any) -> None:
    assert Shape("action_network", STREAMS[stream])({name: given}).values[name] == expected


@pytest.mark.parametrize(
    ("stream", "name", "given"),
    [
        ("events", "capacity", "many"),
        ("events", "capacity", Decimal("1.5")),
        ("people", "email_addresses", "a@example.org"),
        ("people", "custom_fields", ["a"]),
        ("signatures", "created_date", "yesterday"),
        ("people", "given_name", {"a": 1}),
    ],
)
def test_what_does_not_fit_is_rejected_by_name_and_never_by_value(stream: str, name: str, given: Any) -> None:
    with pytest.raises(Rejection) as rejected:
        Shape("action_network", STREAMS[stream])({name: given})

    assert name in rejected.value.words
    assert str(given) not in rejected.value.words


def test_folded_names_of_every_writable_stream_are_unique() -> None:
    for stream in STREAMS:
        names = osdi_crm_schemas.schema("action_network", stream)["properties"]
        assert len({osdi_crm_schemas.fold(name) for name in names}) == len(names), stream


@given(st.dictionaries(st.sampled_from("ab"), st.one_of(st.text(), st.integers(), st.none(), st.lists(st.integers()))))
def test_the_fast_validator_agrees_with_the_slow_one(record: dict[str, Any]) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 3}, "b": {"type": ["null", "array"]}},
    }
    if jsonschema.Draft202012Validator(schema).is_valid(record):
        Validator(schema)(record)
        return
    with pytest.raises(Rejection) as rejected:
        Validator(schema)(record)
    assert all(str(value) not in rejected.value.words for value in record.values() if len(str(value)) > 12)


# Comparison


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("3.00", 3),
        ("USD", "usd"),
        (" Ann  Lee ", "ann lee"),
        (True, "1"),
        (True, "True"),
        ("", None),
        ("2026-05-01T18:00:00+02:00", "2026-05-01T16:00:00Z"),
        (1.5, Decimal("1.50")),
        *((text, text) for text in ("12e4567890", "1e99999999")),
        *((text, text) for text in ("9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+01:00")),
    ],
)
def test_equal_in_what_matters(sent: Any, shown: Any) -> None:
    assert normal(sent) == normal(shown)


@pytest.mark.parametrize(("sent", "shown"), [("02139", "2139"), ("+1202", "1202"), ("a", "b"), (1, 2), ("x", None)])
def test_unequal_in_what_matters(sent: Any, shown: Any) -> None:
    assert normal(sent) != normal(shown)


def test_differences_name_the_place() -> None:
    sent = {"a": 1, "b": {"c": "x", "d": "y"}, "e": [{"f": 1}], "g": ["x", "y"], "h": ["x"]}
    shown = {"a": 1, "b": {"c": "x", "d": "z", "more": 1}, "e": [{"f": 2, "more": 1}], "g": ["y", "x", "z"], "h": []}

    assert differences(sent, shown) == ["b.d", "e.f", "h"]
    assert differences(sent, {**sent}) == []


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
)


@given(st.dictionaries(st.text(), json_values))
def test_nothing_differs_from_itself(record: dict[str, Any]) -> None:
    assert differences(record, record) == []
