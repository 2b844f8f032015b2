"""The shape of reports and forecasts as JSON: a contract, to which is only added. Computes nothing."""

from collections.abc import Sequence
from fractions import Fraction

from ledger import BurnDown, Cell, Forecast, Report

from .output import money


def forecast_json(found: Sequence[Forecast]) -> dict[str, object]:
    """The first one's fields, and `forecasts`: all of them, each with the same fields."""
    return dict(found[0].as_json()) | {"forecasts": [one.as_json() for one in found]}


def report_json(report: Report) -> dict[str, object]:
    first, after = report.period
    return {
        "title": report.title,
        "made_at": report.made_at.isoformat(),
        "period": {"start": first.isoformat(), "end": after.isoformat()},
        "tz": report.tz,
        "scope": report.scope,
        "totals": [
            {
                "currency": one.currency,
                "jobs": one.jobs,
                "held": money(one.held),
                "settled": money(one.settled),
                "provisional": money(one.provisional),
                "invoiced": money(one.invoiced),
                "exposed": money(one.exposed),
                "before": money(one.before),
            }
            for one in report.totals
        ],
        "by_day": _cells(report.by_day),
        "by_offer": _cells(report.by_offer),
        "by_scope": _cells(report.by_scope),
        "by_tag": _cells(report.by_tag),
        "grouping": list(report.grouping),
        "cells": _cells(report.cells),
        "burn_downs": [_burn_down(one) for one in report.burn_downs],
        "forecasts": [one.as_json() for one in report.forecasts],
        "breaks": [one.as_json() for one in report.breaks],
        "notes": list(report.notes),
        "unread": list(report.unread),
        **_credits(report),
        **_doubts(report),
    }


def _cells(cells: Sequence[Cell]) -> list[dict[str, object]]:
    return [
        {
            "keys": dict(one.keys),
            "currency": one.currency,
            "jobs": one.jobs,
            "held": money(one.held),
            "settled": money(one.settled),
            "provisional": money(one.provisional),
            "invoiced": money(one.invoiced),
        }
        for one in cells
    ]


def _burn_down(one: BurnDown) -> dict[str, object]:
    return {
        "scope": one.scope,
        "window": one.window,
        "currency": one.currency,
        "starts": None if one.starts is None else one.starts.isoformat(),
        "ends": None if one.ends is None else one.ends.isoformat(),
        "limit": money(one.limit),
        "points": [
            {"day": point.day.isoformat(), "spent": money(point.spent), "held": money(point.held)}
            for point in one.points
        ],
        "forecast": None if one.forecast is None else one.forecast.as_json(),
    }


def _credits(report: Report) -> dict[str, object]:
    return {
        "runways": [
            {
                "provider": one.provider,
                "currency": one.currency,
                "left": money(one.left),
                "cost_left": money(one.cost_left),
                "per_day": money(one.per_day),
                "exhausts_on": None if one.exhausts_on is None else one.exhausts_on.isoformat(),
                "lots": [
                    {
                        "lot": lot.lot,
                        "left": money(lot.left),
                        "cost_left": money(lot.cost_left),
                        "expires_on": None if lot.expires_on is None else lot.expires_on.isoformat(),
                    }
                    for lot in one.lots
                ],
            }
            for one in report.runways
        ],
        "accuracy": [
            {
                "offer": one.offer,
                "settings": dict(one.settings),
                "jobs": one.jobs,
                **{name: _ratio(getattr(one, name)) for name in ("p10", "p50", "p90", "worst")},
            }
            for one in report.accuracy
        ],
    }


def _doubts(report: Report) -> dict[str, object]:
    return {
        "exposures": [
            {
                "job": one.job,
                "scope": one.scope,
                "provider": one.provider,
                "state": one.state,
                "amount": money(one.amount),
                "since": one.since.isoformat(),
                "reason": one.reason,
            }
            for one in report.exposures
        ],
        "drift": [
            {
                "offer": one.offer,
                "settings": dict(one.settings),
                "card_price": one.card_price,
                "supported_price": one.supported_price,
                "charges": one.charges,
                "since": one.since.isoformat(),
                "text": one.text,
            }
            for one in report.drift
        ],
        "anomalies": [
            {
                "day": one.day.isoformat(),
                "what": one.what,
                "value": one.value,
                "usual": one.usual,
                "reason": one.reason,
            }
            for one in report.anomalies
        ],
        "refusals": [
            {
                "scope": one.scope,
                "reason": one.reason,
                "times": one.times,
                "asked": money(one.asked),
                "last_at": one.last_at.isoformat(),
                "detail": one.detail,
            }
            for one in report.refusals
        ],
    }


def _ratio(value: Fraction) -> str:
    """Four decimals, as text: no float is in the document."""
    tenths = round(value * 10_000)
    return f"{tenths // 10_000}.{tenths % 10_000:04}"
