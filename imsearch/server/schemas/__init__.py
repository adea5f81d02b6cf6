"""What the API answers with, as pydantic models.

Paths and names are for people: what cannot be shown in them is escaped. Keys and ids are what programs use.
"""
