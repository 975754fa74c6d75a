"""The states of the journal: what can happen to a record never loses it, nor what the vendor may have done."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_osdi_crm.journal import states
from target_osdi_crm.journal.states import TRANSITIONS, Event, Row, State, after

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "journal.md").read_text(encoding="utf-8")
VALUES: dict[str, Any] = {
    "deleted": False,
    "tried": b"tried",
    "record": b"{}",
    "sent": None,
    "attempts": 0,
    "sent_at": 1.0,
    "sent_settings": b"settings",
    "settings": b"settings",
    "vendor_id": "v",
    "channels": "email",
    "seen": b"seen",
    "fingerprint": b"tried",
    "code": "no_key",
    "reason": "no key",
    "words": "It has none.",
}
ENDS = {Event.ACKNOWLEDGE, Event.SKIP, Event.SETTLE, Event.SETTLE_WITHOUT_ID, Event.ERASE}
"""What lets go of a record."""
ANSWERS = {Event.ACKNOWLEDGE, Event.ACKNOWLEDGE_INCOMPLETE, Event.FIND, Event.NOT_CREATED}
BY_HAND = {Event.ASK_TO_RETRY, Event.ASK_TO_RESEND, Event.SETTLE, Event.SETTLE_WITHOUT_ID, Event.SETTLE_OLDER}


def brought(row: Row, event: Event) -> dict[str, Any]:
    """What an event brings, as the engine has it."""
    given_ = {name: VALUES[name] for name in TRANSITIONS[event].sets}
    if event is Event.SUPERSEDE and row.state.is_unanswered:
        given_["sent"] = row.record or b"" if row.sent is None else row.sent
    if event is Event.ERASE:
        given_["sent"] = None if row.sent is None else b""
    return given_


@given(st.lists(st.sampled_from(Event), max_size=60))
def test_no_sequence_of_events_loses_a_record_or_forgets_an_unanswered_create(events: list[Event]) -> None:
    version = {"deleted": False, "tried": b"tried", "record": b"{}", "sent": None, "attempts": 0}
    row = after(Row("people", "1"), Event.SUPERSEDE, **version)
    for event in events:
        if row.state not in TRANSITIONS[event].moves:
            continue
        before, row = row, after(row, event, **brought(row, event))
        if event not in ENDS:
            assert row.record is not None or before.record is None, "a record that is not written is kept"
        if row.vendor_id is None and before.vendor_id is not None:
            assert event is Event.VANISH
        if not before.state.is_unanswered or event in BY_HAND:
            continue
        if event not in ANSWERS:
            assert row.state.is_unanswered, "only an answer, a look-up or somebody ends the doubt about a create"
            assert row.sent_at == before.sent_at
            assert row.sent is not None or before.sent is None, "what was sent is known for as long"
        if event not in {Event.FIND, Event.ACKNOWLEDGE, Event.ACKNOWLEDGE_INCOMPLETE}:
            assert row.vendor_id == before.vendor_id


@pytest.mark.parametrize("state", sorted(states.UNANSWERED))
@pytest.mark.parametrize("event", [Event.INTEND_CREATE, Event.INTEND_CHANGE, Event.WAIT, Event.SKIP, Event.GIVE_BACK])
def test_an_unanswered_create_is_cleared_up_before_anything_else(state: State, event: Event) -> None:
    row = Row("people", "1", state)
    with pytest.raises(ValueError, match="cannot happen to a record that is"):
        after(row, event, **brought(row, event))


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_and_left(state: State) -> None:
    into = [event for event, each in TRANSITIONS.items() if state in each.moves.values()]
    out = [event for event, each in TRANSITIONS.items() if each.moves.get(state, state) is not state]

    assert into or state is State.UNSENT
    assert out


def test_events_bring_just_what_they_set() -> None:
    row = Row("people", "1")
    with pytest.raises(ValueError, match="brings nothing"):
        after(row, Event.WAIT)
    with pytest.raises(ValueError, match="sets nothing"):
        after(row, Event.INTEND_CHANGE, words="no")


def test_whatever_happens_to_a_record_that_waits_is_taken_up_again() -> None:
    ended = {State.UNSENT, State.SKIPPED, State.UNKNOWN, *states.WRITTEN, *states.UNTIL_CHANGED}

    assert states.PENDING | states.RETRIED | ended == set(State)
    assert not (states.PENDING | states.RETRIED) & ended


def test_nobody_else_changes_a_row() -> None:
    """Rows are frozen; only `after` and, for many at once, `happen` make changed ones."""
    package = Path(states.__file__).parents[1]
    replaced = [
        (module.name, ast.unparse(node))
        for module in package.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("._replace")
    ]
    assert {name for name, _ in replaced} == {"states.py", "store.py"}, replaced


# docs/journal.md


def rows_of(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_states_are_described() -> None:
    assert {(named(state)[0], outcome.strip("`")) for state, outcome, _ in rows_of("States")} == {
        (state.value, state.outcome) for state in State
    }


def told(moves: str) -> dict[str, str]:
    """The moves that a cell of the table tells of: state before → after."""
    if moves.endswith(": stays"):
        return {state.value: state.value for state in State if state.value not in named(moves)}
    groups = {f"*{'un' * unanswered}answered*": unanswered for unanswered in (False, True)}
    found: dict[str, str] = {}
    for part in moves.split(";"):
        before, _, to = part.partition("→")
        several = [*named(before)]
        for group, unanswered in groups.items():
            several += [state.value for state in State if group in before and state.is_unanswered is unanswered]
        found |= dict.fromkeys(several, named(to)[0])
    return found


def test_the_transitions_are_described() -> None:
    assert {named(event)[0]: told(moves) for event, moves, _, _ in rows_of("Transitions")} == {
        event.value: {before.value: to.value for before, to in each.moves.items()}
        for event, each in TRANSITIONS.items()
    }


def test_what_events_set_is_described() -> None:
    assert {named(event)[0]: (named(sets), named(empties)) for event, _, sets, empties in rows_of("Transitions")} == {
        event.value: ([*each.sets, *(["attempts"] if each.counts else [])], list(each.empties))
        for event, each in TRANSITIONS.items()
    }


def test_the_diagram_shows_transitions_that_there_are() -> None:
    diagram = PAGE.partition("```mermaid")[2].partition("```")[0]
    drawn = re.findall(r"^ +(\w+) --> (\w+): (.+)$", diagram, flags=re.MULTILINE)

    assert {state for pair in drawn for state in pair[:2]} == {state.value for state in State}
    for before, to, event in drawn:
        for each in event.split(", "):
            assert TRANSITIONS[Event(each)].moves[State(before)] is State(to)
