"""Panels (评估组) of every kind: members, methods, score sheets, opinions (R17–R32)."""
