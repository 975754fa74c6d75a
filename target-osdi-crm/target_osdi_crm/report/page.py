"""A page that shows one run: its numbers, its records over time, and why some are not written. It names nobody."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from osdi_crm_client.errors import ConfigurationError

from target_osdi_crm.journal import migration
from target_osdi_crm.journal.schema import RUNS
from target_osdi_crm.journal.states import State
from target_osdi_crm.report.summary import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ENDS = {
    0: "all well",
    1: "ended by a setting, the credentials, the journal or the input",
    3: "some records are not written",
    4: "stopped by a cap or by failures in a row",
    143: "told to end",
}

_COLOURS = {"written": "#2f7d5b", "skipped": "#9aa5b1", "waiting": "#d9a441", "not written": "#b3392f"}
_SHOWN = {
    "ok": "written",
    "skipped": "skipped",
    "waiting": "waiting",
    "sent": "waiting",
    "rejected": "not written",
    "unknown": "not written",
}

_WIDTHS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 43_200, 86_400)
"""Seconds that a bar may stand for."""

_MOST_BARS = 60
_MOST_KEYS = 5

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #888; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin-top: 2.5rem; }
.about, figcaption { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.number { text-align: right; }
figure { margin: 0; }
svg { width: 100%; height: auto; }
svg text { font-size: 11px; fill: currentColor; }
.key { display: inline-block; margin-right: 1rem; }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; }
code { font-size: .9em; }
"""


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
    records = migration.records(connection.engine).c
    of_run = sa.select(records.stream, records.source_key, records.state, records.reason, records.at).where(
        records.run == run["run"]
    )
    times: list[tuple[float, str]] = []
    left: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    counts: Counter[tuple[str, str, str]] = Counter()
    for stream, key, state, reason, at in connection.execute(of_run.order_by(records.at)):
        outcome = State(state).outcome
        times.append((at, _SHOWN[outcome]))
        if outcome not in {"ok", "skipped"}:
            what = (stream, outcome, reason or "no answer yet")
            counts[what] += 1
            if len(left[what]) < _MOST_KEYS:
                left[what].append(hashlib.sha256(key.encode()).hexdigest()[:10])
    summary = json.loads(run["summary"] or "{}")
    return _whole(
        f"Run {run['run']}: {run['source']} → {run['account']}",
        [
            f'<p class="about">{escape(_about(run, summary))}</p>',
            "<h2>By stream</h2>",
            _streams(summary.get("streams", {})),
            "<h2>Over time</h2>",
            _chart(times),
            "<h2>Not written</h2>",
            _reasons(counts, left),
        ],
    )


def _whole(title: str, parts: Sequence[str]) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    view = '<meta name="viewport" content="width=device-width">'
    body = "\n".join([f"<h1>{escape(title)}</h1>", *parts])
    return f'<!doctype html>\n<html lang="en"><head>{head}{view}</head>\n<body>\n{body}\n</body></html>\n'


