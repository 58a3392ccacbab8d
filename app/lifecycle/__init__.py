"""The records of the notice: one package a subject, each with models, queries and services."""
