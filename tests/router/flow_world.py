"""A real ledger, three scripted providers and a router over them: the world in which the flow is tried."""

from ledger import Ledger
from pricing import PriceBook, usd
from router import AvatarVideo, Patience, Policy, Router
from router.steps import Ask, Step

from .scripted import Clock, Scripted, done

CLIP = AvatarVideo("https://x.example/a.png", "https://x.example/a.mp3", seconds="9.4")
QUICK = Patience(wait_s=0, first_s=0.001, longest_s=0.001, probes=2, submit_s=0.01)
SCOPE = "acme/campaign-7"


class World:
    """A ledger with a budget, three scripted providers and a router over them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ledger = Ledger.open("sqlite://", clock=self.clock)
        self.ledger.set_budget("acme", usd("100"))
        self.fal = Scripted("fal", polls=[done(usd("1.00"))])
        self.runware = Scripted("runware")
        self.creatify = Scripted("creatify", missing="CREATIFY_API_KEY")
        self.steps: list[str] = []
        self.router = Router(
            PriceBook.shipped(), ledger=self.ledger, providers=self.providers, patience=QUICK, clock=self.clock,
            on_step=self.note,
        )  # fmt: skip

    @property
    def providers(self) -> dict[str, Scripted]:
        return {"fal": self.fal, "runware": self.runware, "creatify": self.creatify}

    def note(self, step: Step, _answer: object) -> None:
        if isinstance(step, Ask):
            self.steps.append(step.name)

    def run(self, clip: AvatarVideo = CLIP, key: str = "k", policy: Policy | None = None) -> object:
        return self.router.run(clip, key=key, scope=SCOPE, policy=policy)

    def held(self) -> object:
        return self.ledger.budgets(SCOPE)[0].held

    def state(self, key: str = "k") -> str:
        view = self.ledger.by_key(key)
        return view.state if view else "none"

    @property
    def posts(self) -> int:
        return sum(len(one.sent) for one in self.providers.values())
