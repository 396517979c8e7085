"""The files of an installation agree with each other, with the settings, and with the guide."""

import os
import re
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from uwlr_adapter.cli import main
from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.server import deploy_files, serve
from uwlr_adapter.server.deploy_files import Deployment, DeploymentError
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import REQUEST_ID
from uwlr_adapter.web.head import HEADERS
from uwlr_adapter.web.health import METRICS, READYZ
from uwlr_adapter.web.rsgi import MAX_CONNECTIONS
from uwlr_adapter.web.services import SERVICES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "guides" / "operator.md").read_text(encoding="utf-8")
OWN = Deployment(
    public_url="https://uwlr.school.nl:8443",
    user="uwlr-test",
    data=Path("/srv/uwlr/data"),
    database="postgresql://uwlr@db/uwlr?sslmode=verify-full",
    listen="10.0.0.7:9000",
    program=Path("/opt/uwlr-2/bin/uwlr-adapter"),
    proxies=("10.0.0.5", "10.1.0.0/24"),
)


def shipped(name: str) -> str:
    """Return a file as it is shipped."""
    return (DEPLOY / name).read_text(encoding="utf-8")


def made(deployment: Deployment) -> dict[str, str]:
    """Return the files of a deployment, by path."""
    return {one.path: one.content.decode() for one in deploy_files.files(deployment)}


def variables(text: str) -> dict[str, str]:
    """Return the settings of an environment file."""
    return dict(re.findall(r"^(UWLR_\w+)=(.*)$", text, re.MULTILINE))


def directive(text: str, name: str) -> list[str]:
    """Return the values of a directive of nginx or systemd."""
    return re.findall(rf"^\s*{re.escape(name)}[ =]\s*([^;\n]*);?$", text, re.MULTILINE)


