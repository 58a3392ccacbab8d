"""Collection plans (征集计划) of the department and the cities."""
