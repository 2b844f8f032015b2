"""How a table of somebody's is read: a declared mapping in TOML. Says which column is what; never guesses one.

provider = "acme"
complete = true                      # no line of the period is missing
[file]
delimiter = ";"                      # default ,
skip = 2                             # lines above the header
decimal = ","                        # default .
thousands = "."                      # default none
date = "%d.%m.%Y %H:%M"              # default: ISO; without a zone in it, `zone` counts
zone = "Europe/Berlin"               # default UTC
sign = "negative"                    # charges are written as negative numbers; default positive
[columns]                            # our word = the header's; `amount` is needed
amount = "Total"
charged_at = "Date"
provider_job = "Request"
[constants]                          # what no column says: any of our words
currency = "USD"
[kinds]                              # the words of the column `kind`
"Gutschrift" = "refund"
"""

import re
import tomllib
from decimal import Decimal
from typing import Annotated, Literal, NoReturn, Self, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from ..errors import BadStatement
from ..instants import zone
from .lines import LineKind
from .raw import Place, text_of

Word = Literal[
    "key",
    "kind",
    "amount",
    "currency",
    "charged_at",
    "period_start",
    "period_end",
    "provider_job",
    "attempt",
    "sku",
    "quantity",
    "unit",
    "unit_price",
    "list_amount",
    "credit_value",
    "invoice",
    "count",
    "priced",
    "priced_currency",
]
FIELDS: tuple[str, ...] = get_args(Word)
LARGEST = 100_000
_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FileShape(_Model):
    """How cells are written."""

    delimiter: Annotated[str, StringConstraints(pattern=r"^[,;|\t]$")] = ","
    skip: Annotated[int, Field(ge=0, le=1000)] = 0
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    date: Annotated[str, StringConstraints(min_length=2, max_length=60)] | None = None
    """As for strptime. None: ISO, 2026-11-18 or 2026-11-18T09:30:00Z."""
    zone: str = "UTC"
    sign: Literal["positive", "negative"] = "positive"

    @model_validator(mode="after")
    def _tell_apart(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"thousands cannot be {self.thousands!r} too: decimal is")
        zone(self.zone)
        return self


class Mapping(_Model):
    """A whole mapping."""

    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
    complete: bool = False
    file: FileShape = FileShape()
    columns: dict[Word, _Name]
    constants: dict[Word, _Name] = Field(default_factory=dict[Word, _Name])
    kinds: dict[_Name, LineKind] = Field(default_factory=dict[_Name, LineKind])

    @model_validator(mode="after")
    def _says_enough(self) -> Self:
        twice = sorted(self.columns.keys() & self.constants.keys())
        if twice:
            raise ValueError(f"{twice[0]} is both a column and a constant; keep one")
        said = self.columns.keys() | self.constants.keys()
        for one in ("amount", "currency"):
            if one not in said:
                raise ValueError(f"nothing says the {one}; add {one} to [columns] or [constants]")
        if "charged_at" not in said and not {"period_start", "period_end"} <= said:
            raise ValueError("nothing says when; add charged_at, or period_start and period_end, to [columns]")
        if "priced" in said and "priced_currency" not in said:
            raise ValueError("priced needs priced_currency beside it")
        if "kind" in self.columns and not self.kinds:
            raise ValueError("a column says the kind, but [kinds] does not say which of its words means what")
        return self

    @property
    def per_job(self) -> bool:
        """Whether it names jobs at all."""
        return bool({"provider_job", "attempt"} & (self.columns.keys() | self.constants.keys()))


def read_mapping(data: str | bytes, file: str) -> Mapping:
    """Raises BadStatement in one line: file, line, key, value, what to do."""
    text = text_of(data, file)
    if len(text) > LARGEST:
        raise Place(file).fault("", f"is larger than {LARGEST} characters", next="is it a mapping?")
    try:
        return Mapping.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        place = Place(file, f"line {at[1]}" if at else "")
        raise place.fault("", f"is not TOML ({error})", next="correct it") from None
    except ValidationError as error:
        _refuse(error, text, file)
    except BadStatement:
        raise
    except (ValueError, RecursionError):
        raise Place(file).fault("", "holds a number or a nesting beyond all bounds", next="correct it") from None


def _refuse(error: ValidationError, text: str, file: str) -> NoReturn:
    first = error.errors()[0]
    steps = [str(step) for step in first["loc"] if step != "[key]"]
    message, value = first["msg"].removeprefix("Value error, "), cast("object", first["input"])
    following: str | None = None
    match first["type"]:
        case "missing":
            message, value = "is missing", None
        case "extra_forbidden" | "literal_error":
            known = FIELDS if steps[0] in ("columns", "constants") else ()
            message = "is none of the known words"
            following = f"known: {', '.join(known)}" if known else f"{first['msg'].removeprefix('Input should be ')}"
        case _:
            pass
    shown = None if isinstance(value, dict) else value
    raise Place(file, _line_of(steps, text)).fault(".".join(steps), message, shown, following)


def _line_of(steps: list[str], text: str) -> str:
    """The first line that begins with the last of these words as its key; empty where none does."""
    for step in reversed(steps):
        pattern = re.compile(rf"""^\s*(\[\s*)?["']?{re.escape(step)}["']?\s*[=\]]""")
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.match(line):
                return f"line {number}"
    return ""
