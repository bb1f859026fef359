"""The rows of `alerts`."""

from alerts.models.alert import Alert, AlertEvent, AlertGroup, EventCounter, LogEntry, StepClaim, TriageOpinion
from alerts.models.policy import EscalationPolicy, PolicySnapshot, PolicyStep, Route
from alerts.models.source import Report, Source

__all__ = [
    "Alert", "AlertEvent", "AlertGroup", "EscalationPolicy", "EventCounter", "LogEntry", "PolicySnapshot",
    "PolicyStep", "Report", "Route", "Source", "StepClaim", "TriageOpinion",
]  # fmt: skip
