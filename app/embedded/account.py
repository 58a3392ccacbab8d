"""Which user runs a program that refuses to be root, and whether that user can reach its files."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.embedded.part import StackError

# Accounts that a machine has already; we create none.
_CANDIDATES = ("postgres", "nobody")
_CAPABILITIES = ("dac_read_search", "dac_override")


@dataclass(frozen=True)
class Account:
    """How to become an unprivileged user: `popen` for a plain change, `prefix` where folders above are closed to it."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    @property
    def popen(self) -> dict[str, int]:
        """Popen's user and group; empty when the prefix changes them."""
        return {} if self.prefix else {"user": self.uid, "group": self.gid}

    def own(self, path: Path) -> None:
        """Give a folder that we made, and all in it, to the account."""
        os.chown(path, self.uid, self.gid)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(os.path.join(folder, name), self.uid, self.gid, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Whether the account, with its capability if it has one, can work in `folder`."""
        return self._tries([*self.prefix, "sh", "-c", 'cd "$1"', "sh", str(folder)])

    def can_run(self, program: Path) -> bool:
        """Whether the account can start `program`; a capability does not help there (access(2) ignores it)."""
        return self._tries(["sh", "-c", 'test -x "$1"', "sh", str(program)], plain=True)

    def _tries(self, command: list[str], *, plain: bool = False) -> bool:
        identity = {"user": self.uid, "group": self.gid} if plain else self.popen
        return subprocess.run(command, cwd="/", capture_output=True, check=False, **identity).returncode == 0  # type: ignore[call-overload, no-any-return]  # noqa: S603


def find_account(folder: Path) -> Account | None:
    """The account that shall work in `folder` when we are root, else None (run as who we are).

    Folders above (a checkout in /root, say) are never opened to others: the process gets the one capability to read
    past them instead. Raises StackError when neither way works.
    """
    if os.geteuid() != 0:
        return None
    entry = next((found for name in _CANDIDATES if (found := _lookup(name))), None)
    if entry is None:
        raise StackError("PostgreSQL refuses to run as root and there is no user `nobody`: run as an ordinary user")
    plain = Account(entry.pw_uid, entry.pw_gid)
    ways = [plain, *(_with_capability(plain, name) for name in _CAPABILITIES if shutil.which("setpriv"))]
    if folder.stat().st_uid != plain.uid:
        plain.own(folder)
    for way in ways:
        if way.can_enter(folder):
            return way
    raise StackError(
        f"PostgreSQL must not run as root, and the user {entry.pw_name} cannot enter {folder}: "
        "run as an ordinary user, or move the checkout to a folder that others may enter"
    )


def reachable_copy(folders: Sequence[Path], *, label: str) -> Path:
    """Copies of `folders` beside each other where every user can run programs from; made once a label.

    Raises StackError when somebody else put something there.
    """
    place = Path("/var/tmp") / label  # noqa: S108 - ownership is checked below
    if not place.exists():
        partial = Path(tempfile.mkdtemp(prefix=f"{label}.", dir="/var/tmp"))
        for folder in folders:
            shutil.copytree(folder, partial / folder.name, symlinks=True)
        partial.chmod(0o755)
        partial.rename(place)
    if place.is_symlink() or place.stat().st_uid != os.geteuid():
        raise StackError(f"{place} belongs to another user: remove it, or run as an ordinary user")
    return place


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _with_capability(account: Account, capability: str) -> Account:
    prefix = (
        "setpriv",
        f"--reuid={account.uid}",
        f"--regid={account.gid}",
        "--clear-groups",
        "--pdeathsig=INT",
        f"--inh-caps=+{capability}",
        f"--ambient-caps=+{capability}",
        "--",
    )
    return Account(account.uid, account.gid, prefix)
