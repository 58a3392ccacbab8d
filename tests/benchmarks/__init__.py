"""Measured in one run beside a yardstick: `make bench` prints a table and writes bench.json."""
