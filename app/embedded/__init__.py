"""The parts of `make run` and of the tests: real PostgreSQL, Valkey, S3 gateway and mail server, from wheels.

They run in one folder, on loopback, without root and without touching anything global (design.md section 7).
"""
