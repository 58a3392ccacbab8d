"""`python -m app`: the console script without being installed."""

from app.factory import main

main()
