"""Why a model falls short, as far as its rows show, and which setting to try."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from perdura.models.dataset.single_class import longer
from perdura.models.dataset.source_coverage import SourceFacts
from perdura.models.evaluation.risk_level import Level
from perdura.models.params import TrainingParams
from perdura.sources.counted import counted, either

#: Fewer churners than this decide little: a rate of theirs is a fifth off by chance alone.
FEW_LEAVERS = 50
#: Relative difference from which rates differ; below it, chance or the curve's shape is likelier.
_APART = 0.15
_YEAR = timedelta(days=365)
_NEAR = timedelta(days=16)
_CLOSER_DATES = "training.step_days = 7, so that the newest date which has closed is a newer one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is known of the rows that a model was fitted and evaluated on.

    Attributes:
        rates: One row per date with known outcomes, oldest first: ``as_of``, ``rows``, ``left``,
            ``rate``.
        test_rows: The test rows: ``as_of``, ``churned``, ``risk``.
        fitted_leavers: Number of churners in the fit set.
        params: The parameters of the training.
        level: The outcomes that set the level of the risks, if any had closed.
        facts: What the sources hold, if known.
    """

    rates: pl.DataFrame
    test_rows: pl.DataFrame
    fitted_leavers: int
    params: TrainingParams
    level: Level | None = None
    facts: SourceFacts | None = None

    def level_off(self) -> str:
        """How the risks are off, at which dates, what likely causes it, what to try."""
        predicted, observed = self._mean("risk"), self._mean("churned")
        if abs(predicted - observed) < _APART * observed:
            return self._riskiest_tenth_off()
        means = self.test_rows.group_by("as_of").agg(pl.col("risk", "churned").mean()).sort("as_of")
        dates = [
            f"{as_of:%Y-%m-%d} ({risk:.1%} predicted, {rate:.1%} left)"
            for as_of, risk, rate in means.rows()
        ]
        high = predicted > observed
        return (
            f"they are too {'high' if high else 'low'} at {' and '.join(dates)}. "
            f"{self._level_cause(high=high)}"
        )

    def ranks_badly(self) -> str:
        """What likely causes a ranking like a coin's, and what to try."""
        if few := self.few_leavers():
            return few
        if self.facts and self.facts.missing:
            tables = _either(self.facts.missing)
            return (
                f"Likely cause: nothing has landed in {tables}, and what is left says little of "
                f"leaving. To try: map a source of {tables}, extract and train again"
            )
        return (
            "Likely cause: these tables say little about leaving. To try: a source that says "
            "more (usage, tickets, ratings), or a longer window, churn.horizon_days = "
            f"{2 * self.params.horizon_days} (now {self.params.horizon_days})"
        )

    def line_is_better(self) -> str:
        """Why logistic regression may be better than trees, and what to try."""
        cause = (
            f"Likely cause: {counted(self.fitted_leavers, 'leaver')} "
            f"{either(self.fitted_leavers, 'was', 'were')} fitted, and trees take more of them "
            "than a line does, or leaving goes by few columns, each on its own. To try: "
        )
        if self.facts and self.facts.missing:
            tables = _either(self.facts.missing)
            return f"{cause}map a source of {tables}, in which trees find what no line does"
        if self.params.split == "subscribers":
            return f"{cause}train again when more have left"
        return f"{cause}perdura tune, which looks for smaller trees, or a longer history"

    def no_lift(self) -> str:
        """Why the riskiest subscribers may show no lift, and what to try."""
        return self.few_leavers() or (
            "Likely cause: it recognises those who stay better than those who leave first. To "
            "try: set support.calls to the number of subscribers that support can call on one day "
            f"(now {self.params.calls})"
        )

    def unsteady(self, leavers: Iterable[int]) -> str:
        """Why it may fail in some backtests, and what to try.

        Args:
            leavers: Number of churners at each of their dates.
        """
        counts = list(leavers)
        if counts and min(counts) < FEW_LEAVERS:
            return (
                f"Likely cause: few left at these dates ({', '.join(map(str, counts))}), so that "
                f"chance decides. To try: {self._longer()}"
            )
        return (
            "Likely cause: what goes before leaving, or how many leave, changed between these "
            f"dates. To try: {self._newer_level()}"
        )

    def _level_cause(self, *, high: bool) -> str:
        facts = self.facts
        if high and facts and facts.silent:
            return (
                f"Likely cause: the newest event in {facts.telling} is of {facts.newest:%Y-%m-%d}, "
                f"and outcomes were counted until {facts.known_until:%Y-%m-%d}, so that who left "
                "in between counts as having stayed. To try: perdura train --until "
                f"{facts.export_ended:%Y-%m-%d}, or extract what has happened since"
            )
        now = self._mean("churned")
        then = self.level and self.level.leavers / self.level.rows
        if season := self._season(then, high=high):
            return season
        if few := self.few_leavers():
            return few
        moved = "fell" if high else "rose"
        if then and abs(then - now) > _APART * now and (then > now) == high:
            return (
                f"Likely cause: the rate of leaving {moved} from {then:.1%} to {now:.1%} after "
                f"the dates that it was calibrated on. To try: {self._newer_level()}"
            )
        return f"Likely cause: the subscribers have changed. To try: {self._newer_level()}"

    def _season(self, then: float | None, *, high: bool) -> str | None:
        """The season as the cause, where the rates of a year before moved the same way."""
        known: list[float] = []
        for as_of in self.test_rows["as_of"].unique().sort():
            moment = pl.lit(as_of - _YEAR)
            near = self.rates.filter((pl.col("as_of") - moment).abs() <= _NEAR)
            left, rows = (near[name].to_numpy().astype(float).sum() for name in ("left", "rows"))
            if rows:
                known.append(float(left / rows))
        if not known or not then:
            return None
        before = sum(known) / len(known)
        if not (before < (1 - _APART) * then if high else before > (1 + _APART) * then):
            return None
        return (
            f"Likely cause: the season. A year before, {before:.1%} left at these dates, too, and "
            f"{then:.1%} at those that the level of the risks comes from. To try: "
            f"{self._newer_level()}. Or train again next month, when newer outcomes have closed; "
            "the order of the risks is not touched by it"
        )

    def _newer_level(self) -> str:
        """The settings with which newer outcomes set the level."""
        params = self.params
        old = self.level.age_days if self.level else params.gap_days
        tries: list[str] = []
        if params.churn == "contract" and params.grace_days:
            tries.append(f"churn.grace_days = {params.grace_days // 2} (now {params.grace_days})")
        tries.append(_CLOSER_DATES)
        return f"{' and '.join(tries)}: the level of the risks was {counted(old, 'day')} old"

    def few_leavers(self) -> str | None:
        """Too few churners as the cause, and what to try; ``None`` where there are enough."""
        left = int(self.test_rows["churned"].sum())
        least = min(left, self.fitted_leavers)
        if least >= FEW_LEAVERS:
            return None
        where = "evaluated" if left == least else "fitted"
        return (
            f"Likely cause: too few leavers, {least:,} of those {where}, and it takes about "
            f"{FEW_LEAVERS} of them. To try: {self._longer()}"
        )

    def _longer(self) -> str:
        dates = self.rates["as_of"]
        known = timedelta(days=self.params.gap_days)
        return longer(self.params, dates.max() - dates.min() + known, 2)  # pyright: ignore[reportOperatorIssue, reportArgumentType, reportOptionalOperand]

    def _riskiest_tenth_off(self) -> str:
        """How the riskiest tenth is off where the mean is right, and the likely cause."""
        tenth = self.test_rows.filter(pl.col("risk") >= self.test_rows["risk"].quantile(0.9))
        predicted, observed = (tenth[name].cast(pl.Float64).mean() for name in ("risk", "churned"))
        way = "high" if predicted > observed else "low"  # pyright: ignore[reportOperatorIssue, reportOptionalOperand]
        cause = self.few_leavers() or (
            "Likely cause: trees that are too bold, or what goes before leaving has changed. To "
            "try: perdura tune, which looks for smaller trees"
        )
        return (
            f"they are right on average and too {way} among the riskiest tenth ({predicted:.1%} "
            f"predicted, {observed:.1%} left). {cause}"
        )

    def _mean(self, name: str) -> float:
        return float(self.test_rows[name].cast(pl.Float64).to_numpy().mean())


def rates_by_date(rows: pl.DataFrame, non_churners: float, sampled: list[datetime]) -> pl.DataFrame:
    """The churn rate at each date with known outcomes, as in ``Diagnosis.rates``.

    Args:
        rows: ``as_of``, ``churned``.
        non_churners: Share of the non-churners that is present at the ``sampled`` dates.
        sampled: The dates that are fitted.
    """
    weight = pl.when(~pl.col("churned") & pl.col("as_of").is_in(sampled)).then(1 / non_churners)
    return (
        rows.filter(pl.col("churned").is_not_null())
        .group_by("as_of")
        .agg(rows=weight.otherwise(1.0).sum(), left=pl.col("churned").sum())
        .sort("as_of")
        .with_columns(rate=pl.col("left") / pl.col("rows"))
    )


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
