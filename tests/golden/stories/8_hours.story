# Hours: verified in the field, paid once in the ledger's payroll, whose lines have no number of their own.

Story: Hours that payroll verified are paid once
flow customer both
flow employee to field
flow job to ledger
flow time entry to ledger; when status is approved; created once
crosswalk cost_code: 15-500 = 15.5, 16-100 = 16.1
field has customer "Orchard Foods"
field has job J-7: customer "Orchard Foods"
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
field has time entry T-1: employee 301, job J-7, cost_code 15-500, regular_hours 8, status pending
sync
then employee 301 is in step
then ledger has no time entries
field changes time entry T-1: status approved
sync
then ledger has 1 time entry
then ledger shows time entry 1: employee 301, job J-7, cost_code 15.5, regular_hours 8
then nothing more is written

Story: The answer to hours is lost, and they are not paid twice
It survives a crash at every step.
flow employee to field
flow time entry to ledger; when status is approved; created once; matched by nothing
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
sync
field has time entry T-1: employee 301, overtime_hours 1.67, status approved
the next write of ledger is carried out, but its answer is lost
sync
then time entry T-1 is in flight
1 minute pass
sync
then ledger has 1 time entry
then ledger shows time entry 1: employee 301, overtime_hours 1.67
then time entry T-1 is in step
then nothing more is written

Story: Each class of pay is a line
flow employee to field
flow time entry to ledger; when status is approved; created once
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
sync
field has time entry T-1-standard: employee 301, regular_hours 8, status approved
field has time entry T-1-overtime: employee 301, overtime_hours 2, status approved
field has time entry T-1-double: employee 301, double_hours 1, status approved
sync 2 times
then ledger has 3 time entries
then time entry T-1-double is in step
then nothing more is written

Story: Hours that somebody has typed into payroll are recognised, through the table of cost codes
It survives a crash at every step.
flow customer both
flow employee to field
flow job to ledger
flow time entry to ledger; when status is approved; created once
crosswalk cost_code: 15-500 = 15.5, 16-100 = 16.1
field has customer "Orchard Foods"
field has job J-7: customer "Orchard Foods"
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
sync
ledger has time entry by-hand: employee 301, job J-7, cost_code 15.5, regular_hours 8
ledger has time entry by-hand-too: employee 301, job J-7, cost_code 16.1, regular_hours 8
field has time entry T-1: employee 301, job J-7, cost_code 15-500, regular_hours 8, status approved
sync 2 times
then time entry T-1 is in step
then ledger has 2 time entries
then nothing more is written

Story: The same hours twice on one day are two lines
flow employee to field
flow time entry to ledger; when status is approved; created once
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
sync
field has time entry T-1: employee 301, regular_hours 4, status approved
field has time entry T-2: employee 301, regular_hours 4, status approved
sync 3 times
then ledger has 2 time entries
then time entry T-1 is in step
then time entry T-2 is in step
then nothing more is written

Story: A cost code that the table does not have stops its hours alone
flow employee to field
flow time entry to ledger; when status is approved; created once
crosswalk cost_code: 15-500 = 15.5
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
sync
field has time entry T-1: employee 301, cost_code 99-999, regular_hours 8, status approved
field has time entry T-2: employee 301, cost_code 15-500, regular_hours 8, status approved
sync
then time entry T-1 is quarantined, because "has no right code for '99-999'"
then time entry T-2 is in step
then ledger has 1 time entry
field changes time entry T-1: cost_code 15-500, regular_hours 6
sync 2 times
then time entry T-1 is in step
then ledger has 2 time entries

Story: Hours on a job that takes none any more wait for a person
flow employee to field
flow time entry to ledger; when status is approved; created once
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
sync
ledger refuses every time entry: "Job 41048 is closed."
field has time entry T-1: employee 301, regular_hours 8, status approved
sync
then time entry T-1 is quarantined, because "Job 41048 is closed."
ledger accepts everything again
retry what was refused
sync
then time entry T-1 is in step
then ledger has 1 time entry
then nothing more is written

Story: Hours of somebody whom the field has not heard of yet
It survives a crash at every step.
flow employee to field
flow time entry to ledger; when status is approved; created once
sync
ledger has employee 302: last_name Olsen
sync
then field has 1 employee
field has time entry T-1: employee 302, regular_hours 8, status approved
sync
then ledger shows time entry 1: employee 302, regular_hours 8
then nothing more is written

Story: What payroll has is not edited when the field corrects it
flow employee to field
flow time entry to ledger; when status is approved; created once
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
sync
field has time entry T-1: employee 301, regular_hours 8, status approved
sync
field changes time entry T-1: regular_hours 9
sync
then time entry T-1 is in conflict on hours
then ledger shows time entry 1: regular_hours 8
then nothing more is written

Story: What payroll has is not removed when the field deletes it
field is a product that announces deletions
flow employee to field
flow time entry to ledger; when status is approved; created once
ledger has employee 301: last_name Whitaker
field has employee 301: last_name Whitaker
sync
field has time entry T-1: employee 301, regular_hours 8, status approved
sync
field deletes time entry T-1
sync
then time entry T-1 is held
then ledger has 1 time entry
then nothing more is written
