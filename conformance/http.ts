import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { createServer as createTlsServer, request as requestTls } from "node:https";
import type { AddressInfo } from "node:net";

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  /** Default: that of a document. */
  readonly contentType?: string;
  /** Sends header names in capitals. */
  readonly isInCapitals?: boolean;
  /** Reuses the connection of an earlier request if the server keeps it open. */
  readonly isOnSameConnection?: boolean;
  /** Time for the complete answer; default 15 s. */
  readonly timeoutMs?: number;
  /** Largest body of the answer; default 1 MiB. */
  readonly mostBytes?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** A certificate and its key, as PEM. */
export interface ServerKeys {
  readonly certificate: string;
  readonly key: string;
}

/** `reset` breaks the connection without an answer. `hang` keeps it open without one. */
export type Handler = (request: HttpRequest) => Promise<HttpAnswer | "reset" | "hang">;

export interface Listener {
  /** `host:port`, with the actual port. */
  readonly address: string;
  close(): Promise<void>;
}

const MOST_BYTES = 1_048_576;
const TIMEOUT_MS = 15_000;

/** Sends a request. Rejects if no complete answer comes in time. */
export function send(asked: HttpRequest): Promise<HttpAnswer> {
  const { method, url, body, isInCapitals, isOnSameConnection, timeoutMs = TIMEOUT_MS, mostBytes } = asked;
  const headers = Object.entries({
    ...(method !== "GET" && { "content-length": String(Buffer.byteLength(body)) }),
    ...(body !== "" && { "content-type": asked.contentType ?? "text/xml; charset=UTF-8" }),
  }).map(([name, value]) => [isInCapitals ? name.toUpperCase() : name, value]);
  const agent = isOnSameConnection ? {} : { agent: false as const };
  const options = { method, headers: Object.fromEntries(headers), ...agent };
  return new Promise((answered, failed) => {
    const sent = (url.startsWith("https:") ? requestTls : request)(url, options, (response) => {
      readAll(response, mostBytes)
        .then((text) => answered({ status: response.statusCode ?? 0, body: text }), failed)
        .finally(() => clearTimeout(timer));
    });
    const timer = setTimeout(() => sent.destroy(new Error(`no complete answer within ${timeoutMs} ms`)), timeoutMs);
    sent.on("error", (error) => {
      clearTimeout(timer);
      failed(error);
    });
    sent.end(body);
  });
}

/** Serves HTTP at `host:port`, HTTPS with `tls`; port 0 takes a free one. */
export async function listen(address: string, handle: Handler, tls?: ServerKeys): Promise<Listener> {
  const [host, port] = [address.slice(0, address.lastIndexOf(":")), address.slice(address.lastIndexOf(":") + 1)];
  const server: Server = tls ? createTlsServer({ cert: tls.certificate, key: tls.key }) : createServer();
  server.on("request", (incoming: IncomingMessage, response) => {
    void readAll(incoming)
      .then((body) => handle({ method: incoming.method ?? "", url: incoming.url ?? "", body }))
      .then(
        (answer) => {
          if (answer === "hang") return;
          // Send some bytes first, because clients silently retry when a connection closes without any.
          if (answer === "reset") return void incoming.socket.end("HTTP/1.1 200 OK\r\n");
          response.writeHead(answer.status, { "content-type": "text/xml; charset=UTF-8" }).end(answer.body);
        },
        () => incoming.socket.destroy(),
      );
  });
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(Number(port), host.replace(/^\[|\]$/g, ""), listening);
  });
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

/** True for `host:port`; a host in brackets may have colons. */
export function isAddress(text: string): boolean {
  const [, port] = /^(?:\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(text) ?? [];
  return Number(port) <= 65_535;
}

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

/** Decodes by the byte order mark, otherwise by the encoding in the XML declaration, otherwise as UTF-8. */
function textOf(bytes: Buffer): string {
  const [first, second] = bytes;
  const isLittle = (first === 0xff && second === 0xfe) || (first === 0x3c && second === 0);
  const isBig = (first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c);
  const wide = isLittle ? "utf-16le" : isBig ? "utf-16be" : undefined;
  const named = /^<\?xml[^>]*\sencoding\s*=\s*["'](?!utf-?16)([\w.:-]+)["']/i.exec(bytes.toString("latin1", 0, 200));
  try {
    return new TextDecoder(wide ?? named?.[1] ?? "utf-8").decode(bytes);
  } catch {
    return bytes.toString("utf8");
  }
}
