"""Reads a request's files once, for choosing and sending. Asks no network and no database."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pricing import Usage

from .choose import Demand
from .errors import BadRequest
from .estimate import digest, measure
from .policy import Policy
from .request import AvatarVideo, Request, TemplateVideo, is_url, number
from .talk import Order

Media = Literal["image", "audio"]
NESTING_MAX = 32


@dataclass(frozen=True, slots=True)
class Brief:
    """A request, read: its demand, its order (attempt and offer still open), its local files and their digests."""

    request: Request
    demand: Demand
    order: Order
    files: Mapping[Media, Path]
    digests: Mapping[Media, str]
    """What each local file held when it was read."""
    describe: Mapping[str, object]
    """The request as plain JSON, local files by digest: what the ledger keeps and the key's hash covers."""

    def hash(self, scope: str, policy: Policy) -> str:
        """Identity of request, scope and policy; never of price or chosen offer."""
        whole = {"request": self.describe, "scope": scope, "policy": policy.describe()}
        return sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read(request: Request) -> Brief:
    """Measure the voice track and fingerprint the files. Raises BadMedia, BadRequest."""
    return _avatar(request) if isinstance(request, AvatarVideo) else _template(request)


def _avatar(request: AvatarVideo) -> Brief:
    files: dict[Media, Path] = {}
    digests: dict[Media, str] = {}
    described: dict[str, object] = {"kind": "avatar"}
    media_of: dict[Media, str | Path] = {"image": request.image, "audio": request.audio}
    for name, media in media_of.items():
        if is_url(media):
            described[name] = str(media)
        else:
            files[name] = path = Path(media)
            digests[name] = digest(path)
            described[name] = f"sha256:{digests[name]}"
    if "audio" in files:
        seconds = measure(files["audio"]).seconds
        usage = Usage.audio(seconds, known="measured")
    elif (stated := number(request.seconds)) is not None:
        seconds, usage = stated, Usage.audio(stated, known="stated")
    else:
        raise BadRequest(
            f"the length of {request.audio} is unknown",
            value=str(request.audio),
            next="give seconds= (--seconds), or a local file to measure",
        )
    described |= {
        "seconds": f"{seconds.normalize():f}",
        "resolution": request.resolution,
        "prompt": request.prompt,
        "guidance": _plain(number(request.guidance)),
        "audio_guidance": _plain(number(request.audio_guidance)),
        "outputs": request.outputs,
        "webhook_url": request.webhook_url,
    }
    order = Order(
        attempt="",
        offer="",
        settings={},
        kind="avatar",
        outputs=request.outputs,
        image="" if "image" in files else str(request.image),
        audio="" if "audio" in files else str(request.audio),
        prompt=request.prompt,
        guidance=number(request.guidance),
        audio_guidance=number(request.audio_guidance),
        webhook_url=request.webhook_url,
    )
    demand = Demand("avatar", usage, seconds, request.resolution, request.outputs)
    return Brief(request, demand, order, files, digests, described)


def _template(request: TemplateVideo) -> Brief:
    low, high = (Decimal(one) for one in request.seconds)
    try:
        variables: object = json.loads(
            _bounded(json.dumps(dict(request.variables), allow_nan=False, ensure_ascii=False))
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(
            f"the template's variables are not plain JSON: {error}", next="use text, numbers, lists, objects"
        ) from error
    described: dict[str, object] = {
        "kind": "template",
        "template_id": request.template_id,
        "variables": variables,
        "seconds": [_plain(low), _plain(high)],
        "resolution": request.resolution,
        "outputs": request.outputs,
        "webhook_url": request.webhook_url,
    }
    order = Order(
        attempt="",
        offer="",
        settings={},
        kind="template",
        outputs=request.outputs,
        template_id=request.template_id,
        variables=request.variables,
        webhook_url=request.webhook_url,
    )
    demand = Demand("template", Usage.video(low, high), high, request.resolution, request.outputs)
    return Brief(request, demand, order, {}, {}, described)


def _bounded(text: str) -> str:
    """Refuse what no provider reads: text that is no Unicode, or objects nested beyond reason. Raises ValueError."""
    text.encode()
    depth = 0
    for sign in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        depth += (sign in "[{") - (sign in "]}")
        if depth > NESTING_MAX:
            raise ValueError(f"nested deeper than {NESTING_MAX} levels")
    return text


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"
