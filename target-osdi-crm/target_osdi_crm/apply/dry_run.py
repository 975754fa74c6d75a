"""A dry run: decisions are noted instead of carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_osdi_crm.apply.written import Written, without_call
from target_osdi_crm.decide.decision import CALLS_NOBODY, planned_id
from target_osdi_crm.vendor import DELETE

if TYPE_CHECKING:
    from target_osdi_crm.apply.written import Decided
    from target_osdi_crm.decide.decision import Decision
    from target_osdi_crm.report.plan import Plan
    from target_osdi_crm.task import WriteTask


class DryRun:
    """Notes decisions."""

    def __init__(self, plan: Plan) -> None:
        """Note them in this plan."""
        self._plan = plan

    def carry_out(self, decided: Decided) -> list[Written | Exception]:
        """Note decisions; return what would come of each."""
        return [
            without_call(task, decision) if decision.action in CALLS_NOBODY else self._noted(task, decision)
            for task, decision in decided
        ]

    def _noted(self, task: WriteTask, decision: Decision) -> Written:
        action, order = decision.action, decision.order
        if action == DELETE or not order:
            self._plan.add(task.key, task.arrival.line, action)
            return Written(action)
        self._plan.add(
            task.key,
            task.arrival.line,
            action,
            fields=decision.fields,
            values={**order.values, **order.refers},
            consent=order.statuses,
            before=decision.found.record if decision.found else None,
        )
        channels = ",".join(sorted(task.shaped.consent)) or None
        return Written(action, decision.found.id if decision.found else planned_id(task.source_key), channels)
