"""The files that only other machines read: they are compared with what they speak of."""

import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from config.settings import environment_names
from muster import main

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return services


def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if service["image"] == "muster"}


def test_each_service_runs_a_command_that_there_is(services: dict[str, Any]) -> None:
    assert isinstance(main, click.Group)
    commands = {name: service["command"] for name, service in ours(services).items()}
    assert commands == {name: ["muster", name] for name in commands}
    assert set(commands) <= set(main.commands)


def test_each_variable_of_a_service_is_a_setting(services: dict[str, Any]) -> None:
    settings = environment_names()
    for name, service in ours(services).items():
        assert set(service["environment"]) <= settings, name


def test_bots_get_no_model_key_and_workers_no_platform_token(services: dict[str, Any]) -> None:
    assert "MODEL_API_KEY" in services["worker"]["environment"]
    assert "SLACK_BOT_TOKEN" in services["bots"]["environment"]
    secret = {name for name in services["worker"]["environment"] if "KEY" in name} - {"PUBLIC_KEY"}
    assert len(secret) > 6
    assert not secret & set(services["bots"]["environment"])
    assert not [name for name in services["worker"]["environment"] if name.startswith("SLACK_")]


def test_no_service_is_open_to_the_network(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_image_holds_what_the_wheel_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packed = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["include"])
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().split("\n") if line.startswith("!")}
    assert packed <= copied
    assert copied == sent
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_uv_is_the_same_everywhere() -> None:
    (pinned,) = re.findall(r"^UV_VERSION := (\S+)$", MAKEFILE, re.MULTILINE)
    assert re.findall(r"uv==(\S+)", DOCKERFILE) == [pinned]


def test_make_help_names_every_target() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    assert explained == [name for name in phony.split() if name != "moved"]
