"""A page that shows one run: how it went, what is not written and why, its records over time. It names nobody."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jinja2
import sqlalchemy as sa
from osdi_crm_client.errors import ConfigurationError

from target_osdi_crm import rejects
from target_osdi_crm.journal import migration
from target_osdi_crm.journal.schema import RUNS
from target_osdi_crm.journal.states import State
from target_osdi_crm.report.summary import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENDS = {
    1: "Ended by a setting, the credentials, the journal or the input",
    4: "Stopped by a cap or by failures in a row",
    143: "Told to end",
}

_KINDS = {"written": "written", "unchanged": "unchanged or skipped", "waiting": "waiting", "rejected": "not written"}
"""What the colours of a chart mean."""

_OUTCOMES = {
    "ok": "written",
    "skipped": "unchanged",
    "waiting": "waiting",
    "sent": "waiting",
    "unsent": "waiting",
    "rejected": "rejected",
    "unknown": "rejected",
}
_COLUMN_KINDS = {
    "created": "written",
    "updated": "written",
    "deleted": "written",
    "unchanged": "unchanged",
    "skipped": "unchanged",
    "waiting": "waiting",
    "rejected": "rejected",
    "standing": "rejected",
    "unknown": "rejected",
}
_NOT_WRITTEN = [column for column, kind in _COLUMN_KINDS.items() if kind == "rejected"]

_WIDTHS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 43_200, 86_400)
"""Seconds that a bar may stand for."""

_MOST_BARS = 60
_MOST_KEYS = 5
_MOST_RUNS = 20

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("target_osdi_crm.report", ""),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


@dataclass(frozen=True)
class Bars:
    """A chart: stacked bars, drawn on 740 by 160 units from (50, 10) on."""

    bars: list[dict[str, Any]]
    kinds: list[tuple[str, str]]
    highest: int
    width: str
    axis: str
    caption: str


def page(connection: sa.Connection, number: int | None, account: str | None) -> str:
    """Return the page about one run.

    Args:
        connection: The journal.
        number: The run; None for the latest.
        account: Only runs that wrote to this account.

    Raises:
        ConfigurationError: If there is no such run.
    """
    query = sa.select(RUNS).order_by(RUNS.c.run.desc()).limit(1)
    if number is not None:
        query = query.where(RUNS.c.run == number)
    if account is not None:
        query = query.where(RUNS.c.account == account)
    run = connection.execute(query).mappings().first()
    if not run:
        raise ConfigurationError("There is no run like that; 'osdi-crm-journal status' lists the latest.")
    mine = (RUNS.c.account == run["account"], RUNS.c.source == run["source"])
    latest = connection.execute(sa.select(RUNS).where(*mine).order_by(RUNS.c.run.desc()).limit(_MOST_RUNS)).mappings()
    times, reasons = _records(connection, run["run"])
    summary = json.loads(run["summary"] or "{}")
    streams = summary.get("streams", {})
    columns = [column for column in COLUMNS if any(counts.get(column) for counts in streams.values())]
    good, verdict = _verdict(run, summary)
    return _TEMPLATES.get_template("page.html.jinja").render(
        title=f"Run {run['run']}: {run['source']} → {run['account']}",
        about=_about(run, summary),
        good=good,
        verdict=verdict,
        numbers=[(column, _total(summary, column)) for column in COLUMNS if column in {"read", *columns}],
        sum=_sum(summary),
        reasons=reasons,
        to_do=rejects.to_do(code for _, _, _, code, *_ in reasons),
        times=_over_time(times),
        columns=["stream", *columns],
        streams=[[stream, *(counts.get(column, 0) for column in columns)] for stream, counts in streams.items()],
        details=[
            [stream, kind.removesuffix("_by"), what, count]
            for stream, counts in streams.items()
            for kind, found in counts.items()
            if kind.endswith("_by")
            for what, count in sorted(found.items())
        ],
        **_runs(list(latest)),
    )


def _records(connection: sa.Connection, run: int) -> tuple[list[tuple[float, str]], list[list[Any]]]:
    """When each record of a run was settled, with its kind; and why some are not written, frequent reasons first."""
    records = migration.records(connection.engine).c
    of_run = sa.select(
        records.stream, records.source_key, records.state, records.reason, records.code, records.at
    ).where(records.run == run)
    times: list[tuple[float, str]] = []
    keys: defaultdict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    counts: Counter[tuple[str, ...]] = Counter()
    for stream, key, state, reason, code, at in connection.execute(of_run.order_by(records.at)):
        outcome = State(state).outcome
        kind = _OUTCOMES[outcome]
        times.append((at, kind))
        if kind in {"waiting", "rejected"}:
            what = (stream, outcome, reason or "no answer yet", code or "")
            counts[what] += 1
            if len(keys[what]) < _MOST_KEYS:
                keys[what][hashlib.sha256(key.encode()).hexdigest()[:10]] = None
    return times, [[*what, number, keys[what]] for what, number in counts.most_common()]


def _total(summary: Mapping[str, Any], *columns: str) -> int:
    return sum(counts.get(column, 0) for counts in summary.get("streams", {}).values() for column in columns)


def _about(run: sa.RowMapping, summary: Mapping[str, Any]) -> str:
    began = datetime.fromtimestamp(run["started"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if run["code"] is None:
        return f"Begun {began}."
    calls, refused = summary.get("calls", 0), summary.get("refused_429", 0)
    told = f"Begun {began}, {run['ended'] - run['started']:,.0f} seconds, exit code {run['code']}"
    return f"{told}; {calls:,} calls, {refused:,} refused for their pace."


def _verdict(run: sa.RowMapping, summary: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether all is well, and how it went in a sentence."""
    if run["code"] is None:
        return False, "Not ended, or killed: the next run goes on."
    if run["code"] in _ENDS:
        why = summary.get("stopped") or _ENDS[run["code"]]
        return False, f"Stopped: {why}"
    if left := _total(summary, *_NOT_WRITTEN):
        return False, f"{left:,} of {_total(summary, *_COLUMN_KINDS):,} records are not written"
    if waiting := _total(summary, "waiting"):
        return False, f"{waiting:,} records wait for the next run; everything else is written"
    return True, "Everything is written"


