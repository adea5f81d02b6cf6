"""Finding duplicates: pairs that may be copies, verdicts on them, groups, and the file of each group to keep."""
