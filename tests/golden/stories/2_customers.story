# Customers: both sides may change them.

Story: A new customer appears on the other side, whoever entered it
It survives a crash at every step.
flow customer both
field has customer "Orchard Foods": phone 555-0100, city Ames
ledger has customer "Prairie Dairy": email office@prairie.example
sync
then both sides agree on customer "Orchard Foods"
then both sides agree on customer "Prairie Dairy"
then nothing more is written

Story: Each side changes another field, and both changes arrive
It survives a crash at every step.
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
field changes customer "Orchard Foods": email office@orchard.example
ledger changes customer "Orchard Foods": phone 555-0199
sync
then field shows customer "Orchard Foods": phone 555-0199
then ledger shows customer "Orchard Foods": email office@orchard.example
then nothing more is written

Story: Both change one field differently, and a person decides
It survives a crash at every step.
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
field changes customer "Orchard Foods": phone 555-0111
ledger changes customer "Orchard Foods": phone 555-0222
sync
then customer "Orchard Foods" is in conflict on phone
then field shows customer "Orchard Foods": phone 555-0111
then ledger shows customer "Orchard Foods": phone 555-0222
in the conflict of customer "Orchard Foods" take ledger
sync
then both sides agree on customer "Orchard Foods"
then field shows customer "Orchard Foods": phone 555-0222
then customer "Orchard Foods" is in step
then nothing more is written

Story: The person may also take the old value back
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
field changes customer "Orchard Foods": phone 555-0111
ledger changes customer "Orchard Foods": phone 555-0222
sync
in the conflict of customer "Orchard Foods" take base
sync 2 times
then both sides agree on customer "Orchard Foods"
then field shows customer "Orchard Foods": phone 555-0100

Story: While one field is in conflict the others keep flowing
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
field changes customer "Orchard Foods": phone 555-0111
ledger changes customer "Orchard Foods": phone 555-0222
sync
field changes customer "Orchard Foods": email new@orchard.example
sync
then ledger shows customer "Orchard Foods": email new@orchard.example, phone 555-0222
then customer "Orchard Foods" is in conflict on phone

Story: Both change a field to the same value, and that is no conflict
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
field changes customer "Orchard Foods": phone 555-0111
ledger changes customer "Orchard Foods": phone 555-0111
sync
then customer "Orchard Foods" is in step
then ledger was written 1 time
then field was written 0 times

Story: The parts of an address never mix
It survives a crash at every step.
flow customer both
field has customer "Orchard Foods": street "1 Main", city Ames, state IA, postal_code 50010
sync
5 minutes pass
field changes customer "Orchard Foods": street "2 Main"
ledger changes customer "Orchard Foods": city Boone
sync
then field shows customer "Orchard Foods": street "2 Main", city Ames
then ledger shows customer "Orchard Foods": street "1 Main", city Boone
then customer "Orchard Foods" is in conflict on address
then nothing more is written

Story: The ledger owns the phone number
It survives a crash at every step.
flow customer both; phone by ledger
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
field changes customer "Orchard Foods": phone 555-0111
sync
then field shows customer "Orchard Foods": phone 555-0100
ledger changes customer "Orchard Foods": phone 555-0222
sync
then field shows customer "Orchard Foods": phone 555-0222
then nothing more is written

Story: The newer change stands, where both clocks can be trusted
flow customer both; email by newest
field has customer "Orchard Foods": email a@orchard.example
sync
5 minutes pass
field changes customer "Orchard Foods": email early@orchard.example
10 minutes pass
ledger changes customer "Orchard Foods": email late@orchard.example
sync
then field shows customer "Orchard Foods": email late@orchard.example

Story: Newest is no rule where a clock is off
ledger is a product that has its clock ten minutes ahead
flow customer both; email by newest
field has customer "Orchard Foods": email a@orchard.example
sync
5 minutes pass
field changes customer "Orchard Foods": email early@orchard.example
10 minutes pass
ledger changes customer "Orchard Foods": email late@orchard.example
sync
then customer "Orchard Foods" is in conflict on email

Story: A one-way flow never writes back
flow customer to ledger
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
ledger changes customer "Orchard Foods": phone 555-0222
sync 2 times
then field shows customer "Orchard Foods": phone 555-0100
then ledger shows customer "Orchard Foods": phone 555-0222
then field was written 0 times

Story: A flow that only observes writes nothing
flow customer observe
field has customer "Orchard Foods"
ledger has customer "Prairie Dairy"
sync 2 times
then field was written 0 times
then ledger was written 0 times

Story: An edit in the middle of a write is not overwritten
It survives a crash at every step.
ledger is a product that checks versions
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
field changes customer "Orchard Foods": phone 555-0111
the next write of ledger is told to come back in 60 seconds
sync
ledger changes customer "Orchard Foods": email new@orchard.example
2 minutes pass
sync 2 times
then ledger shows customer "Orchard Foods": phone 555-0111, email new@orchard.example
then field shows customer "Orchard Foods": email new@orchard.example
then nothing more is written

Story: Somebody edits a new record before its lost answer is looked up
flow customer both; matched by nothing
field has customer "Orchard Foods": phone 555-0100
the next write of ledger is carried out, but its answer is lost
sync
ledger changes customer "Orchard Foods": phone 555-0222
1 minute pass
sync 2 times
then ledger has 1 customer
then field shows customer "Orchard Foods": phone 555-0222
then ledger shows customer "Orchard Foods": phone 555-0222
then nothing more is written

Story: A listing that lags is not taken for a change
ledger is a product that shows listings 20 seconds late
flow customer both
field has customer "Orchard Foods": phone 555-0100
sync
1 minute pass
field changes customer "Orchard Foods": phone 555-0111
sync
10 seconds pass
sync
then field shows customer "Orchard Foods": phone 555-0111
then ledger shows customer "Orchard Foods": phone 555-0111
then nothing more is written
