"""Who makes the job: choose under limits, submit once, follow, settle by evidence. Knows no database."""

from .async_client import AsyncRouter
from .batch import BatchResult, Made, Plan
from .choose import Candidate, Choice, Demand, Rejection
from .client import Router
from .desk import Decision
from .errors import (
    BadMedia,
    BadReply,
    BadRequest,
    JobFailed,
    KeyReused,
    NotConfigured,
    OutcomeUnknown,
    ProviderError,
    QuoteStale,
    Refused,
    RouterError,
    UnknownJob,
)
from .hints import read_webhook
from .plan import BatchJob, LeftOut, Share, Upgrade
from .policy import Policy
from .request import AvatarVideo, TemplateVideo
from .result import Output, Result, Variance
from .steps import Patience
from .webhooks import webhook_app

__all__ = [
    "AsyncRouter",
    "AvatarVideo",
    "BadMedia",
    "BadReply",
    "BadRequest",
    "BatchJob",
    "BatchResult",
    "Candidate",
    "Choice",
    "Decision",
    "Demand",
    "JobFailed",
    "KeyReused",
    "LeftOut",
    "Made",
    "NotConfigured",
    "OutcomeUnknown",
    "Output",
    "Patience",
    "Plan",
    "Policy",
    "ProviderError",
    "QuoteStale",
    "Refused",
    "Rejection",
    "Result",
    "Router",
    "RouterError",
    "Share",
    "TemplateVideo",
    "UnknownJob",
    "Upgrade",
    "Variance",
    "read_webhook",
    "webhook_app",
]
