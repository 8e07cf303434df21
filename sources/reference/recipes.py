"""Recipes of the mapping language: a small file as a vendor gives it, the mapping, what lands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRecipe:
    """One recipe.

    Attributes:
        title: What it is for.
        why: In a sentence or two.
        files: Their text by name.
        mapping: The mapping of them.
        shows: Columns of the landed events to show.
    """

    title: str
    why: str
    files: dict[str, str]
    mapping: str
    shows: tuple[str, ...] = ("subscriber_id", "happened_at", "kind")


RECIPES = (
    MappingRecipe(
        title="One row per subscription, with its start and its end",
        why=(
            "One row holds several events, each at a time of its own. An empty time is no event. "
            "`interval_months = 1` is a number and stands for itself; a text is quoted twice."
        ),
        files={
            "subs.csv": (
                "id,customer,plan,price,start,cancelled,ended\n"
                "s1,ann,pro,30.00,2026-01-03,2026-04-20,2026-05-03\n"
                "s2,bob,basic,10.00,2026-02-01,,\n"
            )
        },
        mapping="""
[subscriptions]
file = "subs.csv"
subscriber_id = "customer"
subscription_id = "id"
plan = "plan"
interval_months = 1
currency = "'EUR'"
types = { price = "number" }

[[subscriptions.event]]
kind = "'started'"
happened_at = "start"
mrr = "ROUND(price * 100)"

[[subscriptions.event]]
kind = "'cancel_scheduled'"
happened_at = "cancelled"

[[subscriptions.event]]
kind = "'ended'"
happened_at = "ended"
mrr = 0
reason = "'voluntary'"
""",
        shows=("subscriber_id", "happened_at", "kind", "mrr"),
    ),
    MappingRecipe(
        title="One row per paid term",
        why=(
            "Each row is a term, and the next starts when the last ends, under the same id. What "
            "ends and starts at one moment goes on; the extract says how often that was so."
        ),
        files={
            "terms.csv": (
                "account,product,first_day,after_last_day,price\n"
                "ann,std,2026-01-05,2026-02-05,999\nann,std,2026-02-05,2026-03-05,1999\n"
            )
        },
        mapping="""
[subscriptions]
file = "terms.csv"
subscriber_id = "account"
subscription_id = "CONCAT(account, '/', product)"
plan = "product"
currency = "'EUR'"
types = { price = "integer" }

[[subscriptions.event]]
kind = "'started'"
happened_at = "first_day"
mrr = "price"

[[subscriptions.event]]
kind = "'ended'"
happened_at = "after_last_day"
mrr = 0
""",
        shows=("subscriber_id", "happened_at", "kind", "mrr"),
    ),
    MappingRecipe(
        title="Invoices from their lines",
        why=(
            "`group_by` puts the rows of one thing together: of `sum` all are added up, of the "
            "others the first row tells. If the amount of a line cannot be read, the invoice is "
            "rejected, never added up without it. `where` comes first."
        ),
        files={
            "lines.csv": (
                "invoice,who,day,amount,kind\ni1,ann,2026-03-01,10.00,plan\n"
                "i1,ann,2026-03-01,2.50,usage\ni1,ann,2026-03-01,2.10,tax\n"
                "i2,bob,2026-03-02,8.00,plan\ni2,bob,2026-03-02,?,usage\n"
            )
        },
        mapping="""
[payments]
file = "lines.csv"
group_by = { by = "invoice", sum = ["amount"] }
where = "kind <> 'tax'"
types = { amount = "number" }
subscriber_id = "who"
invoice_id = "invoice"
happened_at = "day"
kind = "'invoiced'"
amount = "ROUND(amount * 100)"
currency = "'EUR'"
""",
        shows=("subscriber_id", "invoice_id", "amount"),
    ),
    MappingRecipe(
        title="A history of plans",
        why=(
            "`numbered` counts the rows of each subscription in their order (`nth`), and tells "
            "what a column was in the row before. The first row starts it, the others change it, "
            "and what changes nothing is dropped. The first row of a case is found in the same way."
        ),
        files={
            "history.csv": (
                "id,who,plan,price,since\ns1,ann,basic,1000,2026-01-05\n"
                "s1,ann,basic,1000,2026-02-05\ns1,ann,pro,3000,2026-03-05\n"
            )
        },
        mapping="""
[subscriptions]
file = "history.csv"
subscriber_id = "who"
subscription_id = "id"
plan = "plan"
currency = "'EUR'"
mrr = "price"
happened_at = "since"
types = { since = "time", price = "integer" }
numbered = { by = "id", order = "since", previous = ["plan", "price"] }
where = "nth = 1 OR plan <> plan_before OR price <> price_before"
kind = "CASE WHEN nth = 1 THEN 'started' ELSE 'plan_changed' END"
""",
        shows=("subscriber_id", "happened_at", "kind", "plan", "mrr"),
    ),
    MappingRecipe(
        title="Monthly payments of a contract",
        why=(
            "`series` repeats a row from one time until before another (or the extract's end), "
            "every few months or days, each at its `series_at`. What is to come is not made."
        ),
        files={"contracts.csv": ("id,who,first,last,price\n1,ann,2026-01-31,2026-04-30,900\n")},
        mapping="""
