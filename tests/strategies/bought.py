"""What happens to credits bought in advance: purchases, charges, corrections, refunds, time, drawing."""

from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class CreditAct:
    """One act. Amounts are texts; never more than 80 credits for a job, nor a lot of nothing."""

    name: str
    job: int = 0
    amount: str = "0"
    cost: str = "0"
    days: int = 0
    """Until a lot expires (0: never), or by which the clock moves."""
    since: int = 0
    """Days before now from which a lot counts."""
    priority: int = 0


_ODD = st.sampled_from(["1", "3", "7", "10", "0.000000001", "2.333333333", "33.3", "80"])
_COSTS = st.sampled_from(["0", "0.000000001", "0.99", "1", "7.77", "33.333333333"])


def credit_acts(*, most: int = 14) -> st.SearchStrategy[list[CreditAct]]:
    """Any order of buying, charging, correcting (down to a refund of all), waiting and drawing."""
    days, back, rank = st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)
    buy = st.builds(CreditAct, st.just("buy"), st.integers(0, 4), _ODD, _COSTS, days, back, rank)
    charge = st.builds(CreditAct, st.just("charge"), st.integers(0, 3), _ODD | st.just("0"))
    wait = st.builds(CreditAct, st.just("wait"), days=st.integers(1, 2))
    return st.lists(buy | charge | charge | wait | st.just(CreditAct("draw")), max_size=most)