def test_a_setting_of_the_caller_goes_before_the_file_of_the_service(tmp_path: Path) -> None:
    """A restore that names a new database with the command must not reach the one that serves."""
    file, command = tmp_path / "env", tmp_path / "uwlr"
    file.write_text("UWLR_DATA=/var/lib/uwlr-adapter\nUWLR_DATABASE='postgresql://uwlr@db/uwlr'\n", encoding="utf-8")
    started, count = re.subn(r"(?m)^exec runuser .*$", "exec env", shipped("uwlr"))
    assert count == 1
    command.write_text(started.replace("/etc/uwlr-adapter/env", str(file)), encoding="utf-8")

    def settings(**given: str) -> dict[str, str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
        done = subprocess.run(
            ["/bin/sh", command], env=outside | given, capture_output=True, text=True, check=True, timeout=30
        )
        return variables(done.stdout)

    data, new = "/var/lib/uwlr-adapter", "postgresql://uwlr@db/uwlr_new?options=-c%20it's"
    assert settings() == {"UWLR_DATA": data, "UWLR_DATABASE": "postgresql://uwlr@db/uwlr"}
    assert settings(UWLR_DATABASE=new) == {"UWLR_DATA": data, "UWLR_DATABASE": new}


def seconds(text: str, name: str) -> int:
    """Return a time of nginx or systemd in seconds."""
    (value,) = directive(text, name)
    return int(value.removesuffix("s"))


def test_the_shipped_values_are_those_of_a_deployment_without_options() -> None:
    """What `deploy files` writes over is what stands there; without options nothing changes."""
    for path, text in made(Deployment()).items():
        assert text == shipped(path), path
    every = Deployment(database=OWN.database, proxies=OWN.proxies)
    for one in [*every.replacements(), *Deployment().replacements()]:
        assert one.shipped in shipped(one.file), one


@pytest.mark.parametrize("deployment", [Deployment(), OWN], ids=["shipped", "own"])
def test_unit_environment_command_and_nginx_agree(deployment: Deployment) -> None:
    """They have one user, one folder, one program, one port and one name."""
    files = made(deployment)
    unit, settings = files[deploy_files.UNIT], variables(files[deploy_files.ENVIRONMENT])
    command, site, upstream = (files[name] for name in ("uwlr", deploy_files.SITE, deploy_files.UPSTREAM))

    assert directive(unit, "User") == directive(unit, "Group") == re.findall(r"runuser -u (\S+) ", command)
    assert directive(unit, "User") == [deployment.user]
    (program,) = re.findall(r"-- (\S+) ", command)
    assert directive(unit, "ExecStart") == [f"{program} serve"]
    (environment_file,) = directive(unit, "EnvironmentFile")
    assert f". {environment_file}\n" in command

    data = settings["UWLR_DATA"]
    assert directive(unit, "WorkingDirectory") == [data] == [str(deployment.data)]
    (writable,) = [f"/var/lib/{name}" for name in directive(unit, "StateDirectory")] or directive(
        unit, "ReadWritePaths"
    )
    assert writable == data

    (server,) = re.findall(r"^\s*server (\S+) fail_timeout=1s;", upstream, re.MULTILINE)
    assert server == f"{settings['UWLR_HOST']}:{settings['UWLR_PORT']}"
    public = re.fullmatch(r"https://([^:/]+)(?::(\d+))?", settings["UWLR_PUBLIC_URL"])
    assert public is not None
    assert directive(site, "server_name") == [public[1]]
    assert directive(site, "listen") == [f"{public[2] or 443} ssl", f"[::]:{public[2] or 443} ssl"]
    read = Settings.model_validate(
        {name.removeprefix("UWLR_").lower(): value.strip("'") for name, value in settings.items()}
    )
    assert read.base_url == settings["UWLR_PUBLIC_URL"]


def test_the_settings_exist_and_are_the_defaults() -> None:
    """Each name of the example environment is a setting, and what is not of this installation has its default."""
    text = shipped(deploy_files.ENVIRONMENT)
    names = set(re.findall(r"\b(UWLR_\w+)=", text))
    assert {name.removeprefix("UWLR_").lower() for name in names} <= set(Settings.model_fields)
    fields, settings = Settings.model_fields, variables(text)
    assert (fields["host"].default, str(fields["port"].default)) == (settings["UWLR_HOST"], settings["UWLR_PORT"])
    proxies = ",".join(str(one.network_address) for one in fields["trusted_proxies"].default)
    assert settings["UWLR_TRUSTED_PROXIES"] == proxies


def test_the_waiting_times_fit_into_each_other() -> None:
    """Systemd waits longer than the server for its requests, and nginx longer than the fault for a database takes."""
    unit, proxy = shipped(deploy_files.UNIT), shipped("nginx/uwlr-proxy.conf")
    assert seconds(unit, "TimeoutStopSec") > serve.STOP_SECONDS
    assert seconds(proxy, "proxy_read_timeout") > 25
    assert seconds(proxy, "proxy_connect_timeout") <= 5
    assert seconds(shipped("nginx/uwlr-limits.conf"), "client_header_timeout") == serve.HEAD_SECONDS
    assert directive(unit, "ExecReload") == ["/bin/kill -HUP $MAINPID"]


def test_nginx_knows_the_limits_the_paths_and_the_headers_of_the_service() -> None:
    """A body, the connections, the places in the log, and each header that the service reads of a proxy."""
    limits, main_file, proxy, upstream = (
        shipped(f"nginx/{name}") for name in ("uwlr-limits.conf", "nginx.conf", "uwlr-proxy.conf", "uwlr.conf")
    )
    assert directive(limits, "client_max_body_size") == [f"{MESSAGE.octets // 1024}k"]
    for service in SERVICES:
        (location,) = re.findall(rf"location = {service.path} {{(.*?)}}", upstream, re.DOTALL)
        own = directive(location, "client_max_body_size") or directive(limits, "client_max_body_size")
        assert own in ([f"{service.limits.octets // 1024}k"], [f"{service.limits.octets // 1024**2}m"])
    assert directive(main_file, "worker_connections") == [str(MAX_CONNECTIONS)]
    places = re.findall(r"<place>([^)]*)\)", upstream)[0].split("|")
    assert {*(service.path for service in SERVICES), METRICS, READYZ} <= set(places)
    assert {f"= {service.path}" for service in SERVICES} <= set(re.findall(r"location (= \S+)", upstream))
    set_by_proxy = {name.lower() for name in re.findall(r"proxy_set_header (\S+)", proxy)}
    of_a_proxy = {name for name in HEADERS if name.startswith("x-")} | {"host"}
    assert of_a_proxy <= set_by_proxy, "a header that only a proxy may set is not overwritten"
    assert REQUEST_ID.lower() in set_by_proxy


def test_the_guide_names_the_same_user_folders_and_files() -> None:
    """The commands of the guide make the user and folders of the unit, and put each file where it is looked for."""
    unit = shipped(deploy_files.UNIT)
    (user,) = directive(unit, "User")
    assert re.search(rf"useradd --system .*\b{user}\n", GUIDE)
    assert re.search(rf"install -d -o {user} -g {user} -m 700 {deploy_files.DATA}\n", GUIDE)
    assert str(deploy_files.PROGRAM.parents[1]) in GUIDE
    for place in ("/etc/uwlr-adapter/env", "/usr/local/sbin/uwlr", "/etc/systemd/system/", "/etc/nginx/conf.d/"):
        assert place in GUIDE, place


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_url": "http://uwlr.example.nl"},
        {"public_url": "https://uwlr.example.nl/pad"},
        {"public_url": "https://uwlr.example.nl:x"},
        {"public_url": "https://naam; include /etc/passwd"},
        {"user": "root"},
        {"user": "uwlr\nExecStartPre=/bin/sh"},
        {"data": Path("relatief")},
        {"data": Path("/home/uwlr")},
        {"data": Path("/run/uwlr")},
        {"data": Path("/var/lib/met spatie")},
        {"program": Path("/opt/x;y")},
        {"listen": "0.0.0.0:8080"},
        {"listen": "8080"},
        {"listen": "127.0.0.1:99999"},
        {"listen": "10.0.0.7:8080"},
        {"proxies": ("nginx",)},
        {"database": "mysql://a/b"},
        {"database": "geen url"},
        {"database": "postgresql://a:b'c@d/e"},
    ],
    ids=str,
)
def test_a_value_that_makes_no_working_files_is_refused(wrong: dict[str, object]) -> None:
    """One sentence says what to give; it holds no password."""
    with pytest.raises(DeploymentError) as refused:
        deploy_files.files(replace(Deployment(), **wrong))  # type: ignore[arg-type] # each of its own type
    assert "b'c" not in str(refused.value)