[payments]
file = "contracts.csv"
subscriber_id = "who"
payment_id = "CONCAT(id, '/', CAST(series_at AS VARCHAR))"
kind = "'paid'"
amount = "price"
currency = "'EUR'"
happened_at = "series_at"
types = { first = "time", last = "time", price = "integer" }
series = { from = "first", until = "last", months = 1 }
""",
        shows=("subscriber_id", "happened_at", "kind", "amount"),
    ),
    MappingRecipe(
        title="Attributes of subscribers: segment, channel, account",
        why=(
            "Anything that is true of a subscriber from a day on. Training uses the last known "
            "value of each with 2 to 100 values (`training.attributes` in the settings chooses). "
            "`account` is the company that several subscribers belong to: `perdura risk "
            "accounts`, the API and the pages add up their risks."
        ),
        files={
            "customers.csv": (
                "id,segment,company,since\nann,small,acme,2026-01-03\nbob,large,acme,2026-02-01\n"
            )
        },
        mapping="""
[subscribers]
file = "customers.csv"
subscriber_id = "id"
happened_at = "since"
attributes = { segment = "segment", account = "company" }
""",
        shows=("subscriber_id", "happened_at", "name", "value"),
    ),
    MappingRecipe(
        title="A table that shows the latest state only",
        why=(
            "Many tools overwrite: a withdrawn cancellation leaves no trace. `snapshot = true` "
            "says so. Each extract is compared with what landed before, and what vanished from the "
            "file becomes an event (`cancel_withdrawn`, `resumed`, `started`), known at that "
            "extract. The setting goes for one input: another input of the table may be a log "
            "that only adds rows (the pauses, say), and these never vanish. Of a subscription that "
            "both give, the log's rows count beside what the snapshot shows; what the snapshot "
            "takes back is taken back, and what it shows no longer has ended, whatever the log "
            "still holds. Beside a log, a snapshot is compared with itself from its second extract "
            "on, so nothing counts as vanished that it never gave."
        ),
        files={
            "subs.csv": (
                "id,customer,plan,mrr,start,cancel_at\n"
                "s1,ann,pro,3000,2026-01-03,2026-05-01\n"
                "s2,bob,basic,1000,2026-02-01,\n"
            )
        },
        mapping="""
[subscriptions]
file = "subs.csv"
snapshot = true
subscriber_id = "customer"
subscription_id = "id"
plan = "plan"
mrr = "mrr"
currency = "'EUR'"

[[subscriptions.event]]
kind = "'started'"
happened_at = "start"

[[subscriptions.event]]
kind = "'cancel_scheduled'"
happened_at = "cancel_at"
""",
    ),
    MappingRecipe(
        title="Numbers with a decimal comma",
        why=(
            "`decimal` says what stands before the decimals, `thousands` what may stand between "
            "groups of digits. A value that is no such number is a rejected row, counted with an "
            "example."
        ),
        files={
            "payments.csv": (
                "customer;day;amount\nann;2026-03-01;1.299,99\nbob;2026-03-02;1.299\n"
                "eve;2026-03-03;49,90 €\n"
            )
        },
        mapping="""
[payments]
file = "payments.csv"
separator = ";"
decimal = ","
currency_sign = "€"
types = { amount = "number" }
subscriber_id = "customer"
happened_at = "day"
kind = "'paid'"
amount = "ROUND(amount * 100)"
currency = "'EUR'"
""",
        shows=("subscriber_id", "kind", "amount", "currency"),
    ),
    MappingRecipe(
        title="Currencies, and amounts in minor units of a vendor's own",
        why=(
            "Codes are written in capital letters and have three of them; anything else is a "
            "rejected row. Amounts are in minor units as ISO 4217 counts them (yen have none, "
            "Kuwaiti dinars three). Where a vendor counts otherwise, `currency_digits` says how."
        ),
        files={
            "charges.csv": (
                "customer,day,amount,currency\nann,2026-03-01,2000,usd\nbob,2026-03-02,500,jpy\n"
                "eve,2026-03-03,150000,isk\n"
            )
        },
        mapping="""
[payments]
file = "charges.csv"
currency_digits = { ISK = 2, UGX = 2 }   # Stripe's
subscriber_id = "customer"
happened_at = "day"
kind = "'paid'"
amount = "amount"
currency = "currency"
""",
        shows=("subscriber_id", "amount", "currency"),
    ),
    MappingRecipe(
        title="Times in several formats, and seconds since 1970",
        why=(
            "ISO 8601 needs nothing said. Of several formats each value is read by the first that "
            "gives a plausible time (1990 to 50 years ahead); 0 is no time. `timezone` is where "
            "times without an offset were written down."
        ),
        files={
            "tickets.csv": (
                "id,customer,opened,closed\nt1,ann,1772323200,1772409600000\nt2,bob,1772496000,0\n"
            )
        },
        mapping="""
[tickets]
file = "tickets.csv"
time_formats = ["epoch_s", "epoch_ms"]
subscriber_id = "customer"
ticket_id = "id"

