"""The router's errors. A caller can always tell *no* (Refused) from *unknown* (OutcomeUnknown).

RouterError
├── BadRequest          the request or policy itself is wrong
│   ├── BadMedia        a file that is missing, empty, truncated, not audio, too long
│   └── KeyReused       the key already belongs to another request
├── NotConfigured       no key for any provider that could serve the job
├── Refused             no: a rule, a budget, or every candidate said no; nothing was charged
│   └── QuoteStale      the price or the media changed since `decide`
├── ProviderError       the provider or the network failed; nothing was charged
│   ├── BadReply        an answer that is not what the provider documents
│   └── JobFailed       the provider ran the job and it failed
├── OutcomeUnknown      the provider may have charged: the hold stays until a probe, a bill or a person ends it
└── UnknownJob          no such job
"""


class RouterError(Exception):
    """Root. `str(error)` is the one line a person reads: what, the value, the limit, what to do."""

    code = "router"

    def __init__(
        self,
        message: str,
        *,
        value: str | None = None,
        limit: str | None = None,
        next: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(message if next is None else f"{message}; {next}")
        self.message, self.value, self.limit, self.next = message, value, limit, next


class BadRequest(RouterError):
    code = "bad_request"


class BadMedia(BadRequest):
    code = "bad_media"


class KeyReused(BadRequest):
    code = "key_reused"


class NotConfigured(RouterError):
    code = "no_key"


class Refused(RouterError):
    code = "refused"


class QuoteStale(Refused):
    code = "quote_stale"


class ProviderError(RouterError):
    code = "provider"


class BadReply(ProviderError):
    code = "bad_reply"

    def __init__(self, status: int, body: str) -> None:
        super().__init__(
            f"the provider answered HTTP {status} with something that is not its documented JSON", value=body
        )


class JobFailed(ProviderError):
    code = "job_failed"


class OutcomeUnknown(RouterError):
    code = "outcome_unknown"


class UnknownJob(RouterError):
    code = "unknown_job"
