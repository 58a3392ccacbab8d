"""What they send: object store, intake, inspection, dossiers, dispatch to a bureau's queue."""