[[tickets.event]]
kind = "'opened'"
happened_at = "opened"

[[tickets.event]]
kind = "'resolved'"
happened_at = "closed"
""",
    ),
    MappingRecipe(
        title="Terms that end with their last paid day",
        why=(
            '`ends = "inclusive"` ends a subscription with that day and not at its first moment, '
            "in the input's `timezone`. An end that tells an hour is taken as it is."
        ),
        files={
            "terms.csv": ("id,customer,plan,first_day,last_day\ns1,ann,pro,2026-01-05,2026-02-04\n")
        },
        mapping="""
[subscriptions]
file = "terms.csv"
ends = "inclusive"
subscriber_id = "customer"
subscription_id = "id"
plan = "plan"

[[subscriptions.event]]
kind = "'started'"
happened_at = "first_day"

[[subscriptions.event]]
kind = "'ended'"
happened_at = "last_day"
""",
    ),
    MappingRecipe(
        title="A file that tells days, not hours",
        why=(
            "What happened on a day is known by its end. `known_after` keeps a model from knowing "
            "it in the morning. Where the source has a time at which it learnt of an event, map it "
            "as `known_at`."
        ),
        files={"usage.csv": "customer,day,sessions\nann,2026-03-01,4\n"},
        mapping="""
[usage]
file = "usage.csv"
timezone = "Europe/Madrid"
known_after = "23h59m"
subscriber_id = "customer"
happened_at = "day"
kind = "'session'"
quantity = "sessions"
""",
        shows=("subscriber_id", "happened_at", "known_at", "quantity"),
    ),
    MappingRecipe(
        title="Words that mean nothing",
        why=(
            "Exports write `NULL`, `\\N`, `nan` or `None` where there is no value. `null_words` "
            "says which. A row without a subscriber is rejected, never a subscriber called NULL."
        ),
        files={
            "payments.csv": (
                "customer,day,amount,method\nNULL,2026-03-01,5,card\nann,2026-03-02,5,nan\n"
            )
        },
        mapping="""
[payments]
file = "payments.csv"
null_words = ["NULL", "nan"]
subscriber_id = "customer"
happened_at = "day"
kind = "'paid'"
amount = "amount"
method = "method"
""",
        shows=("subscriber_id", "happened_at", "amount", "method"),
    ),
    MappingRecipe(
        title="Tickets that know an e-mail and not the customer's id",
        why=(
            "A join looks columns up in another file, row by row. `on` names the key in both, as "
            "columns or expressions. The report says how many subscribers of each table are known "
            "from the others."
        ),
        files={
            "tickets.csv": "id,requester,opened\nt1,Ann@Example.com ,2026-03-01\n",
            "customers.csv": "id,email\nc1,ann@example.com\n",
        },
        mapping="""
[tickets]
file = "tickets.csv"
subscriber_id = "customer_id"
ticket_id = "id"
happened_at = "opened"
kind = "'opened'"

[[tickets.join]]
file = "customers.csv"
on = { "LOWER(TRIM(requester))" = "LOWER(email)" }
take = { customer_id = "id" }
""",
    ),
    MappingRecipe(
        title="Ids that are written in several ways",
        why=(
            "`normalise` trims ids and writes them in small or capital letters. Whole numbers lose "
            "a `.0` that another program gave them, without being asked."
        ),
        files={"payments.csv": "customer,day,amount\n AB-1 ,2026-03-01,5\nab-1,2026-03-02,5\n"},
        mapping="""
[payments]
file = "payments.csv"
normalise = { subscriber_id = ["trim", "lower"] }
subscriber_id = "customer"
happened_at = "day"
kind = "'paid'"
amount = "amount"
""",
    ),
    MappingRecipe(
        title="Rows that are no events, and rows that are wrong",
        why=(
            "`where` leaves rows out that mean something else; they are counted. A rule under "
            "`reject` counts rows that should not be there, keeps them under `rejected/`, and "
            "shows one."
        ),
        files={
            "charges.csv": (
                "id,customer,day,amount,status\np1,ann,2026-03-01,5,succeeded\n"
                "p2,bob,2026-03-02,5,pending\np3,,2026-03-03,5,succeeded\n"
            )
        },
        mapping="""
[payments]
file = "charges.csv"
where = "status <> 'pending'"
subscriber_id = "customer"
payment_id = "id"
happened_at = "day"
kind = "CASE status WHEN 'succeeded' THEN 'paid' ELSE 'failed' END"
amount = "amount"
currency = "'EUR'"

[payments.reject]
test_charge = "id LIKE 'test%'"
""",
        shows=("subscriber_id", "payment_id", "kind"),
    ),
    MappingRecipe(
        title="Two accounts that turned out to be one",
        why="From then on the first lives on in the second. What was scored before stays.",
        files={"merges.csv": "old,new,day\nann2,ann,2026-03-01\n"},
        mapping="""
[merges]
file = "merges.csv"
subscriber_id = "old"
merged_into = "new"
happened_at = "day"
kind = "'merged'"
""",
        shows=("subscriber_id", "merged_into", "happened_at"),
    ),
)