def _about(run: sa.RowMapping, summary: dict[str, Any]) -> str:
    began = datetime.fromtimestamp(run["started"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if run["code"] is None:
        return f"Begun {began}; not ended, or killed."
    said = [
        f"Begun {began}, {run['ended'] - run['started']:,.0f} seconds",
        f"exit code {run['code']}: {_ENDS.get(run['code'], 'unexpected')}",
        f"{summary.get('calls', 0):,} calls, {summary.get('refused_429', 0):,} refused for their pace",
    ]
    return "; ".join(said) + "." + (f" {summary['stopped']}" if summary.get("stopped") else "")


def _streams(streams: dict[str, dict[str, Any]]) -> str:
    if not streams:
        return "<p>No numbers: the run read no records, or has not ended.</p>"
    columns = [column for column in COLUMNS if any(counts.get(column) for counts in streams.values())]
    rows = [[stream, *(counts.get(column, 0) for column in columns)] for stream, counts in streams.items()]
    details = [
        [stream, kind.removesuffix("_by"), what, count]
        for stream, counts in streams.items()
        for kind, found in counts.items()
        if kind.endswith("_by")
        for what, count in sorted(found.items())
    ]
    shown = _table(["stream", *columns], rows)
    why = ["stream", "counted as", "why", "records"]
    return shown + (f"<h2>In detail</h2>\n{_table(why, details)}" if details else "")


def _reasons(counts: Counter[tuple[str, str, str]], left: dict[tuple[str, str, str], list[str]]) -> str:
    if not counts:
        told = "<code>osdi-crm-journal rejects</code> tells what stands from earlier runs"
        return f"<p>Nothing that was new in this run; {told}.</p>"
    rows = [[*what, number, _Keys(left[what])] for what, number in counts.most_common()]
    told = "The keys are hashes, as in the log; <code>osdi-crm-journal rejects</code> tells the rest."
    return _table(["stream", "outcome", "reason", "records", "some of their keys"], rows) + f"<p>{told}</p>"


class _Keys(list[str]):
    """Hashes of keys."""


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    def cell(value: Any) -> str:
        if isinstance(value, int):
            return f'<td class="number">{value:,}</td>'
        if isinstance(value, _Keys):
            return f"<td>{' '.join(f'<code>{each}</code>' for each in value)}</td>"
        return f"<td>{escape(str(value))}</td>"

    body = [list(row) for row in rows]
    kinds = [
        ' class="number"' if all(isinstance(row[column], int) for row in body) else "" for column in range(len(head))
    ]
    top = "".join(f"<th{kind}>{escape(title)}</th>" for kind, title in zip(kinds, head, strict=True))
    lines = "".join(f"<tr>{''.join(map(cell, row))}</tr>\n" for row in body)
    return f'<div class="wide"><table>\n<tr>{top}</tr>\n{lines}</table></div>\n'


def _chart(times: Sequence[tuple[float, str]]) -> str:
    """Stacked bars: how many records were settled when, by what became of them."""
    if not times:
        return "<p>No record was settled by this run that a later one has not settled again.</p>"
    begin, end = times[0][0], times[-1][0]
    width = next((each for each in _WIDTHS if (end - begin) / each < _MOST_BARS), (end - begin) / (_MOST_BARS - 1))
    bars: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for at, shown in times:
        bars[int((at - begin) / width)][shown] += 1
    count = max(bars) + 1
    highest = max(bar.total() for bar in bars.values())
    left, top, wide, high = 50, 10, 740, 160
    step, drawn = min(wide / count, 60), []
    for place, bar in sorted(bars.items()):
        foot = float(top + high)
        for shown, colour in _COLOURS.items():
            if tall := high * bar[shown] / highest:
                foot -= tall
                box = f'x="{left + place * step:.1f}" y="{foot:.1f}" width="{max(step - 1, 1):.1f}" height="{tall:.1f}"'
                told = f"{_clock(begin + place * width)}: {bar[shown]:,} {shown}"
                drawn.append(f'<rect {box} fill="{colour}"><title>{told}</title></rect>')
    line = f"M{left} {top}V{top + high}h{count * step:.0f}"
    axis = f'<path d="{line}" fill="none" stroke="currentColor" stroke-opacity=".4"/>'
    labels = [
        f'<text x="{left - 6}" y="{top + 8}" text-anchor="end">{highest:,}</text>',
        f'<text x="{left - 6}" y="{top + high}" text-anchor="end">0</text>',
        f'<text x="{left}" y="{top + high + 16}">{_clock(begin)} to {_clock(begin + count * width)}</text>',
    ]
    seen = {shown for _, shown in times}
    legend = "".join(
        f'<span class="key"><i style="background:{colour}"></i>{shown}</span>'
        for shown, colour in _COLOURS.items()
        if shown in seen
    )
    what = (
        f"Records settled, by {_span(width)}. Unchanged ones, and those that a later run settled again, are left out."
    )
    inner = "\n".join([axis, *labels, *drawn])
    drawing = (
        f'<svg viewBox="0 0 {left + wide + 10} {top + high + 24}" role="img" aria-label="{what}">\n{inner}\n</svg>'
    )
    return f"<figure>{drawing}<figcaption>{legend}<br>{what}</figcaption></figure>"


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %H:%M:%S")


def _span(seconds: float) -> str:
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return name if seconds == size else f"{seconds // size:g} {name}s"
    return "second" if seconds == 1 else f"{seconds:g} seconds"
