"""Canonical form: one value has one spelling, it survives storage, and folding is done once."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.canonical import NORMALISERS, content_hash, decode, encode, money, number, same
from syncd.core.model import Record, Value

_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
_NAMES = st.sampled_from(("name", "number", "total", "custom.warranty", "amount", "date", "é", "lines", "x"))
_EXACT = st.decimals(-(10**12), 10**12, places=4).map(number)
_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.integers(), _TEXT, _EXACT, _MOMENTS, st.dates(date(1900, 1, 1))
)
_LINES: st.SearchStrategy[Value] = st.lists(st.dictionaries(_NAMES, _VALUES, max_size=4), max_size=3).map(
    tuple
)
RECORDS: st.SearchStrategy[Record] = st.dictionaries(_NAMES, st.one_of(_VALUES, _LINES), max_size=8)

_WORDS = st.sampled_from(
    (
        "the",
        "The",
        "Orchard",
        "Foods",
        "Inc",
        "Inc.",
        "L.L.C.",
        "co",
        "&",
        "and",
        "Company",
        "ﬁre",
        "Straße",
        "İ",
        "ͅ",
    )
)
NAMES = st.one_of(_TEXT, st.lists(_WORDS, max_size=6).map(" ".join))

steady = settings(max_examples=60, deadline=None, derandomize=True)


def _tagged(value: object) -> dict[str, str]:
    for kind, tag in ((Decimal, "$n"), (datetime, "$t"), (date, "$d")):
        if isinstance(value, kind):
            return {tag: value.isoformat() if isinstance(value, date) else str(value)}
    raise TypeError


@steady
@given(record=RECORDS)
def test_the_bytes_are_those_of_sorted_json_with_tags(record: Record) -> None:
    plain = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_tagged)
    assert encode(record) == plain.encode()


@steady
@given(record=RECORDS)
def test_decode_is_the_inverse_of_encode(record: Record) -> None:
    back = decode(encode(record))
    assert back == record
    assert encode(back) == encode(record)
    assert {name: type(value) for name, value in back.items()} == {n: type(v) for n, v in record.items()}


@steady
@given(record=RECORDS, data=st.data())
def test_order_of_fields_is_not_content(record: Record, data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(record.items()))))
    assert content_hash(shuffled) == content_hash(record)


@steady
@given(record=RECORDS, name=_NAMES, value=_VALUES)
def test_other_content_has_another_hash(record: Record, name: str, value: Value) -> None:
    """ABSENT, NULL and every value differ; so do 1, True and "1"."""
    without = {n: v for n, v in record.items() if n != name}
    assert content_hash({**without, name: value}) != content_hash(without)
    assert content_hash({**without, name: value}) != content_hash({**without, name: ("another",)})  # type: ignore[dict-item]


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, "1"), (None, ""), (Decimal(1), 1), (0, False)])
def test_kinds_are_not_confused(one: Value, other: Value) -> None:
    assert content_hash({"field": one}) != content_hash({"field": other})


@steady
@given(at=_MOMENTS, hours=st.integers(-12, 14))
def test_an_instant_has_one_spelling(at: datetime, hours: int) -> None:
    """The zone a platform speaks in is not content."""
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))
    assert encode({"at": elsewhere}) == encode({"at": at})


@steady
@given(cents=st.integers(-(10**12), 10**12), zeros=st.integers(0, 6))
def test_a_number_has_one_spelling(cents: int, zeros: int) -> None:
    """418.25, 418.2500 and the float 418.25 are one number and one amount."""
    exact = Decimal(cents).scaleb(-2)
    padded = Decimal(f"{exact:f}{'0' * zeros}" if "." in f"{exact:f}" else f"{exact:f}")
    assert str(number(padded)) == str(number(exact)) == str(number(str(exact)))
    assert money(padded) == money(exact) == exact
    assert money(cents / 100) == exact
    assert str(money(padded)) == str(money(exact))


@pytest.mark.parametrize("text", ["1E+40", "1E+999999", "NaN", "-Infinity", "0." + "1" * 40, "12a", ""])
def test_what_cannot_be_kept_exactly_is_refused(text: object) -> None:
    for read in (number, money):
        with pytest.raises(ValueError, match="number"):
            read(text)


@pytest.mark.parametrize("name", sorted(NORMALISERS))
@steady
@given(text=NAMES)
def test_folding_is_done_once(name: str, text: str) -> None:
    """Folding folded text changes nothing; else two sides could differ for ever."""
    fold = NORMALISERS[name]
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("name", sorted(NORMALISERS))
@steady
@given(left=NAMES, right=NAMES)
def test_same_is_an_equivalence(name: str, left: str, right: str) -> None:
    assert same(left, left, name)
    assert same(left, right, name) == same(right, left, name)
