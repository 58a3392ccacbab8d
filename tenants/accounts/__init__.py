"""Registration, sign-in, recovery, members and invitations: how a person becomes, and stays, an actor.

A visitor not yet known works in the `gate` scope (see `gate.opened`), which shows only the rows named by the e-mail
address, credit code or token they present.
"""
