"""The answers of the API, as pydantic models.

Paths and names are for people: characters that cannot be shown are escaped. Programs should use keys and ids.
"""
