"""Methods compared under one clock: which augmentation buys the most accuracy for its hours.

`settings` says what is compared, `plan` how long it will take; `lane` is one method on one fold,
`drive` runs it, `cluster` runs many, `compare` is all of it; `results`, `figures` and `page` make
the report.
"""
