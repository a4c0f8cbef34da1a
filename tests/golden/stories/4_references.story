# Records that refer to others: parents go first, and what is missing is waited for.

Story: An invoice waits for its customer, and follows it
It survives a crash at every step.
flow customer to ledger
flow invoice to ledger; when status is pending_accounting; created once
sync
ledger refuses every customer: "The customer file is locked by another user."
field has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status pending_accounting, total 10.00
sync
then invoice S-1 is waiting, because "not paired yet"
then customer "Orchard Foods" is quarantined, because "locked by another user"
ledger accepts everything again
retry what was refused
sync 3 times
then ledger shows invoice S-1: customer "Orchard Foods", total 10.00
then nothing more is written

Story: Customer, job and invoice arrive in one cycle, in that order
It survives a crash at every step.
flow customer to ledger
flow job to ledger
flow invoice to ledger; when status is pending_accounting; created once
sync
field has customer "Orchard Foods"
field has job J-7: customer "Orchard Foods", name Boiler
field has invoice S-1: customer "Orchard Foods", job J-7, status pending_accounting, total 10.00
sync
then ledger shows job J-7: customer "Orchard Foods"
then ledger shows invoice S-1: job J-7
then nothing more is written

Story: Each side keeps its own keys
It survives a crash at every step.
flow customer both
flow location both
ledger has customer "Prairie Dairy"
field has customer "Orchard Foods"
sync
field has location "North Plant": customer "Orchard Foods"
ledger has location "South Plant": customer "Prairie Dairy"
sync
then ledger shows location "North Plant": customer "Orchard Foods"
then field shows location "South Plant": customer "Prairie Dairy"
then nothing more is written

Story: A code that the crosswalk does not know stops only its own record
crosswalk terms: NET30 = 30, COD = 0
flow customer both
flow invoice to ledger; when status is pending_accounting; created once
field has customer "Orchard Foods"
sync
field has invoice S-1: customer "Orchard Foods", status pending_accounting, total 1.00, terms NET30
field has invoice S-2: customer "Orchard Foods", status pending_accounting, total 2.00, terms NET90
sync
then ledger shows invoice S-1: terms 30
then invoice S-2 is quarantined, because "crosswalk"
then ledger has 1 invoice
