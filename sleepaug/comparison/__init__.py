"""Methods compared under one clock: which augmentation buys the most accuracy for its hours.

`settings` says what is compared, `lane` is one method on one fold, `drive` runs the lanes, `plan`
says beforehand how long it will take; `results`, `figures` and `page` make the report.
"""
