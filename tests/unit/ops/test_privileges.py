"""Root is given up for good, together with the state folder; nobody else can become another user."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from resolver.ops.privileges import PrivilegeError, become, find_user

BECOME = """
import os, sys
from pathlib import Path
from resolver.ops.privileges import PrivilegeError, become
try:
    become("nobody", Path(sys.argv[1]))
except PrivilegeError as error:
    print(error)
else:
    try:
        os.setuid(0)
    except PermissionError:
        print(os.getresuid(), os.getresgid(), 0 in os.getgroups())
"""


@pytest.mark.parametrize("name", ["no|body", "no\0body"], ids=["unknown", "unspeakable"])
def test_a_user_that_does_not_exist_is_one_line(name: str) -> None:
    with pytest.raises(PrivilegeError) as refusal:
        find_user(name)
    assert str(refusal.value) == f"user: there is no user {name!r} on this host; create it, or name another"


def test_becoming_who_one_is_does_nothing(tmp_path: Path) -> None:
    become(pwd.getpwuid(os.geteuid()).pw_name, tmp_path)
    assert tmp_path.stat().st_uid == os.geteuid()


def test_only_root_can_become_somebody_and_never_comes_back(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("")
    done = subprocess.run([sys.executable, "-c", BECOME, str(tmp_path)], check=True, capture_output=True, text=True)
    nobody = find_user("nobody")
    if os.geteuid() == 0:
        assert done.stdout.strip() == f"{(nobody.pw_uid,) * 3} {(nobody.pw_gid,) * 3} False"
        assert {path.stat().st_uid for path in (tmp_path, tmp_path / "lock")} == {nobody.pw_uid}
    else:
        assert done.stdout.strip() == "user: only root can become 'nobody'; start as root, or leave user: out"
