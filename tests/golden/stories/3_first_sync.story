# Two systems that were kept by hand for years, and are linked now.

Story: The same customer under two spellings is one customer
It survives a crash at every step.
flow customer both
field has customer "Orchard Foods, Inc."
ledger has customer "ORCHARD FOODS INC": phone 555-0100
sync
then field has 1 customer
then ledger has 1 customer
then field shows customer "Orchard Foods, Inc.": phone 555-0100
then nothing more is written

Story: What differs at first sight is for a person
flow customer both
field has customer "Orchard Foods": phone 555-0100
ledger has customer "Orchard Foods": phone 555-0200
sync
then customer "Orchard Foods" is in conflict on phone
then field was written 0 times
then ledger was written 0 times
in the conflict of customer "Orchard Foods" take field
sync 2 times
then ledger shows customer "Orchard Foods": phone 555-0100

Story: An owner settles first differences by rule
flow customer both; phone by field
field has customer "Orchard Foods": phone 555-0100
ledger has customer "Orchard Foods": phone 555-0200
sync
then ledger shows customer "Orchard Foods": phone 555-0100

Story: Two that could be the same are not guessed
flow customer both
field has customer "Orchard Foods"
ledger has customer "Orchard Foods": city Ames
ledger has customer "ORCHARD FOODS": city Boone
sync
then field has 1 customer
then ledger has 2 customers
then field was written 0 times
then ledger was written 0 times

Story: A plan moves nothing
flow customer both
field has customer "Orchard Foods"
field has customer "Prairie Dairy"
ledger has customer "Prairie Dairy"
then a plan shows 1 create
then ledger has 1 customer
then ledger was written 0 times

Story: A document that stands in the ledger already is adopted
flow customer both
flow invoice to ledger; when status is pending_accounting; created once; also what was there before
field has customer "Orchard Foods"
ledger has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status pending_accounting, total 10.00
ledger has invoice S-1: customer "Orchard Foods", total 10.00
sync
then ledger has 1 invoice
then invoice S-1 is in step

Story: A document that stands there with another amount is for a person
flow customer both
flow invoice to ledger; when status is pending_accounting; created once; also what was there before
field has customer "Orchard Foods"
ledger has customer "Orchard Foods"
field has invoice S-1: customer "Orchard Foods", status pending_accounting, total 10.00
ledger has invoice S-1: customer "Orchard Foods", total 10.01
sync
then ledger has 1 invoice
then invoice S-1 is in conflict on amounts
