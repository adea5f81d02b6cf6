"""The parts of `scripts/bench`: each section measures one thing and adds its figures to a `report.Report`."""
