"""How root is given up once the sockets are open: user, groups, the state folder, and the way back."""

import ctypes
import os
import pwd
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

PR_SET_NO_NEW_PRIVS: Final = 38


class PrivilegeError(Exception):
    """The user cannot be changed to; the message is one line that says what to do."""


def find_user(name: str) -> pwd.struct_passwd:
    """Look a user up. Raises PrivilegeError."""
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError):  # the latter for a name that the C library cannot be asked about
        raise PrivilegeError(f"user: there is no user {name!r} on this host; create it, or name another") from None


def become(name: str, state: Path) -> None:
    """Give the state folder to the user and become it, for good. Raises PrivilegeError.

    Nothing happens if this process is that user already.
    """
    user = find_user(name)
    if os.geteuid() == user.pw_uid:
        return
    if os.geteuid() != 0:
        raise PrivilegeError(f"user: only root can become {name!r}; start as root, or leave user: out")
    _hand_over(state, user)
    os.initgroups(name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    forbid_new_privileges()


def check_interpreter(name: str) -> None:
    """Make sure that this process, now of the user, may start others like itself. Raises PrivilegeError."""
    if not os.access(sys.executable, os.X_OK):
        raise PrivilegeError(
            f"user: {name!r} may not run {sys.executable}, which every worker is started with; "
            "install Arrêt where that user can read it, for example in /opt"
        )


def forbid_new_privileges() -> None:
    """Make set-user-id programs powerless for this process and all below it (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _hand_over(state: Path, user: pwd.struct_passwd) -> None:
    """Change the owner of all that root made there; symbolic links are not followed."""
    for path in (state, *state.rglob("*")):
        with suppress(FileNotFoundError):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
