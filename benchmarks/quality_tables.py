"""The tables of ``QUALITY.md`` that tell how near the model comes to a known truth."""

from benchmarks.markdown import table
from benchmarks.measure import Told


def held_to_truth(told: Told, subscribers: int) -> str:
    """How near the model comes to the oracle, and to what came."""
    if "failed" in told:
        return f"## Held to the truth\n\nFailed: {told['failed']}"
    shares = [
        ["risk", _percent(told["risk"]), "96 %", _number(told["calibration error"])],
        ["risk_voluntary", _percent(told["voluntary"]), "90 %", _number(told["voluntary error"])],
        ["risk_payment", _percent(told["payment"]), "90 %", _number(told["payment error"])],
        ["offer", _percent(told["expansion"]), "85 %", _number(told["offer error"])],
    ]
    survived = [
        [f"{month} months", *(_number(told[f"survival {month} {who}"]) for who in ("said", "came"))]
        for month in (3, 6, 12)
    ]
    return "\n\n".join(
        [
            "## Held to the truth",
            _HELD.format(subscribers=subscribers, **_counts(told)),
            table(
                ["", "of the oracle's ROC AUC above 0.5", "asked at least", "calibration error"],
                shares,
            ).strip(),
            table(["still there after", "said", "came"], survived).strip(),
            *_by_band(told.get("by band", {})),
            _WORTH.format(ratio=told["CLTV, said over earned"], inside=told["within the bounds"]),
        ]
    )


def causes_named(told: Told, subscribers: int) -> str:
    """How often reasons name the planted cause, cause by cause."""
    if "failed" in told:
        return f"## Planted causes among the reasons\n\nFailed: {told['failed']}"
    rows = [
        [
            cause["cause"],
            f"{cause['leavers']:,}",
            _percent(cause["leavers_named"]),
            f"{cause['all']:,}",
            _percent(cause["all_named"]),
        ]
        for cause in told["causes"]
    ]
    return "\n\n".join(
        [
            "## Planted causes among the reasons",
            _CAUSES.format(subscribers=subscribers, seeds=told["seeds"]),
            table(["cause", "leavers", "named", "all", "named"], rows).strip(),
        ]
    )


def _by_band(told: dict[str, dict[str, float]]) -> list[str]:
    """Survival and CLTV of each band of risk; nothing of results measured before there was any."""
    rows = [
        [
            band,
            f"{of['people']:,}",
            *(f"{of[f'{month} said']:.3f}, {of[f'{month} came']:.3f}" for month in (3, 6, 12)),
            f"{of['CLTV']:.3f}",
        ]
        for band, of in told.items()
    ]
    head = ["band", "people", *(f"{m} months: said, came" for m in (3, 6, 12)), "CLTV said/earned"]
    return [table(head, rows).strip()] if rows else []


def promoted(told: Told, subscribers: int) -> str:
    """How often a better challenger was promoted, and a worse one."""
    if "failed" in told:
        return f"## Thirty promotions\n\nFailed: {told['failed']}"
    rows = [
        [
            str(one["seed"]),
            f"{one['better']} of {one['asked']}",
            f"{one['worse']} of {one['asked']}",
        ]
        for one in told["companies"]
    ]
    why = [f"- {why}" for one in told["companies"] for why in one["not promoted"]]
    said = ["Where a better one was not:", "\n".join(why)] if why else []
    return "\n\n".join(
        [
            "## Thirty promotions",
            _CROWNED.format(subscribers=subscribers),
            table(["company", "better ones promoted", "worse ones promoted"], rows).strip(),
            *said,
        ]
    )


def _counts(told: Told) -> dict[str, str]:
    names = {"rows": "judged rows", "leavers": "leavers", "followed": "followed"}
    return {name: f"{told[of]:,}" for name, of in names.items()}


def _number(share: float) -> str:
    return f"{share:.4f}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


_HELD = (
    "A simulated company of {subscribers:,} subscribers in its first two years, which are learnt "
    "from; then everybody is followed for three years more. Judged on {rows} rows, of which "
    "{leavers} left; {followed} people followed. A cause is ranked against everybody else, "
    "leavers for the other cause among them."
)
_WORTH = (
    "Mean CLTV over three years, said over earned at the first day's price: {ratio:.3f} (asked "
    "0.95 to 1.05). What was earned lies between each person's bounds for {inside:.1%} of them; "
    "80 % would be right, and more is where the upper bound is all of the three years."
)
_CAUSES = (
    "{seeds} companies of {subscribers:,} subscribers, 24 months each. Of the riskiest tenth of "
    "the judged rows, by the signal that truly adds most to the risk: how many of those who left, "
    "and of all, have it among their first three reasons. Asked: at least 95 % of leavers."
)
_CROWNED = (
    "Three companies of {subscribers:,} subscribers, ten dates each. At each date two models are "
    "made from what was known by then, one of everything and one without what tickets tell, and "
    "each challenges the other."
)
