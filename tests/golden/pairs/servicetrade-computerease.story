# ServiceTrade and ComputerEase: approved invoices, hours and job costs go in files, and a person imports them.

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

Story: Hours and parts go in batches of their own, each record in one
the bookkeeper enters every customer and job and exports the reports
sync
technicians work on 3 jobs, and use a part on each
sync
a batch is made of each kind
then the batches hold 3 entries of hours and 3 job costs
then each reversal takes back exactly what its import brings
technicians work on 2 jobs, and use a part on each
sync
the bookkeeper imports each of them and says what became of it
then 3 entries of hours and 3 job costs stand in the ledger
a batch is made of each kind
then the batches hold 2 entries of hours and 2 job costs
the bookkeeper imports each of them and says what became of it
sync 3 times
then 5 entries of hours and 5 job costs stand in the ledger
then hours and costs are equal on both sides
then nothing more is written or handed over

Story: Hours and parts that went into the wrong company are taken back
the bookkeeper enters every customer and job and exports the reports
sync
technicians work on 2 jobs, and use a part on each
sync
a batch is made of each kind
the bookkeeper imports each of them and says what became of it
then 2 entries of hours and 2 job costs stand in the ledger
the bookkeeper imports each reversal and says so
then 0 entries of hours and 0 job costs stand in the ledger
sync 3 times
then nothing more is written or handed over

Story: Hours on a job that was closed are put aside, and go again when an operator retries them
the bookkeeper enters every customer and job and exports the reports
sync
technicians work on 1 jobs, and use a part on each
sync
the bookkeeper closes the job of one of the visits
a batch is made of each kind
the bookkeeper imports each of them and says what became of it
then 0 entries of hours and 0 job costs stand in the ledger
sync 3 times
then no batch is made
the bookkeeper opens that job again
the operator retries what was refused
sync 2 times
a batch is made of each kind
then the batches hold 1 entries of hours and 1 job costs
the bookkeeper imports each of them and says what became of it
sync 3 times
then 1 entries of hours and 1 job costs stand in the ledger
then hours and costs are equal on both sides
then nothing more is written or handed over
