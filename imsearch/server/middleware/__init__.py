"""Middleware: what handles every request before its route, and every answer after it."""
