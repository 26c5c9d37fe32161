"""The configurations in docs/assistants.md: each is parsed, and names commands, options and addresses that exist."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from conftest import ROOT

from qa.cli.mcp import mcp

PAGE = (ROOT / "docs" / "assistants.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def servers() -> list[dict[str, Any]]:
    found = [json.loads(block) for block in blocks("json")]
    return [each for one in found for each in (one.get("mcpServers") or one.get("servers") or {}).values()]


def test_there_are_configurations_for_each_kind_of_host() -> None:
    kinds = [("command" in each, each.get("type")) for each in servers()]
    assert (True, None) in kinds and (True, "stdio") in kinds and (False, "http") in kinds
    assert len(blocks("yaml")) >= 2


@pytest.mark.parametrize("server", [each for each in servers() if "command" in each], ids=str)
def test_a_command_is_one_that_the_program_has(server: dict[str, Any]) -> None:
    words = server["args"]
    assert (server["command"], words[0]) == ("qa", "mcp")
    parsed = mcp.make_context("qa mcp", words[1:])
    assert {"corpus", "index"} <= {name for name, value in parsed.params.items() if value is not None}


def addresses() -> list[str]:
    return [each["url"] for each in servers() if "url" in each] + re.findall(r"https?://[^\s\"`]+/v1\b", PAGE)


def test_addresses_are_those_of_a_chat() -> None:
    assert {urlsplit(url).path.rpartition("/")[2] for url in addresses()} == {"mcp", "v1"}


def test_a_header_brings_a_token() -> None:
    headers = [each["headers"] for each in servers() if "headers" in each]
    assert headers and all(header["Authorization"].startswith("Bearer ") for header in headers)


def test_librechat_and_open_webui_are_given_the_model() -> None:
    found = [yaml.safe_load(block) for block in blocks("yaml")]
    (librechat,) = (each["endpoints"]["custom"][0] for each in found if "endpoints" in each)
    assert librechat["models"]["default"] == ["articles"] and librechat["baseURL"].endswith("/v1")
    assert librechat["apiKey"] and librechat["titleConvo"] is False
    (open_webui,) = (each["services"]["open-webui"]["environment"] for each in found if "services" in each)
    assert open_webui["OPENAI_API_BASE_URLS"].endswith("/v1") and open_webui["OPENAI_API_KEYS"].startswith("${")
