from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from artrator.cli.main import _COMMANDS


def artrator(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ARTRATOR_HOME": str(home)}
    environment.pop("ARTRATOR_REGISTRY", None)
    command = [sys.executable, "-m", "artrator", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)


def test_help_names_every_command_without_loading_any(tmp_path: Path) -> None:
    done = artrator("--help", home=tmp_path)
    assert done.returncode == 0
    assert all(name in done.stdout for name in _COMMANDS)
    code = "import sys, artrator.cli; sys.exit('PySide6' in sys.modules or 'fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_explains_itself(name: str, tmp_path: Path) -> None:
    done = artrator(name, "--help", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage:")


def test_without_a_registry_the_error_says_how_to_choose_one(tmp_path: Path) -> None:
    done = artrator("search", home=tmp_path)
    assert done.returncode == 1
    assert "artrator account use URL" in done.stderr


def test_a_registry_that_does_not_answer_has_an_exit_code_of_its_own_and_json(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(json.dumps({"registry_url": "http://127.0.0.1:9"}))
    done = artrator("search", "--json", home=tmp_path)
    assert done.returncode == 4
    assert json.loads(done.stderr)["error"]["code"] == "registry_unreachable"


def test_an_unknown_command_is_a_usage_error(tmp_path: Path) -> None:
    assert artrator("dance", home=tmp_path).returncode == 2


def test_a_key_that_cannot_be_read_is_told_in_a_sentence_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(json.dumps({"registry_url": "http://127.0.0.1:9"}))
    (tmp_path / "identity.pem").write_text("junk")
    done = artrator("balance", home=tmp_path)
    assert done.returncode == 1
    assert "identity.pem cannot be read" in done.stderr
    assert "backup" in done.stderr
    assert "[request_invalid]" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "identity.pem").read_text() == "junk"


def test_an_address_without_a_scheme_is_answered_with_a_whole_one(tmp_path: Path) -> None:
    done = artrator("account", "use", "registry.example.org", "--handle", "mina", home=tmp_path)
    assert done.returncode == 1
    assert "https://registry.example.org" in done.stderr


def test_a_value_that_no_message_may_carry_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(json.dumps({"registry_url": "http://127.0.0.1:9"}))
    done = artrator("plan", "publish", "X Y", "--title", "T", "--price", "5", "--allowance", "9", home=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("name is wrong: write a short word of small letters and digits, with dashes")
    assert "[request_invalid]" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_listing_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(json.dumps({"registry_url": "http://127.0.0.1:9"}))
    done = artrator("show", "painterly", home=tmp_path)
    assert done.returncode == 1
    assert "'painterly' is no listing." in done.stderr
    assert "[listing_unknown]" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="Ctrl+C of a process is a signal")
def test_ctrl_c_ends_a_command_quietly_with_its_own_exit_code(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (tmp_path / "profile.json").write_text(json.dumps({"registry_url": address}))
        # Told to hear Ctrl+C: what is started from a shell's background does not.
        command = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        waiting = subprocess.Popen(
            [sys.executable, "-c", f"{command}; from artrator.cli import main; main()", "search"],
            env=os.environ | {"ARTRATOR_HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        silent.settimeout(240)
        with silent.accept()[0]:  # it asks, and nobody answers
            waiting.send_signal(signal.SIGINT)
            said, _ = waiting.communicate(timeout=240)
    assert waiting.returncode == 130
    assert said.strip() == "Stopped."


def test_a_pipe_of_another_encoding_gets_question_marks_and_no_failure() -> None:
    code = "from artrator.cli.main import _write_what_can_be_written as f; f(); print('화풍 ok')"
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=240)
    assert (done.returncode, done.stdout.strip()) == (0, b"?? ok")


def test_a_file_that_the_system_refuses_ends_with_its_name_and_no_traceback(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    done = artrator("account", "use", "http://127.0.0.1:9", "--handle", "mina", home=blocked)
    assert done.returncode in {1, 4}
    assert "blocked" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_summary_that_looks_like_markup_is_words_and_steers_no_terminal(tmp_path: Path) -> None:
    """It comes from strangers, through a registry that need not look: nothing in it may end or bend the list."""
    hostile = "[/b] [link=https://evil.example]free[/link] \x1b]0;owned\x07 \u202e5.2 :skull:"
    card = {
        "listing": "atelier/emoji",
        "title": {"en": hostile},
        "summary": {"en": hostile},
        "task": hostile,
        "creator": "atelier",
        "creator_name": hostile,
        "version": "1",
        "package": "sha256:" + "0" * 64,
        "license": "MIT",
        "commercial": False,
        "tags": [],
        "samples": [],
        "price": 5,
        "state": "warm",
        "nodes": 1,
        "runs": 0,
        "published_at": 0.0,
    }
    page = json.dumps({"items": [card], "total": 1, "tasks": {}}).encode()

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "profile.json").write_text(json.dumps({"registry_url": f"http://127.0.0.1:{server.server_port}"}))
        done = artrator("search", home=tmp_path)
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert "[/b] [link=https://evil.example]free[/link]" in done.stdout
    assert ":skull:" in done.stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout)


def test_no_amount_or_name_of_a_table_is_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    from artrator.cli._tables import print_table

    table = Table(box=None)
    for name in ("listing", "credits"):
        table.add_column(name, no_wrap=True)
    table.add_column("what it does")
    listing, amount = "somebody-with-a-name/" + "a-model" * 12, "1234567.123456"
    table.add_row(listing, amount, "Paints. " * 30)
    print_table(table)
    said = capsys.readouterr().out
    assert listing in said
    assert amount in said
    assert len(said.splitlines()) == 2
