# ServiceTrade and Business Central: approved invoices are drafted and posted at once.

Story: Approved invoices stand in the ledger, each once, and nothing else
sync
the office approves 4 invoices
sync 3 times
then each of them stands in the ledger once
then the office is told that they are posted
then both sides' totals are equal to the cent
then nothing that was there before was posted
then nothing more is written

Story: Answers that get lost double nothing
sync
the office approves 4 invoices
the next 2 writes of the ledger are carried out, but their answers are lost
sync 4 times
then each of them stands in the ledger once
then the office is told that they are posted
then both sides' totals are equal to the cent
then nothing more is written

Story: A gateway in between and a login that has ended lose nothing
sync
the office approves 3 invoices
the next write of the ledger is carried out, but a gateway answers
the ledger ends every login
sync 4 times
then each of them stands in the ledger once
then both sides' totals are equal to the cent

Story: A busy ledger is asked again later
sync
the office approves 3 invoices
the next 2 writes of the ledger are told to come back later
sync 4 times
then each of them stands in the ledger once
then nothing more is written

Story: What the ledger refuses waits for a person and holds up nothing else
sync
the office approves 3 invoices
the next write of the ledger is refused
sync 3 times
then 1 of them is refused
the operator retries what was refused
sync 3 times
then each of them stands in the ledger once
then both sides' totals are equal to the cent

Story: A customer is edited on both sides, and both edits arrive on both
sync 2 times
the office gives a customer the phone (317) 555-0177
the bookkeeper moves the same customer to 77 Harbor Way
sync 2 times
then both sides show that phone and that street
then nothing more is written

Story: At month end nothing is posted until everything is released
sync
the operator holds everything
the office approves 3 invoices
sync 2 times
then none of them stands in the ledger
the operator releases everything
sync 3 times
then each of them stands in the ledger once
then nothing that was there before was posted

Story: One invoice on command, also if it is sent twice
sync
the operator sends one invoice that nobody approved 2 times
sync
then each of them stands in the ledger once
then nothing that was there before was posted

Story: Vendors' bills go the way that invoices go, a vendor whom the ledger does not know first
sync
the office approves 2 invoices
the office approves 6 bills
the next 2 writes of the ledger are carried out, but their answers are lost
sync 4 times
then each of them stands in the ledger once
then the office is told that they are posted
then both sides' totals are equal to the cent
then nothing that was there before was posted
then nothing more is written

Story: A bill that the ledger refuses waits for a person and holds up no invoice
sync
the next write of the ledger is refused
the office approves 1 bill
sync 2 times
then 1 of them is refused
the office approves 2 invoices
sync 2 times
then 1 of them is refused
the operator retries what was refused
sync 3 times
then each of them stands in the ledger once
then both sides' totals are equal to the cent
then nothing more is written
