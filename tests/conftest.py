"""What every test can ask for: certificates and real or scripted servers on loopback."""

pytest_plugins = [
    "tests.servers.certificates",
    "tests.servers.dovecot",
    "tests.servers.receiving",
    "tests.servers.scripted",
    "tests.servers.smtp",
]
