# Holds and brakes: no write passes, and nothing is lost behind them.

Story: No write passes a hold, and what waited is written on release
flow customer both
field has customer "Orchard Foods"
sync
hold connection:ledger
field changes customer "Orchard Foods": phone 555-0111
field has customer "Prairie Dairy"
sync 2 times
then ledger was written 1 time
then customer "Prairie Dairy" is held
release everything
sync
then ledger shows customer "Orchard Foods": phone 555-0111
then ledger has 2 customers
then nothing more is written

Story: A hold of one flow leaves the others alone
flow customer both
flow job to ledger
field has customer "Orchard Foods"
sync
hold flow:acme/job
field has job J-1: customer "Orchard Foods", name Boiler
field changes customer "Orchard Foods": phone 555-0111
sync
then ledger shows customer "Orchard Foods": phone 555-0111
then ledger has no jobs
release everything
sync
then ledger has 1 job

Story: The kill switch stops everything
flow customer both
hold everything
field has customer "Orchard Foods"
ledger has customer "Prairie Dairy"
sync 3 times
then field was written 0 times
then ledger was written 0 times
release everything
sync
then both sides agree on customer "Orchard Foods"
then both sides agree on customer "Prairie Dairy"

Story: Behind a hold the latest state is written, not what was planned
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
hold link:acme
5 minutes pass
field changes customer "Orchard Foods": phone 555-0111
sync
5 minutes pass
field changes customer "Orchard Foods": phone 555-0222
sync
release everything
sync
then ledger shows customer "Orchard Foods": phone 555-0222
then ledger was written 2 times

Story: A doubtful write is looked up through a hold, but not repeated through it
flow customer both; matched by nothing
field has customer "Orchard Foods"
the next write of ledger never arrives
sync
hold connection:ledger
1 minute pass
sync 2 times
then ledger has no customers
then ledger was written 0 times
release everything
sync 2 times
then ledger has 1 customer
then nothing more is written

Story: When everything changes at once, the link stops itself
flow customer both; at most 2 changes at once
field has customer A
field has customer B
field has customer C
field has customer D
sync
5 minutes pass
field changes customer A: city Ames
field changes customer B: city Ames
field changes customer C: city Ames
field changes customer D: city Ames
sync
then the flow of customers is stopped, because "rewritten"
then ledger was written 4 times
release everything
sync
then ledger shows customer D: city Ames
then the flow of customers is running

Story: A webhook brings one record at once, and the next poll brings nothing twice
flow customer both
field has customer "Orchard Foods"
sync
field changes customer "Orchard Foods": phone 555-0111
field announces customer "Orchard Foods"
then ledger shows customer "Orchard Foods": phone 555-0111
sync
then ledger was written 2 times
then nothing more is written

Story: An announcement whose record could not be read is not forgotten
flow customer both
field has customer "Orchard Foods"
field has customer "Prairie Dairy"
sync
field changes customer "Orchard Foods": phone 555-0111
the next reading of field never arrives
field announces customer "Orchard Foods"
then ledger was written 2 times
field announces customer "Prairie Dairy"
then ledger shows customer "Orchard Foods": phone 555-0111
then ledger was written 3 times
then nothing more is written

Story: The process dies and the link goes on
flow customer both
field has customer "Orchard Foods"
sync
the process dies and starts again
field changes customer "Orchard Foods": phone 555-0111
sync
then ledger shows customer "Orchard Foods": phone 555-0111
then ledger has 1 customer
then nothing more is written
