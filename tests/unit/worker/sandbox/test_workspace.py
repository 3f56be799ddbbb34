"""What counts as changed in a workspace, and what hostile content of it cannot do."""

import os
import shutil
from pathlib import Path

import pytest

from worker.sandbox.job import SandboxLimits
from worker.sandbox.workspace import Scan, changed_files, mend, scan

_NOTHING = Scan(files={}, total_bytes=0, complete=True)
_LIMITS = SandboxLimits()


def _names(workspace: Path, before: Scan = _NOTHING, limits: SandboxLimits = _LIMITS) -> list[str]:
    return [each.name for each in changed_files(workspace, before, limits)[0]]


def test_new_and_altered_files_are_told_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "same").write_text("a")
    (tmp_path / "altered").write_text("a")
    before = scan(tmp_path, most_entries=100)
    (tmp_path / "altered").write_text("b")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "new").write_text("c")
    assert _names(tmp_path, before) == ["altered", "folder/new"]


def test_a_change_cannot_be_hidden_behind_the_old_time(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a")
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    before = scan(tmp_path, most_entries=100)
    file.write_text("b")
    os.utime(file, ns=times)
    assert _names(tmp_path, before) == ["file"]


def test_links_pipes_and_names_that_are_no_text_are_no_results(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "link").symlink_to(tmp_path / "target")
    (workspace / "folder").symlink_to(tmp_path)
    os.mkfifo(workspace / "pipe")
    Path(os.fsdecode(bytes(workspace) + b"/\xff")).write_text("x")
    (workspace / "new\nline").write_text("x")
    assert changed_files(workspace, _NOTHING, _LIMITS) == ((), 2)


def test_results_past_the_limits_are_counted_and_left_out(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(bytes(10))
    assert changed_files(tmp_path, _NOTHING, SandboxLimits(changed_files=2))[1] == 3
    assert changed_files(tmp_path, _NOTHING, SandboxLimits(workspace_bytes=25))[1] == 3


def test_a_scan_says_when_it_did_not_see_all(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(40):
        deep = deep / "d"
        deep.mkdir()
    assert not scan(tmp_path, most_entries=1000).complete
    (tmp_path / "many").mkdir()
    for number in range(20):
        (tmp_path / "many" / str(number)).touch()
    assert not scan(tmp_path / "many", most_entries=10).complete
    assert scan(tmp_path / "many", most_entries=20).complete


def test_a_sparse_file_counts_with_the_size_it_claims(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 30)
    assert scan(tmp_path, most_entries=10).total_bytes == 1 << 30


def test_closed_folders_and_set_user_id_files_are_mended(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    tool = closed / "tool"
    tool.write_text("x")
    tool.chmod(0o6711)
    (closed / "link").symlink_to("/etc/passwd")
    closed.chmod(0)
    mend(tmp_path)
    assert tool.stat().st_mode & 0o7777 == 0o711
    assert closed.stat().st_mode & 0o700 == 0o700
    assert _names(tmp_path) == ["closed/tool"]


@pytest.mark.slow
def test_folders_nested_too_deep_to_walk_are_removed(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    mend(tmp_path)
    shutil.rmtree(tmp_path / "d")
    assert os.listdir(tmp_path) == ["kept"]
