# Invoices: from the field system, where the work is billed, to the ledger, where they are posted. Once.

Story: An approved invoice reaches the ledger once
It survives a crash at every step.
flow customer both
flow invoice to ledger; when status is pending_accounting; created once; the source is told
field has customer "Orchard Foods": phone 555-0100
field has invoice S-1: customer "Orchard Foods", status draft, total 418.25, tax 18.25, lines "Inspection 400.00"
sync
then ledger has 1 customer
then ledger has no invoices
field changes invoice S-1: status pending_accounting
sync
then ledger has 1 invoice
then ledger shows invoice S-1: total 418.25, tax 18.25, customer "Orchard Foods", lines "Inspection 400.00"
then field shows invoice S-1: status processed
then nothing more is written

Story: The answer to a posting is lost, and it is not posted twice
It survives a crash at every step.
flow customer both; matched by nothing
flow invoice to ledger; when status is pending_accounting; created once; matched by nothing; the source is told
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 99.90
sync
field changes invoice S-1: status pending_accounting
the next write of ledger is carried out, but its answer is lost
sync
then invoice S-1 is in flight
then field shows invoice S-1: status pending_accounting
1 minute pass
sync
then ledger has 1 invoice
then invoice S-1 is in step
then field shows invoice S-1: status processed
then nothing more is written

Story: A posting that is carried out late is not posted twice
It survives a crash at every step.
flow customer both; matched by nothing
flow invoice to ledger; when status is pending_accounting; created once; matched by nothing
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 12.34
sync
field changes invoice S-1: status pending_accounting
the next write of ledger is carried out 20 seconds late
sync
then ledger has no invoices
1 minute pass
sync
then ledger has 1 invoice
then nothing more is written

Story: A posting that never arrived is sent again
It survives a crash at every step.
flow customer both
flow invoice to ledger; when status is pending_accounting; created once
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 12.34
sync
field changes invoice S-1: status pending_accounting
the next write of ledger never arrives
sync
then ledger has no invoices
1 minute pass
sync
then ledger has 1 invoice
then invoice S-1 is in step
then nothing more is written

Story: A web page instead of an answer proves nothing
It survives a crash at every step.
flow customer both
flow invoice to ledger; when status is pending_accounting; created once
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 12.34
sync
field changes invoice S-1: status pending_accounting
the next write of ledger is answered by a web page
sync
then invoice S-1 is in flight
1 minute pass
sync
then ledger has 1 invoice
then nothing more is written

Story: An idempotency key makes a repeat harmless
It survives a crash at every step.
ledger is a product that answers a repeated request only once
flow customer both; matched by nothing
field has customer "Orchard Foods"
the next write of ledger is carried out, but its answer is lost
sync
1 minute pass
sync
then ledger has 1 customer
then customer "Orchard Foods" is in step
then nothing more is written

Story: A key that has run out is looked up, never used again
It survives a crash at every step.
ledger is a product that forgets its idempotency keys after 10 seconds
flow customer both; matched by nothing
field has customer "Orchard Foods"
the next write of ledger is carried out, but its answer is lost
sync
1 minute pass
sync
then ledger has 1 customer
then ledger was written 1 time
then nothing more is written

Story: Without a known settle time a doubtful posting waits for a person
ledger is a product that never says how long anything takes
flow customer both; matched by nothing
field has customer "Orchard Foods"
the next write of ledger is carried out, but its answer is lost
sync
then customer "Orchard Foods" is held
1 hour pass
sync 3 times
then ledger has 1 customer
then ledger was written 1 time

Story: What was approved before the first sync is left alone
flow customer both
flow invoice to ledger; when status is pending_accounting; created once
field has customer "Orchard Foods"
field has invoice OLD-1: customer "Orchard Foods", status pending_accounting, total 1.00
field has invoice NEW-1: customer "Orchard Foods", status draft, total 2.00
sync
field changes invoice NEW-1: status pending_accounting
sync
then ledger has 1 invoice
then ledger shows invoice NEW-1: total 2.00
then invoice OLD-1 is out of scope, because "before the first sync"

Story: What was there before is posted too, where the flow says so
flow customer both
flow invoice to ledger; when status is pending_accounting; created once; also what was there before
field has customer "Orchard Foods"
field has invoice OLD-1: customer "Orchard Foods", status pending_accounting, total 1.00
sync
then ledger shows invoice OLD-1: total 1.00

Story: A voided invoice is voided in the ledger, once
flow customer both
flow invoice to ledger; when status is pending_accounting; a void is carried over
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 99.90
sync
field changes invoice S-1: status pending_accounting
sync
field changes invoice S-1: status void
sync
then ledger shows invoice S-1: status void
then ledger was written 3 times
then nothing more is written

Story: A void is carried out once, also where the ledger does not show it
flow customer both
flow invoice to ledger; when status is pending_accounting; a void is carried over, which the ledger never shows
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 99.90
sync
field changes invoice S-1: status pending_accounting
sync
field changes invoice S-1: status void
sync
then ledger was written 3 times
5 minutes pass
field changes invoice S-1: description "Void: entered twice"
sync 2 times
then ledger was written 3 times
then nothing more is written

Story: A credit memo and an amount that binary numbers cannot hold
It survives a crash at every step.
flow customer both
flow invoice to ledger; when status is pending_accounting; created once
field has customer "Orchard Foods"
field has invoice CM-1: customer "Orchard Foods", status draft, total -0.10, tax 0.00, lines "Return -0.30 + Restocking 0.20"
sync
field changes invoice CM-1: status pending_accounting
sync
then ledger shows invoice CM-1: total -0.10, lines "Return -0.30 + Restocking 0.20"
then nothing more is written

Story: Retainage is carried to the cent
It survives a crash at every step.
flow customer both
flow invoice to ledger; when status is pending_accounting; created once
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 1000.00, retainage 100.01, tax 0.07, lines "Progress billing 999.93"
sync
field changes invoice S-1: status pending_accounting
sync
then ledger shows invoice S-1: total 1000.00, retainage 100.01, tax 0.07
then nothing more is written

Story: A posted invoice that is changed at its source is for a person
flow customer both
flow invoice to ledger; when status is pending_accounting; created once
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 10.00, lines "Work 10.00"
sync
field changes invoice S-1: status pending_accounting
sync
5 minutes pass
field changes invoice S-1: total 20.00, lines "Work 20.00"
sync
then ledger shows invoice S-1: total 10.00
then invoice S-1 is in conflict on amounts
then ledger was written 2 times

Story: One record on command, whatever its status, with all that it stands on
flow customer to ledger
flow job to ledger
flow invoice to ledger; when status is pending_accounting; created once
sync
field has customer "Orchard Foods"
field has job J-7: customer "Orchard Foods", name Boiler
field has invoice S-1: customer "Orchard Foods", job J-7, status draft, total 5.00
send invoice S-1
then ledger shows invoice S-1: total 5.00, customer "Orchard Foods", job J-7

Story: A payment that is received in the ledger appears in the field system
It survives a crash at every step.
flow customer both
flow invoice to ledger; when status is pending_accounting; created once
flow payment to field
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status draft, total 10.00
sync
field changes invoice S-1: status pending_accounting
sync
ledger has payment CHK-9: invoice S-1, amount 9.99, discount 0.01
sync
then field shows payment CHK-9: invoice S-1, amount 9.99, discount 0.01
then nothing more is written
