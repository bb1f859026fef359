"""The rows of `alerts`."""

from alerts.models.alert import Alert, AlertEvent, AlertGroup, EventCounter, LogEntry, StepClaim, TriageOpinion
from alerts.models.feedback import Feedback
from alerts.models.flapping import Flapping
from alerts.models.foreign import ForeignAlert
from alerts.models.mapping import ReportMapping
from alerts.models.noise_report import NoiseReport
from alerts.models.policy import EscalationPolicy, PolicySnapshot, PolicyStep, Route
from alerts.models.replay import Replay
from alerts.models.rollup import AlertRollup, OpenSample, RollupProgress, StepRollup
from alerts.models.seen import SeenEvent
from alerts.models.silence import MaintenanceWindow, Silence, SilenceHold
from alerts.models.source import Report, Source
from alerts.models.subscription import Subscription
from alerts.models.suppression import Inhibition
from alerts.models.wall import Wall
from alerts.models.webhook import WebhookSecret

__all__ = [
    "Alert", "AlertEvent", "AlertGroup", "AlertRollup", "EscalationPolicy", "EventCounter", "Feedback", "Flapping", "ForeignAlert",
    "Inhibition", "LogEntry", "MaintenanceWindow", "NoiseReport", "OpenSample", "PolicySnapshot", "PolicyStep", "Replay", "Report",
    "ReportMapping", "RollupProgress", "Route", "SeenEvent", "Silence", "SilenceHold", "Source", "StepClaim", "StepRollup",
    "Subscription", "TriageOpinion", "Wall", "WebhookSecret",
]  # fmt: skip
