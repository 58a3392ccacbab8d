"""Documents with standing: commitments, receipts, notices."""
