"""The only maker of random values, a room for each subject; each strategy says what it never makes."""

from .answers import answers, replies
from .bought import CreditAct, credit_acts
from .cards import MadeUp, made_up_cards, uneven_books
from .ledger import LEDGER_PRICES, LEDGER_SCOPES, Said, Verb, observations, provider_events, traces
from .lengths import CHECKED, Timed, asked_lengths, every_card, timed
from .outlooks import day_amounts, noise, questions
from .routing import demands, policies, rooms
from .sandbox import json_texts
from .selling import Sold, amounts, any_sold, choices_of, days, offers, sold, sold_by_length, stated, usages
from .values import fractions, money, seconds
from .windows import budget_windows, local_instants

__all__ = [
    "CHECKED",
    "LEDGER_PRICES",
    "LEDGER_SCOPES",
    "CreditAct",
    "MadeUp",
    "Said",
    "Sold",
    "Timed",
    "Verb",
    "amounts",
    "answers",
    "any_sold",
    "asked_lengths",
    "budget_windows",
    "choices_of",
    "credit_acts",
    "day_amounts",
    "days",
    "demands",
    "every_card",
    "fractions",
    "json_texts",
    "local_instants",
    "made_up_cards",
    "money",
    "noise",
    "observations",
    "offers",
    "policies",
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
]
