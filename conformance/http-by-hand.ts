import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { gzipSync } from "node:zlib";
import { type HttpAnswer, type Spelling, TIMEOUT_MS } from "./ports.ts";

/** A client that waits no longer for `100 Continue` sends the body all the same. */
const CONTINUE_MS = 1_000;

/** Posts documents over as few connections as the server allows, each written byte by byte as told. */
export async function postByHand(url: string, bodies: readonly string[], how: Spelling): Promise<HttpAnswer[]> {
  const answers: HttpAnswer[] = [];
  const requests = bodies.map((body) => writeRequest(new URL(url), body, how));
  let connection: Connection | null = null;
  try {
    if (how.isPipelined) {
      connection = await Connection.open(url);
      connection.write(Buffer.concat(requests.flatMap(({ head, body }) => [head, body])));
      for (const _ of requests) answers.push(await connection.answer());
      return answers;
    }
    for (const { head, body } of requests) {
      if (!connection || connection.isOver) connection = await Connection.open(url);
      connection.write(head);
      if (how.framing === "expect") await connection.mayGoOn();
      if (!connection.hasAnswer) connection.write(body);
      answers.push(await connection.answer());
    }
    return answers;
  } finally {
    connection?.close();
  }
}

function writeRequest({ host, pathname, search }: URL, text: string, how: Spelling) {
  const plain = how.isUtf16 ? Buffer.from(`\uFEFF${text}`, "utf16le") : Buffer.from(text);
  const bytes = how.framing === "gzip" ? gzipSync(plain) : plain;
  const version = how.version ?? "1.1";
  const headers = {
    ...(!how.isWithoutHost && { Host: host }),
    ...(how.framing === "chunked" ? { "Transfer-Encoding": "chunked" } : { "Content-Length": String(bytes.length) }),
    ...(how.framing === "expect" && { Expect: "100-continue" }),
    ...(how.framing === "gzip" && { "Content-Encoding": "gzip" }),
    ...(how.contentType !== "" && { "Content-Type": how.contentType ?? "text/xml; charset=UTF-8" }),
  };
  const lines = Object.entries(headers).map(
    ([name, value]) => `${how.isUpperCase ? name.toUpperCase() : name}: ${value}\r\n`,
  );
  const head = Buffer.from(`POST ${pathname}${search} HTTP/${version}\r\n${lines.join("")}\r\n`);
  return { head, body: how.framing === "chunked" ? chunked(bytes) : bytes };
}

/** In pieces that end anywhere. */
function chunked(bytes: Buffer): Buffer {
  const middle = Math.floor(bytes.length / 3);
  const pieces = [bytes.subarray(0, middle), bytes.subarray(middle)].flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}

class Connection {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #failure: Error | null = null;
  #wake: () => void = () => {};
  /** The server has said, or shown, that it takes no more requests here. */
  isOver = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const ends = (error?: Error) => {
      this.#hasEnded = true;
      this.isOver = true;
      this.#failure ??= error ?? null;
      this.#wake();
    };
    socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    socket.on("end", () => ends());
    socket.on("close", () => ends());
    socket.on("error", ends);
    socket.setTimeout(TIMEOUT_MS, () => ends(new Error(`no whole answer within ${TIMEOUT_MS} ms`)));
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const isTls = protocol === "https:";
    const socket = isTls
      ? connectTls({ host, port: Number(port || 443), ...(isIP(host) === 0 && { servername: host }) })
      : connect({ host, port: Number(port || 80) });
    await new Promise<void>((connected, failed) => {
      socket.once(isTls ? "secureConnect" : "connect", connected).once("error", failed);
    });
    return new Connection(socket);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  get hasAnswer(): boolean {
    return this.#bytes.includes("\r\n\r\n");
  }

  /** Waits until the server wants the body, has answered without it, or says nothing. */
  async mayGoOn(): Promise<void> {
    const timer = setTimeout(() => this.#wake(), CONTINUE_MS);
    if (!this.hasAnswer && !this.#hasEnded) await this.#more();
    clearTimeout(timer);
    this.#skipContinue();
  }

  async answer(): Promise<HttpAnswer> {
    for (;;) {
      this.#skipContinue();
      const answer = this.#read();
      if (answer) return answer;
      if (this.#hasEnded) throw this.#failure ?? new Error("the connection was closed before a whole answer");
      await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((done) => {
      this.#wake = done;
    });
  }

  #skipContinue(): void {
    while (/^HTTP\/1\.\d 1\d\d/.test(this.#bytes.toString("latin1", 0, 12)) && this.hasAnswer)
      this.#bytes = this.#bytes.subarray(this.#bytes.indexOf("\r\n\r\n") + 4);
  }

  /** The answer at the beginning of what came; `null`: it is not whole. */
  #read(): HttpAnswer | null {
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const head = this.#bytes.toString("latin1", 0, end);
    const rest = this.#bytes.subarray(end + 4);
    const header = (name: string) => new RegExp(`\r\n${name}:\\s*([^\r\n]*)`, "i").exec(head)?.[1]?.trim();
    const length = header("content-length");
    const read = /\bchunked\b/i.test(header("transfer-encoding") ?? "")
      ? unchunked(rest)
      : length === undefined
        ? this.#hasEnded && { body: rest, length: rest.length }
        : rest.length >= Number(length) && { body: rest.subarray(0, Number(length)), length: Number(length) };
    if (!read) return null;
    this.isOver ||= /^close$/i.test(header("connection") ?? "") || head.startsWith("HTTP/1.0") || length === undefined;
    this.#bytes = rest.subarray(read.length);
    return { status: Number(head.slice(9, 12)), body: read.body.toString("utf8") };
  }
}

function unchunked(bytes: Buffer): { readonly body: Buffer; readonly length: number } | null {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return null;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    const next = line + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { body: Buffer.concat(pieces), length: next };
    pieces.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
}
