"""Lists ask for what was given and for nothing else."""

from shared.web import count_of, narrowed


def test_what_is_not_given_is_not_in_the_statement() -> None:
    assert narrowed(("a = ?", None), ("b >= ?", 0), ("c = ?", "x")) == (
        "WHERE b >= $1 AND c = $2",
        [0, "x"],
    )
    assert narrowed(("a = ?", None)) == ("", [])


def test_a_condition_may_take_several_values() -> None:
    where, values = narrowed(("a = ?", 1), ("(b, c) > (?, ?)", 2, None), ("d = ?", 4))
    assert (where, values) == ("WHERE a = $1 AND (b, c) > ($2, $3) AND d = $4", [1, 2, None, 4])


def test_a_count_ends_where_nobody_counts_any_more() -> None:
    assert count_of("SELECT FROM rows") == (
        "SELECT count(*) FROM (SELECT FROM rows LIMIT 1000) AS counted"
    )
