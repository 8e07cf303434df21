"""What subscribers say of support: how they rate it."""

from perdura.features.definition import Feature, Latest, Over, Phrases
from perdura.sources.events import TICKETS

LAST_SCORE = Feature(
    name="last_rating",
    events=TICKETS,
    measure=Latest("score"),
    where="kind = 'rated'",
    unit="points",
    signal="low_satisfaction",
    en=Phrases("never rated support", "", "last rated support {n} out of 5"),
    es=Phrases("nunca valoró el soporte", "", "valoró el soporte con un {n} de 5 la última vez"),
    reason_below=4,
)

MEAN_SCORE = Feature(
    name="rating_mean",
    events=TICKETS,
    measure=Over("mean", "score"),
    where="kind = 'rated'",
    windows=(90, 365),
    unit="points",
    signal="low_satisfaction",
    en=Phrases("did not rate support", "", "rated support {n} out of 5 on average"),
    es=Phrases("no valoró el soporte", "", "valoró el soporte con una media de {n} de 5"),
    reason_below=4,
)

LOW_SCORES = Feature(
    name="low_ratings",
    events=TICKETS,
    measure=Over("count"),
    where="kind = 'rated' AND score <= 2",
    windows=(30, 90, 180),
    when_empty=0,
    unit="ratings",
    signal="low_satisfaction",
    en=Phrases(
        "gave support no bad rating",
        "gave support 1 bad rating",
        "gave support {n} bad ratings",
    ),
    es=Phrases(
        "no dio ninguna mala valoración al soporte",
        "dio 1 mala valoración al soporte",
        "dio {n} malas valoraciones al soporte",
    ),
    reason_from=1,
)

HIGH_SCORES = Feature(
    name="high_ratings",
    events=TICKETS,
    measure=Over("count"),
    where="kind = 'rated' AND score >= 4",
    windows=(90,),
    when_empty=0,
    unit="ratings",
    signal="low_satisfaction",
    en=Phrases(
        "gave support no good rating",
        "gave support 1 good rating",
        "gave support {n} good ratings",
    ),
    es=Phrases(
        "no dio ninguna buena valoración al soporte",
        "dio 1 buena valoración al soporte",
        "dio {n} buenas valoraciones al soporte",
    ),
    reason_below=1,
)

RATING_FEATURES = (LAST_SCORE, MEAN_SCORE, LOW_SCORES, HIGH_SCORES)
