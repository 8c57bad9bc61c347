#!/usr/bin/env python3
"""Drives the search page in headless Chromium as a user would, checks what it shows, and takes the pictures in docs/images.

    scripts/screenshots.py [--ieum .build/release/ieum] [--index DIR] [--clip FILM.mp4] [--out docs/images]

    scripts/screenshots.py --index DIR --sound SOUND.wav        # of an index with sounds whose model hears: that step alone

Without --index the default index is served (made at the first use). Each step has to end as it should: text, Korean text,
picture, clip, "more like this", a file that is no picture, the keyboard, a narrow screen; the page may load nothing from
elsewhere and log no error. Needs chromium-headless-shell (or chromium) and Python's standard library; with Pillow the
pictures are written with fewer colours. The browser is spoken to over a pipe (DevTools protocol).
"""
import argparse
import base64
import io
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

STAMPS = pathlib.Path("/usr/share/tuxpaint/stamps")
LIMIT = 600  # seconds for a step; a loaded machine is slow, not broken


class Browser:
    def __init__(self, program, profile):
        ours, theirs = os.pipe(), os.pipe()  # the browser reads 3 and writes 4

        def places():
            os.dup2(ours[0], 103)
            os.dup2(theirs[1], 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            close_fds=False, preexec_fn=places, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(ours[0])
        os.close(theirs[1])
        self.output, self.input, self.buffer, self.number = ours[1], theirs[0], b"", 0
        self.requests, self.errors, self.session = [], [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(domain + ".enable")

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.output, data):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def receive(self):
        while b"\0" not in self.buffer:
            if not select.select([self.input], [], [], LIMIT)[0]:
                raise SystemExit("the browser does not answer")
            piece = os.read(self.input, 1 << 16)
            if not piece:
                raise SystemExit("the browser ended")
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(line)
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(message["params"]["exceptionDetails"]["text"])
        return message

    def value(self, expression):
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{expression}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def until(self, expression, what):
        end = time.monotonic() + LIMIT
        while not self.value(expression):
            if time.monotonic() > end:
                raise SystemExit(f"{what}: it did not come about ({self.value(STATUS)!r})")
            time.sleep(0.05)

    def size(self, width, height, mobile=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def key(self, name, text=None):
        codes = {"Enter": 13, " ": 32, "ArrowRight": 39, "ArrowDown": 40}
        common = {"key": name, "code": {" ": "Space"}.get(name, name), "windowsVirtualKeyCode": codes.get(name, 0)}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    def choose(self, path):
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def picture(self, path):
        # Thumbnails are loaded as they come into view.
        self.until("[...document.images].every(i => i.complete || i.getBoundingClientRect().top > innerHeight)", "pictures")
        data = base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])
        try:
            from PIL import Image

            image = Image.open(io.BytesIO(data)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
            stream = io.BytesIO()
            image.save(stream, "png", optimize=True)
            data = min(data, stream.getvalue(), key=len)
        except ImportError:
            pass
        path.write_bytes(data)
        print(f"{path}: {len(data) / 1000:.0f} kB, {self.value(STATUS)}")

    def close(self):
        os.close(self.output)
        self.process.terminate()
        self.process.wait()


STATUS = "document.getElementById('status').textContent"
SHOWN = "document.querySelectorAll('article').length"
DONE = "!document.getElementById('status').textContent.startsWith('Searching')"


def check(holds, what):
    if not holds:
        raise SystemExit(f"screenshots: {what}")


class Visit:
    """A user's way through the page."""

    def __init__(self, browser, address, out):
        self.browser, self.address, self.out = browser, address, out

    def answered(self, label):
        mark = json.dumps(label)
        self.browser.until(f"{STATUS}.includes({mark}) && {DONE} && {SHOWN} > 0", f"an answer to {label}")

    def shoot(self, name):
        self.browser.picture(self.out / f"{name}.png")

    def start(self):
        self.browser.size(900, 600)
        self.browser.ask("Page.navigate", url=self.address)
        self.browser.until("document.readyState === 'complete' && document.getElementById('about').textContent !== ''", "page")

    def text(self, words, name=None):
        # A picture that was chosen stays part of the query until it is removed.
        self.browser.value("document.querySelector('#chip:not([hidden]) button')?.click()")
        self.browser.value("document.activeElement.blur()")
        self.browser.key("/", "/")
        check(self.browser.value("document.activeElement.id === 'text'"), "the key / does not lead to the search box")
        self.browser.value("document.getElementById('text').select()")
        self.browser.ask("Input.insertText", text=words)
        self.browser.key("Enter", "\r")
        self.answered(f"“{words}”")
        if name:
            self.shoot(name)

    def upload(self, path, name):
        self.browser.value("document.getElementById('text').value = ''")
        self.browser.choose(path)
        self.answered("upload")
        self.shoot(name)

    def like(self, name):
        self.browser.value("document.querySelector('article button').click()")
        self.answered("like ")
        self.shoot(name)

    def bad(self, path, name):
        self.browser.choose(path)
        self.browser.until("document.getElementById('status').className === 'error'", "a bad upload's refusal")
        check(self.browser.value(SHOWN) == 0, "results stay although the upload was refused")
        self.shoot(name)

    def sound(self, path, name):
        check("sound" in self.browser.value("document.getElementById('kinds').textContent"), "the page does not offer sounds")
        check("audio/*" in self.browser.value("document.getElementById('file').accept"), "the page does not take sounds")
        self.browser.choose(path)
        self.answered("upload")
        check(self.browser.value("document.querySelectorAll('#chip audio').length === 1"), "the sound cannot be heard again")
        check(self.browser.value("document.querySelectorAll('.sound audio').length > 1"), "sounds have no players")
        check(self.browser.value("document.querySelectorAll('.sound img').length === 0"), "a sound shows a broken picture")
        self.shoot(name)
        playing = "[...document.querySelectorAll('.sound audio')].filter((player) => !player.paused).length"
        self.browser.value("document.querySelector('.sound').parentElement.focus()")
        self.browser.key(" ", " ")
        self.browser.until(f"{playing} === 1", "a sound that plays")
        second = "document.querySelectorAll('.sound audio')[1]"
        told = self.browser.value(f"{second}.play().then(() => '', (error) => String(error))")
        check(told == "", f"the second sound does not play: {told}")
        check(self.browser.value(f"{playing} <= 1"), "two sounds play at once")

    def keyboard(self):
        self.browser.value("document.querySelector('article').focus()")
        self.browser.key("ArrowRight")
        check(self.browser.value("[...document.querySelectorAll('article')].indexOf(document.activeElement) === 1"),
              "the arrows do not walk the results")
        self.browser.key("Enter", "\r")
        self.answered("like ")

    def phone(self, words, name):
        self.browser.size(390, 700, mobile=True)
        self.text(words)
        check(self.browser.value("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than a phone")
        self.shoot(name)


def walk(browser, address, given, scratch):
    visit = Visit(browser, address, given.out)
    visit.start()
    if given.sound:
        visit.sound(given.sound, "search-sound")
        visit.like("search-sound-like")
        visit.browser.size(390, 700, mobile=True)
        check(browser.value("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than a phone")
        visit.shoot("search-sound-phone")
    else:
        seen(visit, given, scratch)
    foreign = [url for url in browser.requests if not url.startswith((address, "blob:" + address, "data:", "about:"))]
    check(not foreign, f"the page asks elsewhere: {foreign}")
    check(not browser.errors, f"the page's script failed: {browser.errors}")


def seen(visit, given, scratch):
    visit.text("a red apple", "search-text")
    visit.text("자동차", "search-korean")
    visit.upload(given.picture, "search-picture")
    if given.clip:
        visit.upload(given.clip, "search-clip")
    visit.text("a small dog")
    visit.like("search-like")
    wrong = scratch / "holiday.png"
    wrong.write_bytes(b"this is no picture\n" * 40)
    visit.bad(wrong, "search-refused")
    visit.text("a racing car")
    visit.keyboard()
    visit.phone("a tall tree", "search-phone")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ieum", default=".build/release/ieum")
    parser.add_argument("--index", help="the folder of a search index; otherwise the default one")
    parser.add_argument("--picture", type=pathlib.Path, default=STAMPS / "animals/mammals/apes/chimp.png")
    parser.add_argument("--clip", type=pathlib.Path, help="a film to search by; without one that step is left out")
    parser.add_argument("--sound", type=pathlib.Path, help="a sound to search by, in an index whose model hears; no other step")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("docs/images"))
    given = parser.parse_args()
    check(given.picture.is_file(), f"{given.picture} is missing; name another with --picture")
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    check(program, "install chromium-headless-shell (Debian package chromium-headless-shell)")
    given.out.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(
        [given.ieum, "serve", "--port", "0"] + (["--index", given.index] if given.index else []),
        stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        check("listening on " in line, "the server did not start")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Chromium may still write
            browser = Browser(program, folder + "/profile")
            try:
                walk(browser, line.split("listening on ")[1].strip(), given, pathlib.Path(folder))
            finally:
                browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
