"""Where each key of a TOML text stands: the line of every path. For text that is TOML already; it checks nothing."""

import re
from dataclasses import dataclass, field

from .faults import Path

_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_DEEPEST = 60


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a key, or of the nearest thing around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1 if lines or not path else None


def positions(text: str) -> dict[Path, int]:
    """The line, counted from 1, of every table, key and list item."""
    return _Scanner(text).scan()


@dataclass(slots=True)
class _Scanner:
    text: str
    at: int = 0
    line: int = 1
    lines: dict[Path, int] = field(default_factory=dict[Path, int])
    counts: dict[Path, int] = field(default_factory=dict[Path, int])
    """How many items an array of tables has so far."""

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self.skip(newlines=True):
            if self.text.startswith("[[", self.at):
                self.step(2)
                table = self.header(again=True)
            elif self.peek() == "[":
                self.step(1)
                table = self.header(again=False)
            else:
                before = self.at
                self.pair(table, 0)
                if self.at == before:  # not TOML after all: go on, never hang
                    self.step(1)
        return self.lines

    def header(self, *, again: bool) -> Path:
        keys = self.keys()
        path: Path = ()
        for place, key in enumerate(keys):
            path = (*path, key)
            if place == len(keys) - 1 and again:
                self.lines.setdefault(path, self.line)
                self.counts[path] = self.counts.get(path, -1) + 1
                path = (*path, self.counts[path])
            elif path in self.counts:
                path = (*path, self.counts[path])
        self.lines.setdefault(path, self.line)
        while self.peek() == "]":
            self.step(1)
        return path

    def pair(self, table: Path, depth: int) -> None:
        line = self.line
        path = table
        for key in self.keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.skip()
        if self.peek() == "=":
            self.step(1)
            self.value(path, depth)

    def keys(self) -> list[str]:
        keys: list[str] = []
        while self.skip():
            if self.peek() in "\"'":
                keys.append(self.string())
            elif found := _KEY.match(self.text, self.at):
                keys.append(found[0])
                self.step(len(found[0]))
            else:
                break
            self.skip()
            if self.peek() != ".":
                break
            self.step(1)
        return keys

    def value(self, path: Path, depth: int) -> None:
        if not self.skip() or depth > _DEEPEST:
            return
        opening = self.peek()
        if opening in "\"'":
            self.string()
        elif opening == "[":
            self.step(1)
            index = 0
            while self.skip(newlines=True) and self.peek() != "]":
                self.lines.setdefault((*path, index), self.line)
                before = self.at
                self.value((*path, index), depth + 1)
                index += 1
                if not self.comma(before):
                    return
            self.step(1)
        elif opening == "{":
            self.step(1)
            while self.skip(newlines=True) and self.peek() != "}":
                before = self.at
                self.pair(path, depth + 1)
                if not self.comma(before):
                    return
            self.step(1)
        else:
            while self.peek() and self.peek() not in ",]}\n#":
                self.step(1)

    def comma(self, before: int) -> bool:
        """Step over a comma; False where nothing was read, so that no text can hold the scanner."""
        self.skip(newlines=True)
        if self.peek() == ",":
            self.step(1)
        return self.at > before

    def string(self) -> str:
        quote = self.peek()
        if self.text.startswith(quote * 3, self.at):
            end = self.text.find(quote * 3, self.at + 3)
            while quote == '"' and end > 0 and self.escaped(end):
                end = self.text.find(quote * 3, end + 1)
            end = len(self.text) if end < 0 else end + 3
            content = self.text[self.at + 3 : end - 3]
            self.step(end - self.at)
            return content
        end = self.at + 1
        while end < len(self.text) and self.text[end] not in f"{quote}\n":
            end += 2 if quote == '"' and self.text[end] == "\\" else 1
        content = self.text[self.at + 1 : end]
        self.step(end + 1 - self.at)
        return content

    def escaped(self, place: int) -> bool:
        slashes = 0
        while self.text[place - 1 - slashes] == "\\":
            slashes += 1
        return slashes % 2 == 1

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def step(self, count: int) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def skip(self, *, newlines: bool = False) -> bool:
        """Over blanks and remarks; False at the end."""
        blanks = " \t\r\n" if newlines else " \t\r"
        while self.at < len(self.text):
            if self.text[self.at] in blanks:
                self.step(1)
            elif self.text[self.at] == "#" and newlines:
                end = self.text.find("\n", self.at)
                self.step((len(self.text) if end < 0 else end) - self.at)
            else:
                return True
        return False
