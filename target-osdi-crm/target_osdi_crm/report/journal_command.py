"""The command `osdi-crm-journal`: look into the journal, report, have records tried again, settle, erase."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from osdi_crm_client import stdout, work_dir
from osdi_crm_client.errors import ConfigurationError

from target_osdi_crm.journal import database, migration
from target_osdi_crm.journal.schema import OPT_OUTS, RECORDS, RUNS
from target_osdi_crm.journal.states import WRITTEN, Event, State
from target_osdi_crm.journal.store import DAY, happen
from target_osdi_crm.report import page

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = ("stream", "source_key", "outcome", "reason", "attempts", "at", "code", "words")
_LEFT_ALONE = (*WRITTEN, State.SKIPPED)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with 1 if the journal cannot be used."""
    chosen = _parser().parse_args(arguments)
    try:
        made = _opened(chosen)
        with stdout.for_people(), made.begin() as connection:
            chosen.work(connection, chosen)
        made.dispose()
    except (ConfigurationError, sa.exc.SQLAlchemyError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(1)


def _opened(chosen: argparse.Namespace) -> sa.Engine:
    """Open the journal that the options name.

    Raises:
        ConfigurationError: If there is none.
    """
    if chosen.journal or Path(chosen.work_dir).is_dir():
        url = database.address(chosen.journal, Path(chosen.work_dir))
        if made := database.opened(url, read_only=True):
            if chosen.work in {_status, _rejects, _report}:
                return made
            made.dispose()
            if made := database.opened(url, read_only=False):
                migration.carry_over(made)
                return made
    raise ConfigurationError("There is no journal yet: no run has written one here.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="osdi-crm-journal", description=__doc__)
    parser.add_argument("--work-dir", default=".osdi-crm", help="the target's work_dir (%(default)s)")
    parser.add_argument("--journal", help="the target's 'journal' setting: a file or a database address")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, work: Any, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        made.set_defaults(work=work)
        made.add_argument("--account", help="only this account")
        made.add_argument("--source", help="only this source")
        made.add_argument("--stream", help="only this stream")
        made.add_argument("--key", help="only the record with this key at the source")
        return made

    command("status", _status, "show what became of records, why some are not written, and the latest runs")
    command("rejects", _rejects, "list the records that are not written, and why")
    reporting = commands.add_parser("report", help="write a page about one run, which names nobody")
    reporting.set_defaults(work=_report)
    reporting.add_argument("--run", type=int, help="the run's number (the latest)")
    reporting.add_argument("--account", help="the latest run of this account")
    reporting.add_argument("--out", type=Path, help="the file (report.html in the working folder)")
    command("retry", _retry, "have rejected records tried again by the next run").add_argument(
        "--unknown",
        action="store_true",
        help="have records of unknown outcome sent again too: where they did arrive, that makes them twice",
    )
    settle = command("settle", _settle, "note that records of unknown outcome are written after all")
    settle.add_argument("--vendor-id", help="the vendor's id of the record named with --key")
    purge = command("purge", _purge, "erase records from the journal; if they come again, they count as never written")
    purge.add_argument("--older-than", type=float, metavar="DAYS", help="only records last written before so many days")
    purge.add_argument("--yes", action="store_true", help="do it")
    return parser


def _chosen(
    chosen: argparse.Namespace, *more: sa.ColumnElement[bool], records: sa.FromClause = RECORDS
) -> sa.ColumnElement[bool]:
    """The records that the options choose."""
    names = {"account": chosen.account, "source": chosen.source, "stream": chosen.stream, "source_key": chosen.key}
    return sa.and_(sa.true(), *more, *(records.c[name] == value for name, value in names.items() if value is not None))


def _status(connection: sa.Connection, chosen: argparse.Namespace) -> None:
    records = migration.records(connection.engine)
    of = (records.c.account, records.c.source, records.c.stream, records.c.state)
    query = sa.select(*of, sa.func.count()).where(_chosen(chosen, records=records)).group_by(*of)
    counts: Counter[tuple[str, ...]] = Counter()
    for *which, state, number in connection.execute(query):
        counts[*which, State(state).outcome] += number
    _table(("account", "source", "stream", "outcome", "records"), [[*of, counts[of]] for of in sorted(counts)])
    _reasons(connection, chosen, records)
    names = {"account": chosen.account, "source": chosen.source}
    mine = [RUNS.c[name] == value for name, value in names.items() if value is not None]
    latest = sa.select(RUNS).where(sa.true(), *mine).order_by(RUNS.c.run.desc()).limit(5)
    runs = connection.execute(latest).mappings()
    print()  # noqa: T201
    _table(
        ("run", "account", "source", "started", "seconds", "exit code"),
        [
            (
                run["run"],
                run["account"],
                run["source"],
                _time(run["started"]),
                f"{run['ended'] - run['started']:.0f}" if run["ended"] else "not ended",
                "" if run["code"] is None else run["code"],
            )
            for run in runs
        ],
    )


def _reasons(connection: sa.Connection, chosen: argparse.Namespace, records: sa.FromClause) -> None:
    """Tell why records are not written, the most frequent reason first."""
    of = (records.c.stream, records.c.state, records.c.reason)
    left = _chosen(chosen, records.c.state.not_in(_LEFT_ALONE), records=records)
    counts: Counter[tuple[str, ...]] = Counter()
    for stream, state, reason, number in connection.execute(sa.select(*of, sa.func.count()).where(left).group_by(*of)):
        counts[stream, State(state).outcome, reason or ""] += number
    if counts:
        print()  # noqa: T201
        found = sorted(counts, key=lambda of: (-counts[of], of))
        _table(("stream", "not written", "reason", "records"), [[*of, counts[of]] for of in found])


def _report(connection: sa.Connection, chosen: argparse.Namespace) -> None:
    file = chosen.out or work_dir.file(Path(chosen.work_dir), "report.html")
    text = page.page(connection, chosen.run, chosen.account)
    try:
        with work_dir.opened(file, "w") as out:
            out.write(text)
    except OSError as error:
        raise ConfigurationError(f"The report cannot be written to {file}: {error.strerror}.") from None
    print(f"The report stands in {file}.")  # noqa: T201


def _rejects(connection: sa.Connection, chosen: argparse.Namespace) -> None:
    records = migration.records(connection.engine)
    left = _chosen(chosen, records.c.state.not_in(_LEFT_ALONE), records=records)
    shown = [records.c["state" if name == "outcome" else name].label(name) for name in _COLUMNS]
    query = sa.select(*shown).where(left).order_by(records.c.stream, records.c.source_key)
    found = [dict(row) for row in connection.execute(query).mappings()]
    for row in found:
        row |= {"at": _time(row["at"]), "outcome": State(row["outcome"]).outcome}
    _table(_COLUMNS, [[row[name] or "" for name in _COLUMNS] for row in found])


def _retry(connection: sa.Connection, chosen: argparse.Namespace) -> None:
    asked = happen(connection, Event.ASK_TO_RETRY, _chosen(chosen))
    if chosen.unknown:
        asked += happen(connection, Event.ASK_TO_RESEND, _chosen(chosen))
    _tell(asked, "will be tried")


def _settle(connection: sa.Connection, chosen: argparse.Namespace) -> None:
    if chosen.vendor_id and not (chosen.key and chosen.stream):
        raise ConfigurationError("--vendor-id goes with --stream and --key.")
    is_newer = RECORDS.c.sent.is_not(None)
    newer, same = _chosen(chosen, is_newer), _chosen(chosen, ~is_newer)
    if vendor_id := chosen.vendor_id:
        settled = happen(connection, Event.SETTLE, same, vendor_id=vendor_id, fingerprint=RECORDS.c.tried)
        told, reason = "wait to be changed to what came since", "newer than what was settled"
        left = happen(connection, Event.SETTLE_OLDER, newer, vendor_id=vendor_id, reason=reason)
    else:
        settled = happen(connection, Event.SETTLE_WITHOUT_ID, same, fingerprint=RECORDS.c.tried)
        told, unknown = "came anew since: name their --vendor-id", RECORDS.c.state == State.UNKNOWN.value
        left = connection.execute(sa.select(sa.func.count()).select_from(RECORDS).where(newer, unknown)).scalar_one()
    _tell(settled, "count as written")
    if left:
        _tell(left, told)


def _purge(connection: sa.Connection, chosen: argparse.Namespace) -> None:
    which = _chosen(chosen)
    if chosen.older_than is not None:
        which = sa.and_(which, RECORDS.c.at < time.time() - chosen.older_than * DAY)
    if not chosen.yes:
        count = connection.execute(sa.select(sa.func.count()).select_from(RECORDS).where(which)).scalar()
        print(f"{count:,} records would be erased; if they come again, they may be written twice. Add --yes to do it.")  # noqa: T201
        return
    _tell(connection.execute(RECORDS.delete().where(which)).rowcount, "are erased")
    everything = [chosen.source, chosen.stream, chosen.key, chosen.older_than] == [None] * 4
    if everything:
        mine = sa.true() if chosen.account is None else OPT_OUTS.c.account == chosen.account
        connection.execute(OPT_OUTS.delete().where(mine))


def _tell(count: int, what: str) -> None:
    print(f"{count:,} records {what}.")  # noqa: T201


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _table(head: Sequence[str], rows: Any) -> None:
    lines = [[str(each) for each in row] for row in [head, *rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())  # noqa: T201
