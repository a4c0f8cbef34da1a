# Deletions: never without evidence, and an edit wins.

Story: A deletion is held for a person
It survives a crash at every step.
field is a product that announces deletions
flow customer both
field has customer "Orchard Foods"
sync
field deletes customer "Orchard Foods"
5 minutes pass
sync
then ledger has 1 customer
then customer "Orchard Foods" is held, because "removed on the left"
then nothing more is written

Story: A deletion is carried over where the flow says so
It survives a crash at every step.
field is a product that announces deletions
flow customer both; deletions are carried
field has customer "Orchard Foods"
field has customer "Prairie Dairy"
sync
field deletes customer "Orchard Foods"
5 minutes pass
sync
then ledger has 1 customer
then ledger shows customer "Prairie Dairy": name "Prairie Dairy"
then nothing more is written

Story: What was deleted on both sides and comes back is made anew, not deleted again
field is a product that announces deletions
ledger is a product that announces deletions
flow customer both; deletions are carried
field has customer "Orchard Foods"
sync
field deletes customer "Orchard Foods"
5 minutes pass
sync
then ledger has no customers
field restores customer "Orchard Foods"
5 minutes pass
sync 2 times
then field has 1 customer
then ledger has 1 customer
then nothing more is written

Story: What was deleted on both sides and comes back is made anew, also where a removal wins over an edit
field is a product that announces deletions
ledger is a product that announces deletions
flow customer both; deletions are carried; the removal wins
field has customer "Orchard Foods"
sync
field deletes customer "Orchard Foods"
5 minutes pass
sync
then ledger has no customers
field restores customer "Orchard Foods"
5 minutes pass
sync 2 times
then field has 1 customer
then ledger has 1 customer
then nothing more is written

Story: An edit wins over a deletion
It survives a crash at every step.
field is a product that announces deletions
flow customer both; deletions are carried; matched by nothing
field has customer "Orchard Foods": phone 555-0100
sync
5 minutes pass
field deletes customer "Orchard Foods"
ledger changes customer "Orchard Foods": phone 555-0222
sync
then ledger has 1 customer
then field has 1 customer
then field shows customer "Orchard Foods": phone 555-0222
then nothing more is written

Story: A record that is missing from a listing is not gone
flow customer both; deletions are carried
field has customer "Orchard Foods"
sync
field deletes customer "Orchard Foods"
5 minutes pass
sync
then ledger has 1 customer
a full sweep
then ledger has 1 customer
a full sweep
then ledger has no customers

Story: A mass deletion trips the brake
field is a product that announces deletions
flow customer both; deletions are carried; at most 1 deletions at once
field has customer A
field has customer B
field has customer C
sync
field deletes customer A
field deletes customer B
field deletes customer C
5 minutes pass
sync
then ledger has 3 customers
then the flow of customers is stopped, because "disappeared"
release everything
sync
then ledger has no customers
