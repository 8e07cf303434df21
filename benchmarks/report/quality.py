"""The tables of ``QUALITY.md`` that compare the model with a known truth."""

from benchmarks.measure import Measurement
from benchmarks.report.markdown import table
from perdura.models.evaluation.share_difference import Share


def held_to_truth(result: Measurement, subscribers: int) -> str:
    """How near the model comes to the oracle, and to actual survival."""
    if "failed" in result:
        return f"## Held to the truth\n\nFailed: {result['failed']}"
    shares = [
        ["risk", _percent(result["risk"]), "96 %", _number(result["calibration error"])],
        [
            "risk_voluntary",
            _percent(result["voluntary"]),
            "90 %",
            _number(result["voluntary error"]),
        ],
        ["risk_payment", _percent(result["payment"]), "90 %", _number(result["payment error"])],
        ["offer", _percent(result["expansion"]), "85 %", _number(result["offer error"])],
    ]
    survived = [
        [
            f"{month} months",
            *(_number(result[f"survival {month} {side}"]) for side in ("said", "came")),
        ]
        for month in (3, 6, 12)
    ]
    return "\n\n".join(
        [
            "## Held to the truth",
            _HELD.format(subscribers=subscribers, **_counts(result)),
            table(
                ["", "of the oracle's ROC AUC above 0.5", "required at least", "calibration error"],
                shares,
            ).strip(),
            table(["still there after", "predicted", "actual"], survived).strip(),
            *_by_band(result.get("by band", {})),
            _WORTH.format(
                ratio=result["CLTV, said over earned"], inside=result["within the bounds"]
            ),
        ]
    )


def causes_named(result: Measurement, subscribers: int) -> str:
    """How often reasons name the planted cause, cause by cause."""
    if "failed" in result:
        return f"## Planted causes among the reasons\n\nFailed: {result['failed']}"
    rows = [
        [
            cause["cause"],
            f"{cause['leavers']:,}",
            _percent(cause["leavers_named"]),
            _interval(cause["leavers_named"], cause["leavers"]),
            f"{cause['all']:,}",
            _percent(cause["all_named"]),
        ]
        for cause in result["causes"]
    ]
    return "\n\n".join(
        [
            "## Planted causes among the reasons",
            _CAUSES.format(subscribers=subscribers, seeds=result["seeds"]),
            table(["cause", "leavers", "named", "95 % interval", "all", "named"], rows).strip(),
        ]
    )


def _interval(share: float, total: int) -> str:
    if not total:
        return ""
    found = Share(round(share * total), total).interval
    return f"{_percent(found.low)} to {_percent(found.high)}"


def _by_band(result: dict[str, dict[str, float]]) -> list[str]:
    """Survival and CLTV of each band of risk; none for results of before it was measured."""
    rows = [
        [
            band,
            f"{of['people']:,}",
            *(f"{of[f'{month} said']:.3f}, {of[f'{month} came']:.3f}" for month in (3, 6, 12)),
            f"{of['CLTV']:.3f}",
        ]
        for band, of in result.items()
    ]
    head = [
        "band",
        "subscribers",
        *(f"{m} months: predicted, actual" for m in (3, 6, 12)),
        "CLTV predicted/earned",
    ]
    return [table(head, rows).strip()] if rows else []


def promoted(result: Measurement, subscribers: int) -> str:
    """How often a better challenger was promoted, and a worse one."""
    if "failed" in result:
        return f"## Thirty promotions\n\nFailed: {result['failed']}"
    rows = [
        [
            str(company["seed"]),
            f"{company['better']} of {company['asked']}",
            f"{company['worse']} of {company['asked']}",
        ]
        for company in result["companies"]
    ]
    why = [f"- {why}" for company in result["companies"] for why in company["not promoted"]]
    notes = ["Better models that were not promoted:", "\n".join(why)] if why else []
    return "\n\n".join(
        [
            "## Thirty promotions",
            _PROMOTED.format(subscribers=subscribers),
            table(["company", "better ones promoted", "worse ones promoted"], rows).strip(),
            *notes,
        ]
    )


def _counts(result: Measurement) -> dict[str, str]:
    names = {"rows": "judged rows", "leavers": "leavers", "followed": "followed"}
    return {name: f"{result[of]:,}" for name, of in names.items()}


def _number(share: float) -> str:
    return f"{share:.4f}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


_HELD = (
    "A simulated company of {subscribers:,} subscribers in its first two years, on which "
    "the model is trained; then every subscriber is followed for three years more. Test set: "
    "{rows} rows, {leavers} of them churned; {followed} subscribers followed. A cause is ranked "
    "against all other rows, leavers for the other cause among them."
)
_WORTH = (
    "Mean CLTV over three years, predicted over earned at the first day's price: {ratio:.3f} "
    "(required: 0.95 to 1.05). Earnings lie within the interval of {inside:.1%} of the "
    "subscribers; 80 % would be right, and more is where the upper bound is all of the three years."
)
_CAUSES = (
    "{seeds} companies of {subscribers:,} subscribers, 24 months each. Of the riskiest tenth of "
    "the test set, by the signal that truly adds most to the risk: how many leavers, and how many "
    "rows in all, have it among their first three reasons, as the model gives them that was "
    "evaluated and not fitted on these rows. Required: at least 95 % of leavers."
)
_PROMOTED = (
    "Three companies of {subscribers:,} subscribers, ten dates each. At each date two models are "
    "trained on what was known by then, one with all features and one without those of tickets; "
    "each challenges the other."
)
