"""The only maker of random values, a room for each subject; each strategy says what it never makes."""

from .answers import answers, replies
from .bills import Billed, bills, factors
from .bought import CreditAct, credit_acts
from .cards import MadeUp, made_up_cards, uneven_books
from .ledger import LEDGER_PRICES, LEDGER_SCOPES, Said, Verb, groupings, observations, provider_events, traces
from .lengths import CHECKED, Timed, asked_lengths, every_card, timed
from .outlooks import day_amounts, noise, questions
from .routing import Left, Taught, credits_left, demands, learned, policies, polls, rooms, verdicts
from .sandbox import fault_specs, json_texts
from .selling import Sold, amounts, any_sold, choices_of, days, offers, sold, sold_by_length, stated, usages
from .values import fractions, money, seconds
from .windows import budget_windows, local_instants

__all__ = [
    "CHECKED",
    "LEDGER_PRICES",
    "LEDGER_SCOPES",
    "Billed",
    "CreditAct",
    "Left",
    "MadeUp",
    "Said",
    "Sold",
    "Taught",
    "Timed",
    "Verb",
    "amounts",
    "answers",
    "any_sold",
    "asked_lengths",
    "bills",
    "budget_windows",
    "choices_of",
    "credit_acts",
    "credits_left",
    "day_amounts",
    "days",
    "demands",
    "every_card",
    "factors",
    "fault_specs",
    "fractions",
    "groupings",
    "json_texts",
    "learned",
    "local_instants",
    "made_up_cards",
    "money",
    "noise",
    "observations",
    "offers",
    "policies",
    "polls",
    "provider_events",
    "questions",
    "replies",
    "rooms",
    "seconds",
    "sold",
    "sold_by_length",
    "stated",
    "timed",
    "traces",
    "uneven_books",
    "usages",
    "verdicts",
]