def _sum(summary: Mapping[str, Any]) -> str:
    """What the outcomes are the sum of, where that is not what was read."""
    read, told = _total(summary, "read"), _total(summary, *_COLUMN_KINDS)
    if told > read:
        return f"{told:,} outcomes: of {read:,} records that were read, and {told - read:,} from earlier runs."
    if told < read:
        return f"{told:,} outcomes of {read:,} records that were read: {read - told:,} were not begun, and come again."
    return ""


def _runs(latest: Sequence[sa.RowMapping]) -> dict[str, Any]:
    """The latest runs as a table, and as a chart, the oldest first."""
    rows, bars, names = [], [], []
    for run in latest:
        summary = json.loads(run["summary"] or "{}")
        began = datetime.fromtimestamp(run["started"], UTC).strftime("%Y-%m-%d %H:%M")
        seconds = f"{run['ended'] - run['started']:,.0f}" if run["ended"] else "not ended"
        code = "" if run["code"] is None else run["code"]
        counts = [_total(summary, *of) for of in (("read",), ("created",), ("updated",), _NOT_WRITTEN)]
        rows.append([run["run"], began, seconds, *counts, code])
        bars.append(_kinds({column: _total(summary, column) for column in _COLUMN_KINDS}))
        names.append(f"Run {run['run']}, {began}")
    axis = f"{names[-1]} to {names[0]}"
    caption = "Records of the latest runs into this account, by what became of them."
    return {"runs": rows, "trend": _drawn(bars[::-1], names[::-1], axis, caption) if len(bars) > 1 else None}


def _kinds(counts: Mapping[str, int]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for column, number in counts.items():
        kinds[_COLUMN_KINDS[column]] += number
    return kinds


def _over_time(times: Sequence[tuple[float, str]]) -> Bars | None:
    """How many records were settled when, by what became of them."""
    if not times:
        return None
    begin, end = times[0][0], times[-1][0]
    width = next((each for each in _WIDTHS if (end - begin) / each < _MOST_BARS), (end - begin) / (_MOST_BARS - 1))
    count = int((end - begin) / width) + 1
    bars = [Counter[str]() for _ in range(count)]
    for at, kind in times:
        bars[int((at - begin) / width)][kind] += 1
    names = [_clock(begin + place * width) for place in range(count)]
    axis = f"{_clock(begin)} to {_clock(begin + count * width)}"
    left_out = "Unchanged ones, and those that a later run settled again, are left out."
    return _drawn(bars, names, axis, f"Records settled, by {_span(width)}. {left_out}")


def _drawn(bars: Sequence[Counter[str]], names: Sequence[str], axis: str, caption: str) -> Bars | None:
    highest = max(bar.total() for bar in bars)
    if not highest:
        return None
    step, drawn = min(740 / len(bars), 60), []
    for place, (bar, name) in enumerate(zip(bars, names, strict=True)):
        foot = 170.0
        for kind, what in _KINDS.items():
            if tall := 160 * bar[kind] / highest:
                foot -= tall
                drawn.append(
                    {
                        "kind": kind,
                        "title": f"{name}: {bar[kind]:,} {what}",
                        "x": f"{50 + place * step:.1f}",
                        "y": f"{foot:.1f}",
                        "width": f"{max(step - 1, 1):.1f}",
                        "height": f"{tall:.1f}",
                    }
                )
    seen = [(kind, what) for kind, what in _KINDS.items() if any(bar[kind] for bar in bars)]
    return Bars(drawn, seen, highest, f"{len(bars) * step:.0f}", axis, caption)


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %H:%M:%S")


def _span(seconds: float) -> str:
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return name if seconds == size else f"{seconds // size:g} {name}s"
    return "second" if seconds == 1 else f"{seconds:g} seconds"
