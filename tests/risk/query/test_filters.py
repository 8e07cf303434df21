"""One declaration of filters: what the API, the page of today's list and MCP take is made of it."""

from inspect import signature

import pytest

from perdura.risk.api.app import app_of
from perdura.risk.api.app_state import ApiSettings
from perdura.risk.desk.list_filters import ON_PAGE, filters_of, page_filters
from perdura.risk.integrations.mcp_filters import filters_of as filters_of_assistant
from perdura.risk.integrations.mcp_filters import with_filters
from perdura.risk.query.filters import Filters, Keeps, conditions

LISTS = ("/v1/current", "/v1/accounts", "/v1/export")


def test_every_filter_says_which_rows_it_keeps():
    for name, info in Filters.model_fields.items():
        assert [type(note) for note in info.metadata].count(Keeps) == 1, name
        assert info.description, name


@pytest.mark.parametrize("path", LISTS)
def test_every_list_of_the_api_takes_every_filter(path, tmp_path):
    document = app_of(ApiSettings(url=f"sqlite:///{tmp_path}/risk.db")).openapi()
    parameters = [one["name"] for one in document["paths"][path]["get"]["parameters"]]
    assert [name for name in parameters if name in Filters.model_fields] == list(
        Filters.model_fields
    )


def test_the_page_takes_a_word_for_each_of_its_filters():
    shown = filters_of({"plan": "pro", "state": "", "group": "control", "new": "1", "band": "none"})
    assert shown.query == "plan=pro&state=&new=1&group=control"
    found = shown.filters
    assert (found.band, found.plan, found.state) == (["high"], ["pro"], [])
    assert (found.held_out, found.new, found.cause) == (True, True, None)


def test_no_word_of_an_address_is_another_filter_than_it_names():
    for name, (field, how) in ON_PAGE.items():
        for word in (*how.choices, *how.words) or ("a text",):
            given, default = page_filters(**{name: word}).filters, page_filters().filters
            assert given.model_copy(update={field: getattr(default, field)}) == default


def test_a_filter_for_assistants_is_a_parameter_that_takes_one_value():
    def tool(top: int = 10, **filters: str) -> dict[str, str]:
        """A tool."""
        return filters | {"top": str(top)}

    made = with_filters(tool)
    assert list(signature(made).parameters) == ["top", "band", "plan", "country"]
    assert (made.__name__, made.__doc__) == ("tool", "A tool.")
    assert made(top=3, band="high") == {"band": "high", "top": "3"}
    found = filters_of_assistant({"band": "high", "plan": None, "country": "ES"})
    assert (found.band, found.plan, found.country, found.held_out) == (["high"], [], ["ES"], False)


def test_a_filter_that_says_nothing_keeps_every_row():
    said = Filters(state=[], new=False)
    assert [str(one) for one in conditions(said)] == ["true"]
