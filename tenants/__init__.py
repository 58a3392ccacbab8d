"""Who: organisations, authorities, users, memberships, sign-in, scope of a transaction, audit trail."""
