"""The made-up contractor: the same for a seed, exact to the cent, skewed as real ones are."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from syncd.core.canonical import company_name
from syncd.sandbox.company import Company
from syncd.sandbox.generator import TAX_DISTRICTS


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.generate(1)


def test_a_seed_means_one_company(company: Company) -> None:
    assert Company.generate(1) == company
    assert Company.generate(2) != company


def test_size_counts_customers_and_keeps_the_proportion() -> None:
    small = Company.of_size(1, 20)
    counts = len(small.field_customers), len(small.locations), len(small.jobs), len(small.invoices)
    assert counts == (20, 30, 50, 100)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_smallest_companies_hold_together(size: int) -> None:
    small = Company.of_size(1, size)
    assert len(small.field_customers) == size
    assert any(invoice.status == "ok" for invoice in small.invoices)


def test_lines_and_tax_make_the_total(company: Company) -> None:
    for invoice in company.invoices:
        assert sum((line.amount for line in invoice.lines), invoice.tax) == invoice.total
        for amount in (invoice.total, invoice.tax, invoice.retainage, *(x.amount for x in invoice.lines)):
            assert amount == amount.quantize(Decimal("0.01"))


def test_retainage_is_a_part_of_the_total(company: Company) -> None:
    retained = [invoice for invoice in company.invoices if invoice.retainage]
    assert retained
    assert all(0 < invoice.retainage < invoice.total for invoice in retained)


def test_tax_is_of_the_sites_district(company: Company) -> None:
    rates = {district.code: district.rate for district in TAX_DISTRICTS}
    for invoice in company.invoices:
        taxable = sum((line.amount for line in invoice.lines if line.taxable), Decimal(0))
        assert abs(invoice.tax - taxable * rates[invoice.tax_code]) <= Decimal("0.005")


def test_zero_lines_credits_and_unicode_occur(company: Company) -> None:
    amounts = [line.amount for invoice in company.invoices for line in invoice.lines]
    assert Decimal(0) in amounts
    assert min(amounts) < 0
    assert any(invoice.total < 0 for invoice in company.invoices)
    assert any(not customer.name.isascii() for customer in company.customers)
    assert any(len(customer.name) > 50 for customer in company.customers)
    assert any(customer.phone is None for customer in company.customers)


def test_a_few_customers_have_much_of_the_work(company: Company) -> None:
    counts = [count for _, count in Counter(i.customer for i in company.invoices).most_common()]
    assert sum(counts[:10]) > len(company.invoices) * 0.4
    assert len(counts) > 100


def test_most_customers_are_on_both_sides_and_a_few_on_one(company: Company) -> None:
    both = [c for c in company.customers if c.in_field and c.in_ledger]
    assert len(both) == 180
    assert [c for c in company.customers if not c.in_ledger]
    assert [c for c in company.customers if not c.in_field]


def test_the_ledger_spells_names_differently_and_means_the_same(company: Company) -> None:
    assert sum(c.name != c.ledger_name for c in company.customers) > 100
    for customer in company.customers:
        assert len(customer.ledger_name) <= 50
        assert len(customer.ledger_short_name) <= 30
        if len(customer.name) <= 50:
            assert company_name(customer.ledger_name) == company_name(customer.name)
        else:
            assert customer.name.startswith(customer.ledger_name)


def test_only_one_pair_of_customers_shares_a_name_and_its_addresses_differ(company: Company) -> None:
    by_name: dict[str, list[str]] = {}
    for customer in company.customers:
        by_name.setdefault(company_name(customer.name[:50]), []).append(customer.address.postal_code)
    (shared,) = [codes for codes in by_name.values() if len(codes) > 1]
    assert len(set(shared)) == 2


def test_a_number_known_to_field_service_is_the_ledgers(company: Company) -> None:
    known = [c for c in company.customers if c.ref_number is not None]
    assert known
    assert all(c.in_ledger and c.ref_number == str(c.ledger_number) for c in known)


def test_what_the_ledger_has_hangs_together(company: Company) -> None:
    for job in company.jobs:
        assert not job.in_ledger or company.customers[job.customer].in_ledger
        assert company.locations[job.location].customer == job.customer
    for invoice in company.invoices:
        if invoice.in_ledger:
            assert company.customers[invoice.customer].in_ledger
            assert invoice.job is None or company.jobs[invoice.job].in_ledger
        assert (invoice.paid_on is not None) == invoice.paid


def test_seventy_of_a_hundred_old_invoices_are_posted_and_sixty_wait(company: Company) -> None:
    waiting = [invoice for invoice in company.invoices if invoice.status == "ok"]
    posted = sum(invoice.in_ledger for invoice in company.invoices)
    assert len(waiting) >= 60
    assert not any(invoice.in_ledger for invoice in waiting)
    assert posted == round((len(company.invoices) - len(waiting)) * 0.7)


def test_a_company_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Company.generate(1, customers=0)
