# ServiceTrade and ComputerEase: approved invoices go in files, and a person imports them.

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

Story: One error cancels the whole import; once it is mended, all of them go in one batch
the bookkeeper enters every customer and job and exports the reports
sync
the office approves 5 invoices
sync
the bookkeeper closes the job of one of them
a batch is made
then the batch holds 5 records
the bookkeeper imports it
then none of them stands in the ledger
the bookkeeper says what became of it
sync 3 times
then the office is told that 1 is refused, because "is closed"
then the office is told that 0 are posted
then 4 records wait for the next batch
the bookkeeper opens that job again
the office approves what was refused again
sync
a batch is made
then the batch holds 5 records
the bookkeeper imports it
the bookkeeper says what became of it
sync 3 times
then each of them stands in the ledger once
then the office is told that all are posted
then the totals are equal to the cent
then nothing more is written or handed over

Story: The others need not wait for the one that is wrong
the bookkeeper enters every customer and job and exports the reports
sync
the office approves 5 invoices
sync
the bookkeeper closes the job of one of them
a batch is made
the bookkeeper imports it
the bookkeeper says what became of it
sync 3 times
a batch is made
then the batch holds 4 records
the bookkeeper imports it
the bookkeeper says what became of it
sync 3 times
then 4 of them stand in the ledger once
then the office is told that 4 are posted

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
