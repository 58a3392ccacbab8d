"""Incubation (孵化培育): the commitment and the banks within 180 days."""
