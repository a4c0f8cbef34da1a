# ServiceTrade and Sage 300 CRE: approved invoices go in files, and a person imports them.

Story: Approved invoices go in one batch, and are posted when the bookkeeper says so
the bookkeeper enters every customer and job and exports the reports
sync
the office approves 5 invoices
sync
then 5 records wait for the next batch
a batch is made
then the batch holds 5 records
then the reversal takes back exactly what the import brings
sync 3 times
then the office is told nothing
the bookkeeper imports it
sync 3 times
then the office is told nothing
the bookkeeper says what became of it
sync 3 times
then each of them stands in the ledger once
then the office is told that all are posted
then the totals are equal to the cent
then nothing more is written or handed over

Story: One invoice is put aside by the import, mended, and imported alone
the bookkeeper enters every customer and job and exports the reports
sync
the office approves 5 invoices
sync
the bookkeeper closes the job of one of them
a batch is made
the bookkeeper imports it
then 4 of them stand in the ledger once
the bookkeeper says what became of it
sync 3 times
then the office is told that 4 are posted
then the office is told that 1 is refused, because "is closed"
then no batch is made
the bookkeeper opens that job again
the office approves what was refused again
sync
a batch is made
then the batch holds 1 record
the bookkeeper imports it
the bookkeeper says what became of it
sync 3 times
then each of them stands in the ledger once
then the office is told that all are posted
then the totals are equal to the cent
then nothing more is written or handed over

Story: What is approved while a batch is out goes in the next one
the bookkeeper enters every customer and job and exports the reports
sync
the office approves 3 invoices
sync
a batch is made
the office approves 2 invoices
sync
then 2 records wait for the next batch
the bookkeeper imports it
the bookkeeper says what became of it
a batch is made
then the batch holds 2 records
the bookkeeper imports it
the bookkeeper says what became of it
sync 3 times
then each of them stands in the ledger once
then the totals are equal to the cent
then nothing more is written or handed over

Story: A batch that went into the wrong company is taken back, and stands in the ledger no more
the bookkeeper enters every customer and job and exports the reports
sync
the office approves 3 invoices
sync
a batch is made
the bookkeeper imports it
the bookkeeper says what became of it
sync 3 times
the bookkeeper imports the reversal and says so
then none of them stands in the ledger
then nothing more is written or handed over