def run(*arguments: str) -> Result:
    """Run `uwlr-adapter deploy files`."""
    return CliRunner().invoke(main, ["deploy", "files", *arguments])


def test_the_command_writes_them_and_overwrites_nothing(tmp_path: Path) -> None:
    """A dry run writes nothing, a file that is there stays until --force, and a password is for its owner only."""
    folder = tmp_path / "files"
    options = [str(folder), "--public-url", "https://uwlr.school.nl", "--database", "postgresql://u:geheim@db/uwlr"]
    dry = run(*options, "--dry-run")
    assert (dry.exit_code, folder.exists()) == (0, False)
    assert "geheim" not in dry.output
    assert run(*options).exit_code == 0
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*") if path.is_file()}
    environment = folder / deploy_files.ENVIRONMENT
    assert "UWLR_DATABASE='postgresql://u:geheim@db/uwlr'\n" in environment.read_text()
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "uwlr").stat().st_mode) == 0o755
    environment.write_text("mine\n")
    again = run(*options)
    assert (again.exit_code, environment.read_text()) == (1, "mine\n")
    assert "--force" in again.stderr
    assert run(*options, "--force").exit_code == 0
    assert "mine" not in environment.read_text()
    refused = run(str(folder), "--public-url", "https://x/y")
    assert refused.exit_code == 2
