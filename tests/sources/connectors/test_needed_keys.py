"""What is said of keys that a list has not got."""

from perdura.sources.connectors.needed_keys import absent_keys, absent_words


def said(*keys: str) -> str:
    objects = [dict.fromkeys(keys, "x")] * 3
    return absent_words("a.jsonl", "invoices", absent_keys(objects, [("customer",)]))


def test_the_nearest_key_is_named_where_there_is_one():
    assert "did you mean customers? Was it renamed?" in said("customers", "amount")


def test_the_keys_that_are_there_end_with_a_full_stop():
    assert said("client", "amount").endswith(". Was it renamed?")


def test_a_list_that_has_the_key_says_nothing():
    assert said("customer") == ""
