"""Downloads over real loopback HTTP: broken off, gone on with, from the start where need be, by several at once."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from router import ProviderError
from router.download import download

CLIP = bytes(range(256)) * 2048


@dataclass
class Shelf:
    """What the server gives, and how it breaks."""

    body: bytes = CLIP
    etag: str | None = '"v1"'
    ranges: bool = True
    cuts: list[int] = field(default_factory=list[int])
    """Bytes after which each of the next answers is broken off."""
    busy: int = 0
    """Answers of 503 that come first."""
    lengthless: bool = False
    asked: list[str] = field(default_factory=list[str])
    sent: int = 0


@contextmanager
def serving(shelf: Shelf) -> Generator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.asked.append(self.headers.get("range", ""))
            if shelf.busy:
                shelf.busy -= 1
                self.send_error(503)
                return
            body, status = shelf.body, 200
            if shelf.ranges and "range" in self.headers and self.headers.get("if-range") == shelf.etag:
                start = int(self.headers["range"].removeprefix("bytes=").removesuffix("-"))
                body, status = body[start:], 206
            self.send_response(status)
            if status == 206:
                self.send_header("content-range", f"bytes {len(shelf.body) - len(body)}-{len(shelf.body) - 1}/*")
            if shelf.etag is not None:
                self.send_header("etag", shelf.etag)
            if not shelf.lengthless:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            cut = shelf.cuts.pop(0) if shelf.cuts else len(body)
            try:
                self.wfile.write(body[:cut])
            except OSError:  # whoever goes on with a part does not read this answer
                return
            shelf.sent += len(body[:cut])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/clip.mp4"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_break_is_gone_on_from(tmp_path: Path) -> None:
    shelf = Shelf(cuts=[100_000])
    with serving(shelf) as url:
        assert download(url, tmp_path / "clip.mp4").read_bytes() == CLIP
    assert shelf.asked[0] == ""
    ranges = [asked for asked in shelf.asked if asked]
    assert len(ranges) == 1
    assert 0 < int(ranges[0].removeprefix("bytes=").removesuffix("-")) <= 100_000
    assert names(tmp_path) == ["clip.mp4"]


def test_another_process_goes_on_with_what_is_left(tmp_path: Path) -> None:
    """Every try breaks at once; a later call, as after a restart, asks only for what is missing."""
    shelf = Shelf(cuts=[300_000, *[0] * 20])
    with serving(shelf) as url:
        with pytest.raises(ProviderError, match="could not be saved"):
            download(url, tmp_path / "clip.mp4")
        (part,) = names(tmp_path)
        assert part.endswith(".part")
        shelf.cuts.clear()
        shelf.asked.clear()
        assert download(url, tmp_path / "clip.mp4").read_bytes() == CLIP
        assert [bool(asked) for asked in shelf.asked] == [False, True]
    assert names(tmp_path) == ["clip.mp4"]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'], ids=["no tag", "a weak tag"])
def test_without_a_strong_tag_it_starts_over(tmp_path: Path, etag: str | None) -> None:
    shelf = Shelf(etag=etag, cuts=[100_000])
    with serving(shelf) as url:
        assert download(url, tmp_path / "clip.mp4").read_bytes() == CLIP
    assert shelf.asked == ["", ""]
    assert names(tmp_path) == ["clip.mp4"]


def test_a_clip_that_changed_meanwhile_is_never_mixed(tmp_path: Path) -> None:
    other = bytes(reversed(CLIP))
    shelf = Shelf(cuts=[200_000, *[0] * 20])
    with serving(shelf) as url:
        with pytest.raises(ProviderError):
            download(url, tmp_path / "clip.mp4")
        shelf.cuts.clear()
        shelf.body, shelf.etag = other, '"v2"'
        assert download(url, tmp_path / "clip.mp4").read_bytes() == other


def test_a_server_that_ignores_ranges_gives_it_whole(tmp_path: Path) -> None:
    shelf = Shelf(ranges=False, cuts=[100_000])
    with serving(shelf) as url:
        assert download(url, tmp_path / "clip.mp4").read_bytes() == CLIP


def test_a_busy_server_is_asked_again_and_a_body_without_length_is_taken(tmp_path: Path) -> None:
    with serving(Shelf(busy=2, lengthless=True)) as url:
        assert download(url, tmp_path / "clip.mp4").read_bytes() == CLIP
    assert names(tmp_path) == ["clip.mp4"]


def test_several_at_once_do_each_other_no_harm(tmp_path: Path) -> None:
    shelf = Shelf(cuts=[50_000, 400_000, 100_000])
    with serving(shelf) as url, ThreadPoolExecutor(6) as pool:
        path = tmp_path / "clip.mp4"
        saved = [pool.submit(download, url, path) for _ in range(12)]
        assert {one.result().read_bytes() == CLIP for one in saved} == {True}
    assert names(tmp_path) == ["clip.mp4"]


def test_a_part_that_is_whole_is_only_named(tmp_path: Path) -> None:
    """Killed between the last byte and the renaming: nothing of the clip is fetched again."""
    shelf = Shelf(cuts=[len(CLIP) - 1, *[0] * 20])
    with serving(shelf) as url:
        with pytest.raises(ProviderError):
            download(url, tmp_path / "clip.mp4")
        (part,) = tmp_path.iterdir()
        part.write_bytes(CLIP)
        shelf.cuts.clear()
        shelf.asked.clear()
        assert download(url, tmp_path / "clip.mp4").read_bytes() == CLIP
        assert shelf.asked == [""]
