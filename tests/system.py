"""The Debian packages that some tests talk to: installed where they are missing and that is allowed.

Runs before pytest, with the plain system Python. Needs root or passwordless sudo; otherwise it
prints the command, and those tests are skipped by name (under CI=true such a skip is a failure).
"""

import os
import shutil
import subprocess
import sys

#: command looked for → Debian package
NEEDED = {"dovecot": "dovecot-imapd", "/usr/lib/dovecot/pop3": "dovecot-pop3d", "chromium": "chromium"}
if not os.path.exists("/usr/sbin/sendmail"):
    # Only where no mail server would have to make room for it. Without a configuration of its own it does not start.
    NEEDED["/usr/lib/postfix/sbin/master"] = "postfix"
_NOT_TO_START = "postfix postfix/main_mailer_type select No configuration"


def present(command: str) -> bool:
    if command.startswith("/"):
        return os.path.exists(command)
    return shutil.which(command, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin") is not None


def main() -> int:
    missing = sorted({package for command, package in NEEDED.items() if not present(command)})
    if not missing:
        return 0
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    by_hand = "sudo " + " ".join(install)
    if shutil.which("apt-get") is None:
        print(f"These tests' servers are missing: {', '.join(missing)}. On Debian: {by_hand}")
        return 0
    prefix: list[str] = []
    if os.geteuid() != 0:
        if subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode:
            print(f"Some tests will be skipped; to run them: {by_hand}")
            return 0
        prefix = ["sudo", "-n"]
    print(f"Installing for the tests: {', '.join(missing)} …", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*prefix, "apt-get", "update", "-q"], env=env, stdout=subprocess.DEVNULL, check=False)
    if "postfix" in missing:
        answers = [*prefix, "debconf-set-selections"]
        subprocess.run(answers, input=_NOT_TO_START, env=env, capture_output=True, text=True, check=False)
    done = subprocess.run([*prefix, *install], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"Installing failed; try by hand: {by_hand}\n{done.stdout[-1500:]}{done.stderr[-1500:]}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
