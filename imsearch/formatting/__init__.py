"""Wording that the command line and the server share, and templates of drawings and pages."""
