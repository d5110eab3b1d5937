"""A Bot API server on the loopback, as Telegram's answers: real HTTP, people who write and press, and faults on request.

The calls, their parameters and errors are those of https://core.telegram.org/bots/api.
"""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from PIL import Image

LOOK = 0.05  # s between two looks at what no call tells of
PATIENCE = 400.0  # s after which what a test waits for will not come any more
TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bs"
ON_THE_WAY = ("Your picture is number", "Looking for the numbers")  # what people are told before their answer comes


@dataclass
class Fault:
    """An answer in place of the true one. late: it is the true one, so many seconds too late."""

    status: int
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)
    late: float = 0.0


TOO_MANY = Fault(429, "Too Many Requests: retry after 1", {"retry_after": 1})
BAD_GATEWAY = Fault(502, "Bad Gateway")
CONFLICT = Fault(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
UNAUTHORIZED = Fault(401, "Unauthorized")
BLOCKED = Fault(403, "Forbidden: bot was blocked by the user")
TOO_BIG = Fault(400, "Bad Request: file is too big")
NO_PHOTO = Fault(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
NO_DOCUMENT = Fault(400, "Bad Request: file must be non-empty")
NO_MESSAGE = Fault(400, "Bad Request: message to edit not found")
UNCHANGED = Fault(400, "Bad Request: message is not modified")
SLOW = Fault(0, "", late=4.0)
FILE = "file"  # in place of a method: a file that is fetched
LONGEST_RATIO, MOST_SIDES = 20, 10_000  # of a photo: its sides by each other, and their sum in px


@dataclass
class Call:
    """One call of the bot's. files: what it brought along, by the field's name."""

    method: str
    values: dict[str, Any]
    files: dict[str, bytes]


@dataclass
class Shown:
    """A message of the bot's, as it is seen in the chat now. pictures: all that it has shown, oldest first."""

    id: int
    chat: int
    text: str
    pictures: list[bytes] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)
    reply: int | None = None

    def button(self, label: str) -> str:
        """What the button says whose label begins so."""
        return next(one["callback_data"] for one in self.buttons if one["text"].removeprefix("✓ ").startswith(label))

    @property
    def labels(self) -> list[str]:
        return [one["text"] for one in self.buttons]


class ApiServer:
    """faults: by method, given once each before true answers. chats: what the bot shows, by chat."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.chats: dict[int, dict[int, Shown]] = defaultdict(dict)
        self.gone: list[Shown] = []
        self.files: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        self.polls = 0
        self._updates: list[dict[str, Any]] = []
        self._number = 100
        self._changed = threading.Condition()
        self._ready = threading.Event()

    def __enter__(self) -> ApiServer:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(PATIENCE)

    # What tests wait for

    def wait(self, what: Callable[[], Any]) -> Any:
        """The first true answer of ``what``, which may also ask for things that happen elsewhere than here."""
        until = time.monotonic() + PATIENCE
        with self._changed:
            while not (found := what()):
                assert time.monotonic() < until, f"it did not come; calls: {[call.method for call in self.calls][-12:]}"
                self._changed.wait(LOOK)
            return found

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    def _note(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # What people do

    def person(self, id: int, language: str = "en") -> Person:
        return Person(self, id, language)

    def arrive(self, update: dict[str, Any]) -> None:
        """Something that somebody did."""
        self._number += 1
        self._loop.call_soon_threadsafe(self._put, {"update_id": self._number, **update})

    def _put(self, update: dict[str, Any]) -> None:
        self._updates.append(update)
        self._news.set()

    def next_id(self) -> int:
        self._number += 1
        return self._number

    # HTTP

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._end, self._news = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path}", self._file)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._end.wait()
        self._news.set()
        await runner.cleanup()

    async def _file(self, request: web.Request) -> web.Response:
        if self.faults[FILE]:
            return _refused(self.faults[FILE].pop(0))
        return web.Response(body=self.files[request.match_info["path"]])

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if request.match_info["token"] != TOKEN:
            return _refused(UNAUTHORIZED)
        values, files = {}, {}
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = value.file.read()
            else:
                values[name] = _read(str(value))
        call = Call(method, values, files)
        fault = self.faults[method].pop(0) if self.faults[method] else None
        if method != "getUpdates":
            self.calls.append(call)
        else:
            self.polls += 1
        if fault and fault.late:
            await asyncio.sleep(fault.late)
            fault = None
        result = None if fault else await getattr(self, f"_{method}")(call)
        self._note()
        return (
            _refused(fault) if fault else result if isinstance(result, web.Response) else web.json_response({"ok": True, "result": result})
        )

    # The methods

    async def _getMe(self, call: Call) -> Any:
        return {"id": 123456789, "is_bot": True, "first_name": "Facets", "username": "facets_bot"}

    async def _setMyCommands(self, call: Call) -> Any:
        return True

    async def _sendChatAction(self, call: Call) -> Any:
        return True

    async def _answerCallbackQuery(self, call: Call) -> Any:
        return True

    async def _getUpdates(self, call: Call) -> Any:
        self._updates = [one for one in self._updates if one["update_id"] >= call.values.get("offset", 0)]
        if not self._updates:
            self._news.clear()
            try:
                async with asyncio.timeout(call.values.get("timeout", 0)):
                    await self._news.wait()
            except TimeoutError:
                pass
        return self._updates

    async def _getFile(self, call: Call) -> Any:
        id = call.values["file_id"]
        if id not in self.files:
            return _refused(Fault(400, "Bad Request: wrong file_id or the file is temporarily unavailable"))
        return {"file_id": id, "file_unique_id": id, "file_size": self.sizes.get(id, len(self.files[id])), "file_path": id}

    async def _sendMessage(self, call: Call) -> Any:
        return self._show(call, call.values["text"])

    async def _sendPhoto(self, call: Call) -> Any:
        if not all(_is_photo(data) for data in call.files.values()):
            return _refused(NO_PHOTO)
        return self._show(call, call.values.get("caption", ""), pictures=list(call.files.values()))

    async def _sendDocument(self, call: Call) -> Any:
        return self._show(call, call.values.get("caption", ""), documents=list(call.files.values()))

    async def _editMessageMedia(self, call: Call) -> Any:
        shown = self.chats[call.values["chat_id"]][call.values["message_id"]]
        data = call.files[call.values["media"]["media"].removeprefix("attach://")]
        photo = call.values["media"]["type"] == "photo"
        if photo and not _is_photo(data):
            return _refused(NO_PHOTO)
        (shown.pictures if photo else shown.documents).append(data)
        shown.text = call.values["media"].get("caption", "")
        return self._edited(call, shown)

    async def _editMessageReplyMarkup(self, call: Call) -> Any:
        shown = self.chats[call.values["chat_id"]][call.values["message_id"]]
        if _buttons(call) == shown.buttons:
            return _refused(UNCHANGED)
        return self._edited(call, shown)

    async def _editMessageText(self, call: Call) -> Any:
        shown = self.chats[call.values["chat_id"]][call.values["message_id"]]
        shown.text = call.values["text"]
        return _as_message(shown)

    async def _deleteMessage(self, call: Call) -> Any:
        self.gone.append(self.chats[call.values["chat_id"]].pop(call.values["message_id"]))
        return True

    def _show(self, call: Call, text: str, **kinds: list[bytes]) -> dict[str, Any]:
        reply = call.values.get("reply_parameters", {}).get("message_id")
        shown = Shown(self.next_id(), call.values["chat_id"], text, buttons=_buttons(call), reply=reply, **kinds)
        self.chats[shown.chat][shown.id] = shown
        return _as_message(shown)

    def _edited(self, call: Call, shown: Shown) -> dict[str, Any]:
        shown.buttons = _buttons(call)
        return _as_message(shown)


def _read(value: str) -> Any:
    """Numbers and structures come as JSON, texts as they are."""
    if value[:1] in "{[-0123456789":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _is_photo(data: bytes) -> bool:
    """Whether Telegram takes a picture as a photo."""
    sides = Image.open(io.BytesIO(data)).size
    return max(sides) <= LONGEST_RATIO * min(sides) and sum(sides) <= MOST_SIDES


def _buttons(call: Call) -> list[dict[str, str]]:
    return [button for row in call.values.get("reply_markup", {}).get("inline_keyboard", []) for button in row]


def _as_message(shown: Shown) -> dict[str, Any]:
    chat = {"id": shown.chat, "type": "private"}
    return {"message_id": shown.id, "date": int(time.time()), "chat": chat, "text": shown.text}


def _refused(fault: Fault) -> web.Response:
    more = {"parameters": fault.parameters} if fault.parameters else {}
    return web.json_response({"ok": False, "error_code": fault.status, "description": fault.description, **more}, status=fault.status)


@dataclass
class Person:
    """Somebody with a chat of their own, whose number is theirs."""

    server: ApiServer
    id: int
    language: str = "en"

    @property
    def shown(self) -> list[Shown]:
        """What the bot shows them, oldest first."""
        return list(self.server.chats[self.id].values())

    def write(self, text: str) -> int:
        return self._say({"text": text})

    def photo(self, data: bytes) -> int:
        """A photograph as phones send it."""
        small, large = self._keep(b"thumbnail"), self._keep(data)
        sizes = [{"file_id": id, "file_unique_id": id, "width": w, "height": w} for id, w in ((small, 90), (large, 1280))]
        return self._say({"photo": sizes})

    def document(self, data: bytes, mime: str = "image/png", size: int | None = None) -> int:
        id = self._keep(data)
        return self._say({"document": {"file_id": id, "file_unique_id": id, "mime_type": mime, "file_size": size or len(data)}})

    def sticker(self) -> int:
        sticker = {
            "file_id": "s",
            "file_unique_id": "s",
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
        }
        return self._say({"sticker": sticker})

    def press(self, shown: Shown, data: str) -> str:
        """The number of the press."""
        number = str(self.server.next_id())
        message = _as_message(shown) | {"chat": {"id": self.id, "type": "private"}}
        query = {"id": number, "from": self._me(), "chat_instance": "1", "data": data, "message": message}
        self.server.arrive({"callback_query": query})
        return number

    def pressed(self, shown: Shown, data: str) -> dict[str, Any]:
        """Press, and what was answered to it at once."""
        number = self.press(shown, data)

        def answers() -> list[Call]:
            calls = [call for call in self.server.calls if call.method == "answerCallbackQuery"]
            return [call for call in calls if str(call.values["callback_query_id"]) == number]

        return self.server.wait(answers)[0].values

    def answer(self, to: int) -> Shown:
        """The answer to a message, once it is there."""
        return self.server.wait(lambda: [one for one in self.shown if one.reply == to and not one.text.startswith(ON_THE_WAY)])[0]

    def _keep(self, data: bytes) -> str:
        id = f"file-{len(self.server.files)}"
        self.server.files[id] = data
        return id

    def _me(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": False, "first_name": "Somebody", "language_code": self.language}

    def _say(self, content: dict[str, Any], chat: dict[str, Any] | None = None) -> int:
        number = self.server.next_id()
        where = chat or {"id": self.id, "type": "private"}
        self.server.arrive({"message": {"message_id": number, "date": int(time.time()), "chat": where, "from": self._me(), **content}})
        return number
