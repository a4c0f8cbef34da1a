# What one side refuses holds up nothing else.

Story: A refused invoice is quarantined in the ledger's own words, and the source is told
It survives a crash at every step.
flow customer both
flow invoice to ledger; when status is pending_accounting; created once; the source is told
field has customer "Orchard Foods"
sync
ledger refuses every invoice: "Period 9 is closed."
field has invoice S-1: customer "Orchard Foods", status pending_accounting, total 10.00
sync
then invoice S-1 is quarantined, because "Period 9 is closed."
then field shows invoice S-1: status failed
then ledger has no invoices
then nothing more is written

Story: A refused invoice is tried again on command
It survives a crash at every step.
flow customer both
flow invoice to ledger; when status is pending_accounting; created once; the source is told
field has customer "Orchard Foods"
sync
ledger refuses every invoice: "Period 9 is closed."
field has invoice S-1: customer "Orchard Foods", status pending_accounting, total 10.00
sync
ledger accepts everything again
retry what was refused
sync 2 times
then ledger has 1 invoice
then field shows invoice S-1: status processed
then nothing more is written

Story: A damaged record is quarantined, the others flow, and it follows once it is mended
flow customer both
field has customer "Orchard Foods"
field has customer "Prairie Dairy"
field breaks customer "Prairie Dairy": status archived?
sync
then ledger has 1 customer
field breaks customer F1002: status active
5 minutes pass
sync 2 times
then ledger has 2 customers
then customer "Prairie Dairy" is in step

Story: What a person leaves alone stays alone until it changes
flow customer both
ledger refuses every customer: "No such territory."
field has customer "Orchard Foods"
sync
leave alone what was refused
ledger accepts everything again
sync 3 times
then ledger has no customers
field changes customer "Orchard Foods": phone 555-0100
sync 2 times
then ledger has 1 customer

Story: A busy ledger is asked again, and nothing is lost
flow customer both
field has customer "Orchard Foods"
the next 3 writes of ledger is told to come back later
sync 6 times
then ledger has 1 customer
then customer "Orchard Foods" is in step
then nothing more is written

Story: A login that expires is renewed
flow customer both
field has customer "Orchard Foods"
sync
ledger ends all logins
field changes customer "Orchard Foods": phone 555-0100
sync
then ledger shows customer "Orchard Foods": phone 555-0100

Story: A listing that is not whole decides nothing
flow customer both
field has customer "Orchard Foods"
ledger has customer "ORCHARD FOODS"
the next listing of ledger leaves a record out and says so
sync
then field was written 0 times
then ledger was written 0 times
sync
then field has 1 customer
then ledger has 1 customer

Story: A listing that breaks off goes on where it was
field is a product that lists two records a page
flow customer to ledger
field has customer A
field has customer B
field has customer C
the next listing of field breaks off
sync
then ledger has no customers
sync
then ledger has 3 customers
then nothing more is written

Story: Only the ledger's number comes back
It survives a crash at every step.
ledger is a product that answers with a number only
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
then customer "Orchard Foods" is in step
then nothing more is written

Story: What is taken in but not posted yet is waited for
It survives a crash at every step.
ledger is a product that posts what it takes in 45 seconds later
flow customer to ledger
field has customer "Orchard Foods"
sync
then customer "Orchard Foods" is in flight
2 minutes pass
sync 2 times
then customer "Orchard Foods" is in step
then ledger has 1 customer
then nothing more is written

Story: A refused repeat proves nothing of the first sending
It survives a crash at every step.
ledger is a product that answers a repeated request only once
flow customer both; matched by nothing
field has customer "Orchard Foods"
the next write of ledger is carried out, but its answer is lost
sync
the next write of ledger is refused
1 minute pass
sync 2 times
then ledger has 1 customer
then field has 1 customer
then customer "Orchard Foods" is in step
then nothing more is written

Story: A damaged record is not made once more beside itself
flow customer both
field has customer "Orchard Foods"
ledger has customer "ORCHARD FOODS": phone 555-0100
ledger breaks customer "ORCHARD FOODS": state_code 99
sync 2 times
then field has 1 customer
then ledger has 1 customer
then customer "Orchard Foods" is quarantined
