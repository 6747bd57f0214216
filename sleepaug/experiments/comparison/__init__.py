"""Methods compared under one clock: which augmentation buys the most accuracy for its hours.

`settings` says what is compared, `estimate` how long it will take. A `lane` is one method on one
fold; `runner` runs it and writes its `rows`, `local` and `slurm` run many, `compare` all of them.
`results`, `tables`, `figures` and `report` show what came out.
"""
