import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, request as requestTls } from "node:https";
import { type AddressInfo, connect, isIP } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { postByHand } from "./http-by-hand.ts";
import {
  type Handler,
  type HttpAnswer,
  type HttpRequest,
  type Listener,
  type Ports,
  TIMEOUT_MS,
  type Tls,
} from "./ports.ts";

/** No document of the interface comes near it. */
const MOST_BYTES = 1_048_576;
const CONNECT_MS = 5_000;

/** The real clock and network. */
export const nodePorts: Ports = {
  now: Date.now,
  sleep: async (ms) => {
    await pause(ms);
  },
  send,
  post: postByHand,
  listen,
};

function send({ method, url, body, contentType, timeoutMs = TIMEOUT_MS, mostBytes }: HttpRequest): Promise<HttpAnswer> {
  return new Promise((answered, failed) => {
    const headers = {
      "content-length": Buffer.byteLength(body),
      ...(body !== "" && { "content-type": contentType ?? "text/xml; charset=UTF-8" }),
    };
    const isTls = url.startsWith("https:");
    // Each on a connection of its own: an adapter may close one that is kept without a word.
    const sent = (isTls ? requestTls : request)(url, { method, headers, agent: false }, (response) => {
      readAll(response, mostBytes)
        .then((text) => answered({ status: response.statusCode ?? 0, body: text }), failed)
        .finally(() => clearTimeout(timer));
    });
    // For the whole answer: one that comes byte by byte is none, either.
    const timer = setTimeout(() => sent.destroy(new Error(`no whole answer within ${timeoutMs} ms`)), timeoutMs);
    sent.on("error", (error) => {
      clearTimeout(timer);
      failed(error);
    });
    sent.end(body);
  });
}

/** Resolves when somebody accepts a connection there, and over https has a certificate that holds. */
export async function connects(url: string): Promise<void> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const isTls = protocol === "https:";
  const socket = isTls
    ? connectTls({ host, port: Number(port || 443), ...(isIP(host) === 0 && { servername: host }) })
    : connect({ host, port: Number(port || 80) });
  try {
    await new Promise<void>((connected, failed) => {
      socket
        .once(isTls ? "secureConnect" : "connect", connected)
        .once("error", (error) =>
          failed(isNoTls(error) ? new Error("what answers there does not speak https") : error),
        );
      socket.setTimeout(CONNECT_MS, () => failed(new Error(`no connection within ${CONNECT_MS} ms`)));
    });
  } finally {
    socket.destroy();
  }
}

/** OpenSSL's words for it are not for people. */
function isNoTls({ code = "" }: NodeJS.ErrnoException): boolean {
  return code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG" || code === "EPROTO";
}

async function listen(address: string, handle: Handler, tls?: Tls): Promise<Listener> {
  const { hostname, port } = splitAddress(address);
  const server = tls ? serverOf(tls) : createServer();
  server.on("request", (incoming: IncomingMessage, response: ServerResponse) => {
    void readAll(incoming)
      .then((body) => handle({ method: incoming.method ?? "", url: incoming.url ?? "", body }))
      .then(
        (answer) => {
          if (answer === "hang") return;
          // After a first byte, so that no client takes it for an idle connection that was closed.
          if (answer === "reset") return void incoming.socket.end("HTTP/1.1 200 OK\r\n");
          const bytes = Buffer.from(answer.bytes ?? Buffer.from(answer.body));
          response.writeHead(answer.status, answer.headers ?? { "content-type": "text/xml; charset=UTF-8" });
          // Written in two pieces it is chunked.
          if (answer.isChunked) response.write(bytes.subarray(0, 20));
          response.end(answer.isChunked ? bytes.subarray(20) : bytes);
        },
        () => incoming.socket.destroy(),
      );
  });
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(port, hostname, listening);
  });
  return {
    address: `${hostname.includes(":") ? `[${hostname}]` : hostname}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

const CLOSED = "it closes the connection before it posts";

/** Who does not trust the certificate says so by an alert, or just closes the connection. */
function serverOf({ certificate, key, onFailure }: Tls): Server {
  const silent = new Set<object>();
  const server = createTlsServer({ cert: certificate, key });
  const words: Readonly<Record<string, string>> = { ERR_SSL_HTTP_REQUEST: "it speaks HTTP there", ECONNRESET: CLOSED };
  server.on("tlsClientError", ({ code = "", message }: NodeJS.ErrnoException) => onFailure(words[code] ?? message));
  server.on("secureConnection", (socket: TLSSocket) => {
    silent.add(socket);
    socket.once("close", () => silent.has(socket) && onFailure(CLOSED));
  });
  server.on("request", ({ socket }: IncomingMessage) => void silent.delete(socket));
  return server;
}

/** `host:port`. Throws if it is none. */
export function splitAddress(address: string): { readonly hostname: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const hostname = bracketed ?? plain;
  if (hostname === undefined || Number(port) > 65_535) throw new Error(`"${address}" is not HOST:PORT`);
  return { hostname, port: Number(port) };
}

/** Rejects, and closes the connection, where there is no end. */
async function readAll(stream: IncomingMessage, most = MOST_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length;
    if (bytes > most) {
      stream.destroy();
      throw new Error(`the body has more than ${most} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return textOf(Buffer.concat(chunks));
}

/** By the byte order mark, else by the encoding that the XML declaration names, else UTF-8. */
function textOf(bytes: Buffer): string {
  const [first, second] = bytes;
  const isWide = (first === 0xff && second === 0xfe) || (first === 0x3c && second === 0);
  const isWideBigEndian = (first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c);
  const wide = isWide ? "utf-16le" : isWideBigEndian ? "utf-16be" : undefined;
  const head = bytes.toString("latin1", 0, 200);
  // One that names UTF-16 in bytes of eight bits was written anew by somebody between.
  const named = /^<\?xml[^>]*\sencoding\s*=\s*["'](?!utf-?16)([\w.:-]+)["']/i.exec(head)?.[1];
  try {
    return new TextDecoder(wide ?? named ?? "utf-8").decode(bytes);
  } catch {
    // Nobody knows an encoding of this name.
    return bytes.toString("utf8");
  }
}
