"""Which sources are not to be relied on."""

from perdura.sources.events import CONTACTS, PAYMENTS, TICKETS
from perdura.sources.landing.freshness import broken_since, degraded_sources, silent_since
from perdura.sources.landing.landing import Day, Landing
from tests.support.tables import at, events

MARCH = at("2026-03-01")


def landed(folder, table, *happened_at):
    Landing(folder).finish_day(MARCH.date(), Day(MARCH))
    rows = events(**{table.name: [{"kind": table.kinds[0], "happened_at": d} for d in happened_at]})
    Landing(folder).land(table, MARCH.date(), rows[table.name].collect())


def test_a_source_that_has_fallen_silent_is_degraded(tmp_path):
    landed(tmp_path, PAYMENTS, "2026-02-28")
    landed(tmp_path, TICKETS, "2026-02-20")
    assert [*degraded_sources(Landing(tmp_path), MARCH, 7)] == ["tickets"]
    assert not degraded_sources(Landing(tmp_path), MARCH, 9)


def test_only_what_was_known_by_then_counts(tmp_path):
    landed(tmp_path, PAYMENTS, "2026-02-01", "2026-03-01")
    assert [*degraded_sources(Landing(tmp_path), MARCH, 7)] == ["payments"]


def test_a_source_that_never_spoke_is_not_missed(tmp_path):
    landed(tmp_path, PAYMENTS, "2026-02-28")
    assert not degraded_sources(Landing(tmp_path), MARCH, 7)


def test_what_has_not_been_extracted_up_to_then_is_degraded(tmp_path):
    landed(tmp_path, PAYMENTS, "2026-02-28")
    assert [*degraded_sources(Landing(tmp_path), at("2026-03-02"), 7)] == ["payments"]


def test_what_the_last_extract_could_not_read_is_degraded(tmp_path):
    landed(tmp_path, PAYMENTS, "2026-02-28")
    Landing(tmp_path).finish_day(at("2026-02-20").date(), Day(at("2026-02-20"), ("usage",)))
    Landing(tmp_path).finish_day(MARCH.date(), Day(MARCH, ("tickets",)))
    assert [*degraded_sources(Landing(tmp_path), MARCH, 7)] == ["tickets"]


def test_each_is_said_with_why_and_what_to_do(tmp_path):
    landed(tmp_path, PAYMENTS, "2026-02-28")
    why = degraded_sources(Landing(tmp_path), at("2026-03-02"), 7)["payments"]
    assert "nothing has been extracted until 2026-03-02" in why
    assert "the newest row is of 2026-02-28" in why
    landed(tmp_path, PAYMENTS, "2026-02-20")
    Landing(tmp_path).finish_day(MARCH.date(), Day(MARCH, ("tickets",)))
    why = degraded_sources(Landing(tmp_path), MARCH, 7)
    assert "the extract until 2026-03-01 found no events there" in why["tickets"]
    assert "more than 7 days before the night" in why["payments"]


def test_a_source_is_broken_since_the_first_of_the_extracts_that_could_not_read_it(tmp_path):
    for day, degraded in [
        (1, ()),
        (2, ("contacts",)),
        (3, ()),
        (4, ("contacts",)),
        (5, ("contacts",)),
    ]:
        moment = at(f"2026-02-0{day}")
        Landing(tmp_path).finish_day(moment.date(), Day(moment, degraded))
    assert broken_since(Landing(tmp_path), CONTACTS, MARCH) == at("2026-02-04")
    assert broken_since(Landing(tmp_path), CONTACTS, at("2026-02-03")) is None
    assert broken_since(Landing(tmp_path), TICKETS, MARCH) is None


def test_contacts_that_came_every_week_and_stopped_are_missed_and_rare_ones_are_not():
    def contacts(every_days: int):
        days = [f"2026-01-{day:02}" for day in range(1, 29, every_days)]
        rows = [{"kind": "contacted", "happened_at": day} for day in days]
        return events(contacts=rows)["contacts"]

    assert silent_since(contacts(1), at("2026-03-01")) == at("2026-01-28")
    assert silent_since(contacts(1), at("2026-02-05")) is None
    assert silent_since(contacts(14), at("2026-03-01")) is None
    assert silent_since(events()["contacts"], MARCH) is None
