"""What the fetchers share: an answer or one clear error, and the end of paging. No I/O."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date

from ..errors import ProviderError
from ..providers._http import line, read
from ..talk import Answer, Broken, Call

TRIES = 3
PAGES_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """The pages of one statement as they came, as plain JSON: numbers are int or Decimal."""

    provider: str
    source: str
    period: tuple[date, date]
    """First day, first day after: all of it was asked for, and all of it answered."""
    pages: tuple[object, ...]


def asked(call: Call, conceal: tuple[str, ...]) -> Generator[Call, Answer, object]:
    """The JSON that answers a look. What may pass is asked again, twice. Raises ProviderError."""
    why = ""
    for _ in range(TRIES):
        answer = yield call
        looked = read(answer)
        if not isinstance(looked, str):
            return looked.value
        why = line(looked, conceal)
        if not isinstance(answer, Broken) and answer.status not in (408, 429) and answer.status < 500:
            break
    raise ProviderError(f"{call.provider} does not tell its charges: {why}", value=call.provider)


def too_many(provider: str) -> ProviderError:
    return ProviderError(
        f"{provider} answers page after page without an end", value=provider, limit=str(PAGES_MOST), next="ask for less"
    )
