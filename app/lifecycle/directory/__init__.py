"""The public directory (目录), derived from filings."""
