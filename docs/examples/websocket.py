"""A small WebSocket and HTTP server on 127.0.0.1, as far as an agent and tests need one; it knows nothing of bridges."""
import asyncio, base64, hashlib, json, sys
from urllib.parse import parse_qs, urlsplit

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # Of RFC 6455.
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Socket:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, message):
        self._frame(TEXT, json.dumps(message).encode())

    def close(self, code):
        """Says why; the other end closes the connection in return."""
        self._frame(CLOSE, code.to_bytes(2, "big"))

    def abort(self):
        self.writer.transport.abort()

    async def messages(self):
        """What comes, one by one, until the connection is over."""
        text = b""
        while True:
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            mask = await self.reader.readexactly(4)
            data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(await self.reader.readexactly(size)))
            opcode, is_last = first & 0x0F, first & 0x80
            if opcode == CLOSE:
                return
            if opcode == PING:
                self._frame(PONG, data)
            if opcode <= TEXT:
                text += data
                if is_last:
                    yield json.loads(text)
                    text = b""

    def _frame(self, opcode, data):
        size = len(data)
        length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
        if size >= 65536:
            length = b"\x7f" + size.to_bytes(8, "big")
        self.writer.write(bytes([0x80 | opcode]) + length + data)


async def serve(port, path, connected, requested):
    """Calls `connected(name, socket)` for each WebSocket at this path, and `requested(method, path, body)`, which returns
    status and answer, for each other request. All is in JSON."""

    async def accept(reader, writer):
        try:
            request, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            method, target, _ = request.split(" ")
            url = urlsplit(target)
            if url.path == path:
                digest = hashlib.sha1((headers["sec-websocket-key"] + MAGIC).encode()).digest()
                writer.write(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n\r\n".encode()
                )
                await connected(parse_qs(url.query).get("agent", [None])[0], Socket(reader, writer))
            else:
                body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or "{}")
                status, answer = requested(method, url.path, body)
                data = json.dumps(answer).encode()
                head = f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
                writer.write(head.encode() + data)
        except (OSError, EOFError):
            pass  # The other end has gone.
        except (ValueError, KeyError, TypeError) as error:
            print(f"a connection is ended: {error!r}", file=sys.stderr)
        finally:
            writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", port) as server:
        print(f"ws://127.0.0.1:{port}{path}", flush=True)
        await server.serve_forever()
