"""Subscriptions told event by event, slowly and plainly: what states and labels are judged by."""

from collections import defaultdict

AFTER = {
    "trial_started": "trial",
    "started": "active",
    "paused": "paused",
    "resumed": "active",
    "cancel_scheduled": "leaving",
    "cancel_withdrawn": "active",
    "ended": "gone",
}
RANK = ("active", "paused", "trial", "leaving", "gone")
KINDS = (
    "trial_started", "started", "plan_changed", "paused", "resumed", "cancel_scheduled",
    "cancel_withdrawn", "ended",
)  # fmt: skip


class Subscription:
    """One subscription while its events are told in order."""

    def __init__(self):
        self.state = self.plan = self.mrr = self.mrr_before = None
        self.tried = self.started = self.paused = self.leaving = self.running = self.kept = False
        self.downgrades = []

    def tell(self, row):
        kind = row["kind"]
        if kind == "plan_changed" and None not in {row["mrr"], self.mrr}:
            self.downgrades += [row["happened_at"]] if row["mrr"] < self.mrr else []
        self.mrr = row["mrr"] if row["mrr"] is not None else self.mrr
        self.plan = row["plan"] if row["plan"] is not None else self.plan
        self.tried |= kind == "trial_started"
        self.started |= kind == "started"
        if kind in {"trial_started", "started", "ended", "resumed"}:
            self.paused = self.leaving = False
        if kind == "paused":
            self.paused = True
        if kind in {"cancel_scheduled", "cancel_withdrawn"}:
            self.leaving = kind == "cancel_scheduled"
        if kind != "plan_changed":
            self.running = kind != "ended"
            self.kept = self.kept if kind == "paused" else AFTER[kind] == "active"
            self.state = self._after(kind)

    def _after(self, kind):
        if kind == "cancel_withdrawn" and self.paused:
            return "paused"
        trial = self.tried and not self.started and AFTER[kind] == "active"
        return "trial" if trial else AFTER[kind]

    def in_order(self, kinds):
        """The kinds of one moment in the order in which they happened."""
        told = [kind for kind in KINDS if kind in kinds]
        starts = {"trial_started", "started"} & kinds
        swapped = set()
        if "ended" in kinds and starts and self.running:
            first = [kind for kind in ("cancel_scheduled", "cancel_withdrawn") if kind in kinds]
            if len(first) > 1 and self.leaving:
                first.reverse()
            return [*first, "ended", *(kind for kind in told if kind not in {*first, "ended"})]
        if "ended" in kinds and len(starts) > 1:
            rest = [kind for kind in told if kind not in {*starts, "ended"}]
            return ["trial_started", "ended", "started", *rest]
        if self.paused and not starts and "ended" not in kinds:
            swapped |= {"paused", "resumed"}
        if self.leaving and not starts and "ended" not in kinds:
            swapped |= {"cancel_scheduled", "cancel_withdrawn"}
        for one, other in (("paused", "resumed"), ("cancel_scheduled", "cancel_withdrawn")):
            if {one, other} <= kinds & swapped:
                a, b = told.index(one), told.index(other)
                told[a], told[b] = told[b], told[a]
        return told


def owner_of(who, merges, as_of):
    """Whom an account lives on as."""
    known = sorted(
        (m for m in merges if m["known_at"] < as_of and m["subscriber_id"] != m["merged_into"]),
        key=lambda m: (m["happened_at"], m["known_at"], m["merged_into"]),
    )
    links = {m["subscriber_id"]: m["merged_into"] for m in known}
    path = [who]
    while path[-1] in links and links[path[-1]] not in path:
        path.append(links[path[-1]])
    if path[-1] in links:  # a circle lives on as the least of its ids
        return min(path[path.index(links[path[-1]]) :])
    return path[-1]


def events_by_moment(rows, merges, as_of):
    """``{(owner, subscription): {moment: {kind: row}}}`` of what was known, newest version each."""
    told = defaultdict(lambda: defaultdict(dict))
    for row in sorted(rows, key=lambda row: row["known_at"]):
        if row["known_at"] < as_of:
            thing = owner_of(row["subscriber_id"], merges, as_of), row["subscription_id"]
            told[thing][row["happened_at"]][row["kind"]] = row
    return told


def subscriptions(rows, merges, as_of):
    """Every subscription as it stands, and when each owner's kept ones changed."""
    standing, kept = {}, defaultdict(dict)
    for (owner, thing), moments in events_by_moment(rows, merges, as_of).items():
        one = standing[owner, thing] = Subscription()
        for moment in sorted(moments):
            for kind in one.in_order(set(moments[moment])):
                one.tell(moments[moment][kind])
            kept[owner][moment, thing] = one.kept
    return standing, kept


def states(rows, merges, as_of):
    """The state of every owner of whom one is told."""
    best = {}
    for (owner, _), one in subscriptions(rows, merges, as_of)[0].items():
        if one.state:
            best[owner] = min(best.get(owner, "gone"), one.state, key=RANK.index)
    return best


def described(rows, merges, as_of):
    """Plan and mrr of every owner of one subscription alone, who pays for it."""
    standing = subscriptions(rows, merges, as_of)[0]
    owners = [owner for owner, _ in standing]
    return {
        owner: (one.plan, one.mrr)
        for (owner, _), one in standing.items()
        if owners.count(owner) == 1 and one.state in {"active", "leaving"}
    }


def leavings(rows, merges, known_until, grace):
    """Each owner's moments of leaving that last, and how many they keep after each moment."""
    left, counts = defaultdict(list), defaultdict(list)
    for owner, told in subscriptions(rows, merges, known_until)[1].items():
        keeps, before = {}, 0
        moments = sorted({moment for moment, _ in told})
        for moment in moments:
            keeps |= {thing: kept for (at, thing), kept in told.items() if at == moment}
            counts[owner].append((moment, sum(keeps.values())))
        for place, (moment, count) in enumerate(counts[owner]):
            after = counts[owner][place:]
            undone = any(kept and at < moment + grace for at, kept in after)
            left[owner] += [moment] if before and not count and not undone else []
            before = count
    return left, counts
