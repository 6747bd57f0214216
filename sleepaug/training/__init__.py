"""Learning: one fit, the tasks to be learned and the methods that find an augmentation."""
