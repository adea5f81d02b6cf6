"""Finding duplicates: which pictures may be copies, which are, how they group, and which file of a group to keep."""
