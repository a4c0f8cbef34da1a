# Rhumbix and Sage 100 Contractor: people and jobs come from Sage, verified hours go to its daily payroll.

Story: Verified hours stand in payroll, each class of pay a line
sync
then the field knows everybody whom payroll pays
then hours that were typed in by hand are recognised
payroll verifies 6 entries
sync 2 times
then each of their hours stands in payroll once
then nothing that was there before was paid again
then both sides' hours are equal
then nothing more is written

Story: Whatever gets lost on the way to payroll, hours are paid once
the next import is taken in, but the answer is lost
sync 3 times
then the field knows everybody whom payroll pays
payroll verifies 6 entries
the next 3 lines of payroll are carried out, but their answers are lost
sync
the next line of payroll never arrives
sync
the next line of payroll finds payroll locked by somebody
sync 4 times
then each of their hours stands in payroll once
then nothing that was there before was paid again
then both sides' hours are equal
then nothing more is written

Story: Hours on a closed job wait for a person
sync
payroll verifies 1 entry
the bookkeeper closes the job of one of them
sync 2 times
then none of their hours stands in payroll
then those on that job are refused, because "is closed."
the bookkeeper opens that job again
the operator retries what was refused
sync 2 times
then each of their hours stands in payroll once
then both sides' hours are equal
then nothing more is written

Story: What payroll has is not edited behind its back
sync
payroll verifies 3 entries
sync 2 times
then each of their hours stands in payroll once
a foreman corrects one of them
a foreman deletes another
sync 3 times
then both changes are shown to a person
then payroll is not edited
then both sides' hours are equal
then nothing more is written
