"""A ledger with all that an export must say: several attempts, credits of two lots, refunds, invoices, open jobs."""

from datetime import timedelta
from decimal import Decimal

from pricing import Money, usd
from tests.ledger.world import FAL, World, credit, credits_quote, quote, world

ODD_TAGS = {"team": "=cmd|' /C calc'!A0", "note": 'a "quoted", comma\r\nline — ü'}


def rich(url: str | None = None) -> World:
    """Its charges: 1.40 and 1.54 (later 1.40, later 1.26) USD at fal, 11, 40 and 3 credits, 5 of them given back."""
    w = world("100", url)
    w.ledger.set_budget("acme/c7/deep", usd("50"), window="month")
    w.submitted("j1", "a1", tags=ODD_TAGS)
    w.settle(usd("1.40"), "j1", "a1")
    w.submitted("j2", "a2")
    w.settle(usd("1.54"), "j2", "a2", final=False)
    w.clock.forward(days=2, microseconds=17)
    w.settle(usd("1.40"), "j2", "a2", evidence="invoice", external_id="INV-1")
    w.settle(usd("1.26"), "j2", "a2", evidence="invoice", external_id="INV-2", revision=1)
    w.ledger.buy_credits("creatify", credit("7"), usd("1.01"), lot="L1", priority=1)
    expires = w.clock() + timedelta(days=30)
    w.ledger.buy_credits("creatify", credit("30"), usd("4.99"), lot="L2", priority=2, expires_at=expires)
    for job, amount in (("j3", "11"), ("j5", "40"), ("j6", "3")):
        bought(w, job, credit(amount), scope="acme/c7/deep" if job == "j6" else "acme/c7")
    w.settle(credit("6"), "j3", "a-j3", revision=1)
    w.hold("j4")
    w.hold("j7")
    w.begin("j7", "a7-1")
    w.ledger.outcome(job="j7", attempt="a7-1", outcome="refused", reason="turned away")
    price = quote("0.70", offer=f"{FAL}/fast")
    w.begin("j7", "a7-2", price=price)
    w.ledger.outcome(job="j7", attempt="a7-2", outcome="accepted", provider_job="-p7")
    w.settle(usd("0.700000001"), "j7", "a7-2", evidence="billing_event")
    w.submitted("j8", "a8")
    w.ledger.unknown(job="j8", attempt="a8", reason="no news")
    w.ledger.draw_credits("creatify")
    w.sound()
    return w


def bought(w: World, job: str, amount: Money, scope: str = "acme/c7") -> None:
    """A job paid in credits."""
    price = credits_quote(f"{amount.amount.quantize(Decimal(1))}")
    w.hold(job, price=price, scope=scope)
    w.begin(job, f"a-{job}", provider="creatify", price=price)
    w.ledger.outcome(job=job, attempt=f"a-{job}", outcome="accepted", provider_job=f"p-{job}")
    w.settle(amount, job, f"a-{job}")
