"""Where pictures come from: sorted listings and stamped reads."""
