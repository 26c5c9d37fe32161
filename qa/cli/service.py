"""`qa service`: prints a systemd unit that runs the chat with as few rights as it needs."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..config import Effective
from ..config.places import below
from ..errors import ConfigError
from ..system.machine import is_loopback
from .options import config_from, setting, settings_of, stored

_HEAD = """# Written by `qa service`. Install it and start the chat, now and after each start of the machine:
#     qa service … | sudo tee /etc/systemd/system/qa.service
#     sudo systemctl enable --now qa
# Its log: journalctl -u qa. How open it is to the rest of the machine: systemd-analyze security qa.
[Unit]
Description=Chat that answers from the articles in {corpus}
After=network.target

[Service]
Type=exec
User={user}
"""
# What it may not do. Not used: MemoryDenyWriteExecute (ctypes and ONNX Runtime may make code while they run) and
# ProcSubset=pid (libraries read /proc/cpuinfo to know the processor).
_RIGHTS = """Restart=on-failure
RestartSec=5
UMask=0077
LimitNOFILE=4096
TasksMax=512
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateUsers=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
"""
_ONLY_HERE = """# The kernel lets it talk to this machine alone.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
IPAddressDeny=any
IPAddressAllow=localhost
"""
_OTHERS = """RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
"""
_FOOT = """
[Install]
WantedBy=multi-user.target
"""
_PATHS = ("auth_file", "milvus_tls")


@click.command()
@stored
@setting("host")
@setting("port", type=click.IntRange(0, 65535))
@setting("auth_file")
@setting("public_url")
@click.option("--run-as", metavar="USER", help="The user whose rights it has. [you]")
def service(run_as: str | None, **options: Any) -> None:
    """Print a systemd unit that runs the chat with these options and settings, and few rights."""
    settings = settings_of(**options)
    click.echo(unit(settings, _user(run_as)), nl=False)


def unit(settings: Effective, user: str) -> str:
    """Return the unit for settings and a user. Raises ConfigError for what cannot be in one."""
    from ..ui.access.address import check_access

    config = config_from(settings)
    check_access(settings["host"], None, settings["auth_file"])
    folders = [config.index, *(path for _, path in config.folders or (("", config.corpus),))]
    text = _HEAD.format(corpus=_plain(str(settings["corpus"])), user=_plain(user))
    for name, value in _environment(settings):
        text += f"Environment={_quoted(f'{name}={value}')}\n"
    text += f"ExecStart={' '.join(_quoted(word).replace('$', '$$') for word in _command(settings))}\n"
    # The chat adds, renames and removes files of the folders on request. All of them must exist.
    text += "".join(f"ReadWritePaths={_quoted(str(folder.resolve()))}\n" for folder in folders)
    is_here = is_loopback(settings["host"]) and not settings["store"]
    return text + _RIGHTS + (_ONLY_HERE if is_here else _OTHERS) + _FOOT


def _command(settings: Effective) -> Iterator[str]:
    yield from (sys.executable, "-m", "qa", "serve", "--no-browser")
    if settings.file is not None:
        yield from ("--config", str(settings.file.resolve()))
    if "log" not in _given(settings):
        yield from ("--log", "json")


def _environment(settings: Effective) -> Iterator[tuple[str, str]]:
    """Yield the variables of what options and the environment set, and of the folders, so that the unit says it all."""
    given = _given(settings)
    for name, value in settings.values.items():
        if value.setting.secret and value.value and value.source != "file":
            raise ConfigError(
                f"{value.setting.variable} would be readable in the unit: put it into a file with EnvironmentFile=, "
                "and unset it here."
            )
        if (name in ("corpus", "index") or name in given) and value.source != "file":
            yield value.setting.variable, _written(name, value.value)


def _given(settings: Effective) -> set[str]:
    return {name for name, value in settings.values.items() if value.source != "default"}


def _written(name: str, value: Any) -> str:
    """Return the text of a value that its environment variable has."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "index" or name in _PATHS:
        return str(Path(value).resolve()) if value != "on" else "on"
    if name == "corpus":
        return below(str(value), Path.cwd())
    if isinstance(value, tuple):
        return ",".join("=".join(each) if isinstance(each, tuple) else each for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _user(named: str | None) -> str:
    user = named or getpass.getuser()
    if user == "root":
        raise ConfigError("The chat must not run as root: name another user with --run-as USER.")
    return user


def _plain(text: str) -> str:
    """Return a text for a line of its own, in which % begins a specifier."""
    if "\n" in text:
        raise ConfigError(f"{text!r} has a line break, which a unit cannot have: rename it.")
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """Return a word as units quote it."""
    escaped = _plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if any(c in escaped for c in " '\"\\;") else escaped
