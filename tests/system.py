"""The Debian packages that some tests talk to: installed where they are missing and that is allowed.

Runs before pytest, with the plain system Python. Needs root or passwordless sudo; otherwise it
prints the command, and those tests are skipped by name (under CI=true such a skip is a failure).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

#: command looked for → Debian package
NEEDED = {"dovecot": "dovecot-imapd", "/usr/lib/dovecot/pop3": "dovecot-pop3d", "chromium": "chromium"}
if not os.path.exists("/usr/sbin/sendmail"):
    # Only where no mail server would have to make room for it. Without a configuration of its own it does not start.
    NEEDED["/usr/lib/postfix/sbin/master"] = "postfix"
_NOT_TO_START = "postfix postfix/main_mailer_type select No configuration"

#: Servers whose packages cannot be installed beside Dovecot are unpacked here, and started by the tests themselves.
UNPACKED = Path(__file__).resolve().parent.parent / ".data" / "test-servers"
COURIER = (
    *("courier-imap", "courier-base", "courier-authlib", "libcourier-unicode4"),
    *("libgamin0", "libidn12", "libltdl7"),
)
#: Cyrus, and what Debian's smallest installation lacks of its libraries.
CYRUS = (
    *("cyrus-imapd", "cyrus-pop3d", "cyrus-common", "libsasl2-2", "libsasl2-modules", "libxapian30", "libical3"),
    *("libpcre3", "libpq5", "libldap-2.5-0", "libjansson4", "libwrap0"),
)


def present(command: str) -> bool:
    if command.startswith("/"):
        return os.path.exists(command)
    return shutil.which(command, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin") is not None


def unpack(name: str, packages: tuple[str, ...]) -> None:
    """Download Debian packages (a few MB) and unpack them without installing. Their tests are skipped without."""
    home = UNPACKED / name
    if home.exists() or shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return
    print(f"Unpacking for the tests: {name} …", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        # apt-get downloads as a user of its own.
        Path(folder).chmod(0o777)
        got = subprocess.run(["apt-get", "download", "-q", *packages], cwd=folder, capture_output=True, check=False)
        if got.returncode:
            print(f"{name} could not be downloaded; its tests will be skipped.")
            return
        for package in sorted(Path(folder).glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", str(package), str(Path(folder) / "root")], check=True)
        UNPACKED.mkdir(parents=True, exist_ok=True)
        shutil.move(str(Path(folder) / "root"), home)


def main() -> int:
    done = install()
    unpack("courier", COURIER)
    unpack("cyrus", CYRUS)
    return done


def install() -> int:
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
