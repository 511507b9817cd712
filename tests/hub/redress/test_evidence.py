"""Attached files: what is taken, where it lies, who may read it, what is swept."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.redress.bench import PDF, Bench, penalty

from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound, TooLarge, Unsupported
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.evidence import evidence_file
from xinqiao.hub.apps.redress.models import Evidence


def _files(settings: Settings) -> list[Path]:
    folder = Path(settings.EVIDENCE_DIR)
    return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize(
    ("content", "ending", "media"),
    [
        (PDF, ".pdf", "application/pdf"),
        (b"\x89PNG\r\n\x1a\nxx", ".png", "image/png"),
        (b"\xff\xd8\xff\xe0xx", ".jpg", "image/jpeg"),
    ],
)
def test_what_is_inside_decides_the_kind_and_the_disk_holds_cipher(
    bench: Bench, settings: Settings, content: bytes, ending: str, media: str
) -> None:
    row = services.add_evidence(
        actor=bench.cast.owner, file_name="../../凭证.exe", chunks=[content[:3], content[3:]], at=bench.now
    )
    assert (row.file_name, row.media_type, row.size) == (f"凭证{ending}", media, len(content))
    (file,) = _files(settings)
    assert content not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert evidence_file(bench.cast.owner, row.id)[1] == content


@pytest.mark.parametrize(
    ("content", "error", "code"),
    [
        (b"", Invalid, Code.FILE_EMPTY),
        (b"MZ\x90", Unsupported, Code.MEDIA_TYPE_UNSUPPORTED),
        (b"<script>%PDF-", Unsupported, Code.MEDIA_TYPE_UNSUPPORTED),
        (PDF * 100, TooLarge, Code.BODY_TOO_LARGE),
    ],
)
def test_what_is_not_taken_leaves_nothing(
    bench: Bench, settings: Settings, content: bytes, error: type[Exception], code: Code
) -> None:
    settings.EVIDENCE_MAX_BYTES = 1000
    with pytest.raises(error) as caught:
        bench.proof(content=content)
    assert caught.value.code is code  # type: ignore[attr-defined]
    assert (Evidence.objects.count(), _files(settings)) == (0, [])


def test_an_agent_without_the_right_adds_nothing(bench: Bench, settings: Settings) -> None:
    with pytest.raises(Forbidden):
        bench.proof(bench.cast.clerk)
    assert _files(settings) == []


def test_it_is_read_by_its_firm_and_by_whom_it_was_passed_on_to(bench: Bench) -> None:
    bench.hold(penalty())
    proof = bench.proof()
    row = bench.objection(evidence=[proof])
    for actor in (bench.unit, bench.stranger, bench.cast.stranger, bench.cast.bank):
        with pytest.raises(NotFound):
            evidence_file(actor, proof)
    services.forward_objection(
        actor=bench.desk, objection_id=row.id, expected_version=row.version, at=bench.now
    )
    for reader in (bench.unit, bench.desk, bench.cast.owner):
        assert evidence_file(reader, proof)[1] == PDF
    with pytest.raises(NotFound):
        evidence_file(bench.stranger, proof)


def test_a_matter_has_so_many_files_and_each_is_attached_once(bench: Bench, settings: Settings) -> None:
    settings.EVIDENCE_PER_MATTER = 1
    bench.hold(penalty())
    with pytest.raises(Invalid) as caught:
        bench.objection(evidence=[bench.proof(), bench.proof()])
    assert caught.value.facts["max"] == 1
    proof = bench.proof()
    bench.applied(evidence=[proof])
    with pytest.raises(Invalid):
        bench.objection(evidence=[proof])


def test_what_was_attached_to_nothing_is_swept(bench: Bench, settings: Settings) -> None:
    bench.hold(penalty())
    kept, _loose = bench.proof(), bench.proof()
    bench.objection(evidence=[kept])
    stray = Path(settings.EVIDENCE_DIR) / "evd-stray"
    stray.write_bytes(b"x")
    old = (bench.now - timedelta(days=9)).timestamp()
    assert services.sweep_evidence(at=bench.now) == 0
    for file in _files(settings):
        os.utime(file, (old, old))
    bench.cast.clock.advance(timedelta(days=3))
    assert services.sweep_evidence(at=bench.now) == 2
    assert [file.name for file in _files(settings)] == [kept]
