"""Two tenants, a monthly budget each: clips are priced, chosen, started within it, and webhooks tell of their end."""

import asyncio
import hmac
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from ledger import JobView, Ledger, LedgerError
from pricing import Money, PriceBook, usd
from router import AvatarVideo, Patience, Policy, Router, RouterError, webhook_app

STATUS = {"refused": 402, "quote_stale": 409, "key_reused": 409, "bad_request": 422, "provider": 502}
RESUME_EVERY_S = 60
Link = Annotated[str, Field(pattern=r"^https?://", max_length=2000)]  # a path would be read from this server's disk
Amount = Annotated[str, Field(pattern=r"^\d{1,6}(\.\d{1,6})?$")]  # text: a JSON number would pass through a float


class Clip(BaseModel):
    """What a tenant asks for."""

    model_config = ConfigDict(extra="forbid")
    image: Link
    audio: Link
    seconds: Amount
    resolution: str | None = None
    max_usd: Amount | None = None


def tenant(request: Request, bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    """The scope of whoever holds this token."""
    tenants: Mapping[str, str] = request.app.state.tenants
    for token, name in tenants.items():
        if hmac.compare_digest(token.encode(), bearer.credentials.encode()):
            return f"tenants/{name}"
    raise HTTPException(401, "unknown token")


Scope = Annotated[str, Depends(tenant)]


def shown(view: JobView) -> dict[str, object]:
    charged = None if view.charged is None else view.charged.as_json()
    money = {"quoted": view.quoted.as_json(), "held": view.open.as_json(), "charged": charged}
    return {"job": view.id, "state": view.state, "offer": view.offer, **money, "clips": view.outputs}


def refuse(_: Request, error: Exception) -> JSONResponse:
    """A rule's no, or a machine's failure, as one JSON object."""
    words = {name: getattr(error, name, None) for name in ("code", "message", "value", "limit", "next")}
    return JSONResponse({"error": words}, STATUS.get(str(words["code"]), 503))


def create_app(database: str, tenants: Mapping[str, str], budget: Money, base: str, secret: str) -> FastAPI:
    """`tenants`: the name of each by its API token. `base`: this app's own public address."""
    ledger = Ledger.open(database)
    book, hooks = PriceBook.shipped(), f"{base}/hooks/{secret}"
    router = Router(book, ledger=ledger, patience=Patience(wait_s=0), webhooks=hooks)
    for name in tenants.values():
        ledger.set_budget(f"tenants/{name}", budget, window="month")

    async def resume() -> None:
        """See to whatever no webhook told of: a lost message, a restart in the middle."""
        while True:
            try:
                await asyncio.to_thread(router.resume)
            except (RouterError, LedgerError) as error:
                logging.getLogger("app").warning("resume: %s", error)
            await asyncio.sleep(RESUME_EVERY_S)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        with ledger, router:
            following = asyncio.create_task(resume())
            yield
            following.cancel()

    app = FastAPI(title="clips", lifespan=lifespan)
    app.state.tenants = tenants
    app.mount("/hooks", webhook_app(router, secret=secret))
    app.add_exception_handler(RouterError, refuse)
    app.add_exception_handler(LedgerError, refuse)

    @app.post("/clips", status_code=202)
    def make(clip: Clip, scope: Scope, idempotency_key: Annotated[str, Header(max_length=200)]) -> dict[str, object]:
        policy = Policy(max_cost=usd(clip.max_usd) if clip.max_usd else None)
        wanted = AvatarVideo(clip.image, clip.audio, clip.seconds, clip.resolution)
        decision = router.decide(wanted, policy, scope=scope)
        return look(router.start(decision, key=f"{scope}:{idempotency_key}"), scope)

    @app.get("/clips/{job}")
    def look(job: str, scope: Scope) -> dict[str, object]:
        view = ledger.job(job)
        if view is None or view.scope != scope:
            raise HTTPException(404, "no such clip")
        return shown(view)

    @app.get("/budget")
    def room(scope: Scope) -> list[dict[str, str]]:
        budgets = ledger.budgets(scope)
        return [
            {"scope": b.scope, "spent": f"{b.spent}", "held": f"{b.held}", "left": f"{b.available}"} for b in budgets
        ]

    return app


def from_env() -> FastAPI:
    env = os.environ
    tenants = dict(pair.split("=", 1) for pair in env["TENANTS"].split(","))  # token-1=a,token-2=b
    database, budget = env.get("FAREGATE_DB", "sqlite:///clips.db"), usd(env.get("BUDGET_USD", "20"))
    return create_app(database, tenants, budget, env["PUBLIC_URL"], env["WEBHOOK_SECRET"])
