import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, maxHeaderSize, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener, RequestError } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type WebSocket, WebSocketServer } from "ws";
import { budgets } from "../../../src/foundation/guard/budgets.ts";
import { addressIn, clientOf, type Networks, networkOf } from "../../../src/foundation/guard/networks.ts";
import { isLoopback } from "../../../src/foundation/loopback.ts";
import { keepsPath } from "../../../src/foundation/text/path-segment.ts";
import { codeOf } from "../../../src/foundation/text/reason.ts";
import { failedForNow } from "../../../src/http/problem.ts";
import { asResponse, type PostHooks, TextAnswer, usual, withUsualHeaders } from "../../../src/http/text-answer.ts";
import type { Home } from "../home.ts";
import type { HomeSocket } from "../home-socket.ts";
import { Connection, Connections, limitsFor } from "./connections.ts";
import { FairTurns } from "./fair-turns.ts";

interface ServerPorts {
  readonly host: string;
  readonly port: number;
  readonly home: Pick<Home, "gate" | "acceptedBy">;
  /** Those in front of this edge, which say for whom they ask. */
  readonly proxies: Networks;
  /** No answer leaves before all is on disk; `onDisk` is for what counts only then. */
  fetch(request: Request, hooks: PostHooks): Promise<Response | TextAnswer>;
  /** Files that this process may have open; by default what the system says. */
  readonly files?: number;
  /** A connection was closed: to make room, as too many requests waited (over it, or in all), or for chunks. */
  closed?(why: "crowded" | "unanswered" | "waiting" | "chunks"): void;
}

/** Of an agent's message, as at Cloudflare. */
const mostBytes = 32 * 1024 * 1024;
const { most: mostHeaders } = budgets.headersOfRequest;
const headersWithinMs = 10_000;
const idleConnectionMs = 60_000;
/** A close that the other end does not answer. */
const closeWithinMs = 5_000;
/** Of a frame that closes a WebSocket. */
const mostBytesOfReason = 123;
/** What waits for a client that does not read. */
const mostBytesWaiting = 16 * 1024 * 1024;
/** A client that neither sends nor reads. */
const silentWithinMs = 120_000;
/** Where the system does not say how many files a process may have. */
const usualFiles = 1_024;
/** Answers that are under way when it ends. */
const answerWithinMs = 500;

/** Takes HTTP requests and WebSockets. Resolves when it listens; returns how to end it. */
export async function listen(ports: ServerPorts): Promise<() => Promise<void>> {
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    perMessageDeflate: false,
    maxPayload: mostBytes,
  });
  const connections = new Connections(limitsFor(ports.files ?? filesAllowed()), () => ports.closed?.("crowded"));
  const connectionOf = new WeakMap<Duplex, Connection>();
  const turns = new FairTurns();
  const clientOfRequest = new WeakMap<object, string>();
  const answer = getRequestListener(
    async (request, { incoming, outgoing }) => {
      if (incoming.headers.host === undefined && incoming.httpVersion !== "1.0")
        return refused("The request has no Host.");
      if (isChanged(incoming.url ?? "", request.url)) return noTarget();
      const connection = connectionOf.get(incoming.socket);
      const client = clientOfRequest.get(incoming) ?? "";
      const answer = await answerTo(ports, from(client, request), {
        admitted: () => {
          if (connection) connections.admitted(connection);
          turns.noteKnown(client);
        },
        signedIn: () => {
          if (connection) connections.signedIn(connection);
          turns.noteKnown(client);
        },
      });
      if (answer instanceof TextAnswer) return send(answer, outgoing as ServerResponse);
      const accepted = ports.home.acceptedBy(answer);
      if (!accepted) return answer;
      // Its header asked for a WebSocket, and its connection did not.
      accepted.ended();
      return refused("A WebSocket needs a connection that is upgraded.", 426);
    },
    {
      overrideGlobalObjects: false,
      // HTTP/1.0 needs no Host.
      hostname: "localhost",
      errorHandler: (error) => (error instanceof RequestError ? noTarget() : failedForNow(usual)),
    },
  );
  /** Begins when it is its turn, unless its connection is gone by then. */
  const inTurn = (socket: Socket, client: string, begin: () => void) =>
    turns.ask(client, {
      begin: () => {
        if (!socket.destroyed) begin();
      },
      drop: () => {
        if (!socket.destroyed) ports.closed?.("waiting");
        breakOff(socket);
      },
    });
  /**
   * Answers it when it is its turn. Where too many requests wait over its connection, that is closed: Node reads
   * hundreds of them at once, and all others would wait for those.
   */
  const asked = (incoming: IncomingMessage, outgoing: ServerResponse, begin: () => void): void => {
    const { socket, method, headers } = incoming;
    const connection = connectionOf.get(socket);
    if (connection && connection.unanswered >= budgets.requestsOfConnection.most) {
      breakOff(socket);
      return ports.closed?.("unanswered");
    }
    if (connection) {
      connections.asked(connection);
      outgoing.once("close", () => connections.answered(connection));
    }
    const isChunked = headers["transfer-encoding"] !== undefined;
    const hasBody = isChunked || Number(headers["content-length"] ?? 0) > 0;
    // Node would read on for as long as somebody sends what nobody reads.
    if (hasBody && (method === "GET" || method === "HEAD")) outgoing.shouldKeepAlive = false;
    if (isChunked) limitChunks(incoming, () => ports.closed?.("chunks"));
    const client = clientIn(incoming, ports.proxies);
    clientOfRequest.set(incoming, client);
    inTurn(socket, client, begin);
  };
  const server = createServer(
    {
      headersTimeout: headersWithinMs,
      requestTimeout: 0,
      keepAliveTimeout: idleConnectionMs,
      connectionsCheckingInterval: 1_000,
      // Node would refuse a request without a Host, and say nothing of why.
      requireHostHeader: false,
      // A client may offer another protocol, and goes on without it: Java's offers h2c with each request.
      shouldUpgradeCallback: ({ method, headers }) =>
        method === "GET" && headers.upgrade?.toLowerCase() === "websocket",
    },
    (incoming, outgoing) => {
      asked(incoming, outgoing, () => void answer(incoming, outgoing));
    },
  );
  server.on("checkContinue", (incoming, outgoing) => {
    asked(incoming, outgoing, () => {
      continueOnceRead(incoming, outgoing);
      void answer(incoming, outgoing);
    });
  });
  server.maxHeadersCount = mostHeaders;
  // Whoever sends no more may still wait for an answer, as at workerd. Node has no public name for it.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.setTimeout(silentWithinMs);
  server.on("connection", (socket: Socket) => {
    const peer = addressIn(socket.remoteAddress ?? "") ?? "";
    const network = isLoopback(peer) || ports.proxies.has(peer) ? null : networkOf(peer);
    const connection = new Connection(network, () => socket.destroy());
    connectionOf.set(socket, connection);
    socket.once("close", () => connections.closed(connection));
    connections.opened(connection);
  });
  /** Node counts them among its connections, and neither lists nor closes them. */
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (incoming, socket, head) => {
    upgraded.add(socket.once("close", () => upgraded.delete(socket)));
    socket.on("error", () => socket.destroy());
    const connection = connectionOf.get(socket);
    const accepted = () => void (connection && connections.upgraded(connection));
    const client = clientIn(incoming, ports.proxies);
    inTurn(incoming.socket, client, () => {
      upgrade(ports, webSockets, { incoming, socket, head, client, accepted }).catch(() => socket.destroy());
    });
  });
  server.on("checkExpectation", (incoming: IncomingMessage, answer: ServerResponse) => {
    const says = "The only expectation that is met is 100-continue.\n";
    asked(incoming, answer, () => send(new TextAnswer(417, "text/plain; charset=UTF-8", says, usual), answer));
  });
  server.on("clientError", (error, socket: Duplex & { readonly _httpMessage?: ServerResponse }) => {
    // An answer that has begun is broken off. Node does so by the same field, and has no public one.
    if (!socket.writable || codeOf(error) === "ECONNRESET" || socket._httpMessage?.headersSent) socket.destroy();
    else void refuse(socket, unreadable(codeOf(error)));
  });
  // The edge is nobody's proxy.
  server.on("connect", (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: ports.host, port: ports.port }, resolve);
  });
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of webSockets.clients) socket.close(1012, "the edge stops");
    webSockets.close(); // It refuses those that come now.
    const late = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    }, answerWithinMs);
    await closed;
    clearTimeout(late);
  };
}

/** For Node each part costs as much as a short body that is whole. */
function limitChunks(incoming: IncomingMessage, closed: () => void): void {
  const { push } = incoming;
  const { most, bytesOfOne } = budgets.chunksOfBody;
  let left: number = most;
  incoming.push = (chunk) => {
    // `null` is the end of all.
    if (chunk !== null) left += chunk.length / bytesOfOne - 1;
    if (left >= 0) return push.call(incoming, chunk);
    breakOff(incoming.socket);
    closed();
    return false;
  };
  // After the answer Node drops the rest without `push`.
  Object.assign(incoming, { _dump: () => incoming.removeAllListeners("data").resume() });
}

/** As of a connection that is upgraded: what has come behind it is not read as requests. */
const endOfRequests = 2;
/** Where a parser of Node has what it calls for each part of a body. */
export const onBody = 3;

interface Parser {
  onIncoming: (next: { upgrade: boolean }) => number;
  incoming: unknown;
  [onBody]: unknown;
}

/**
 * Closes it amid what has come. Node would go on and make requests and parts of a body of it, and has no public way to
 * leave that. Its parsers are used again.
 */
function breakOff(socket: Socket & { readonly parser?: Parser | null }): void {
  const { parser } = socket;
  // A second time there would be nothing to give back.
  if (socket.destroyed) return;
  if (parser) {
    const { [onBody]: read } = parser;
    const onIncoming: Parser["onIncoming"] = (next) => {
      next.upgrade = false;
      return endOfRequests;
    };
    Object.assign(parser, { onIncoming, incoming: null, [onBody]: null });
    socket.once("close", () => Object.assign(parser, { [onBody]: read }));
  }
  socket.destroy();
}

/** Lets the client send its body once somebody reads it, as workerd does: one that is refused sends none. */
function continueOnceRead(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const read = incoming._read;
  incoming._read = (size) => {
    incoming._read = read;
    // Node also reads after the answer, to be rid of the body.
    const goOn = () => void (outgoing.headersSent || outgoing.writeContinue());
    // Behind a request that is not answered yet, it has no connection.
    if (outgoing.socket) goOn();
    else outgoing.once("socket", goOn);
    read.call(incoming, size);
  };
}

/** The answer, once all that it stands on is on disk. */
async function answerTo(
  { home, fetch }: ServerPorts,
  request: Request,
  who: Omit<PostHooks, "onDisk">,
): Promise<Response | TextAnswer> {
  const gate = home.gate();
  let mayLeave = false;
  const onDisk = async () => {
    // Whoever waits here also hears of a loss, and answers for it.
    mayLeave = true;
    await gate();
  };
  const answer = await fetch(request, { onDisk, ...who });
  try {
    // What is written behind its own flush concerns others.
    if (!mayLeave) await gate();
    return answer;
  } catch {
    const failed = withUsualHeaders(request, failedForNow());
    if (!(answer instanceof Response)) return failed;
    home.acceptedBy(answer)?.ended();
    // One that says itself that it failed stands on nothing.
    return answer.status === 503 ? answer : failed;
  }
}

function send({ status, contentType, text, headers }: TextAnswer, outgoing: ServerResponse): Response {
  const own = { "content-type": contentType, "content-length": Buffer.byteLength(text) };
  outgoing.writeHead(status, { ...headers, ...own }).end(text);
  return RESPONSE_ALREADY_SENT;
}

/** Whether a URL has another path than the target. One without these letters stays as it is, and costs no URL. */
function isChanged(target: string, url: string): boolean {
  if (!target.startsWith("/") || !/[.\\%]|[^!-~]/.test(target)) return false;
  const parsed = URL.parse(url);
  return parsed === null || !keepsPath(parsed, target);
}

function refused(why: string, status = 400): Response {
  return new Response(`${why}\n`, { status, headers: usual });
}

function noTarget(): Response {
  return refused("The request's target is no path, or its Host no host.");
}

/** The answer to what Node could not read as a request, by the code of its error. */
function unreadable(code: string): Response {
  const [status, says] = faults[code] ?? [400, "The request is not well-formed HTTP."];
  return refused(says, status);
}

const faults: Readonly<Record<string, readonly [status: number, says: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, `The request's headers did not come within ${headersWithinMs / 1_000} seconds.`],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The extensions of the request's chunks are too long."],
  HPE_HEADER_OVERFLOW: [
    431,
    `The request's target and headers have more than ${maxHeaderSize} bytes, or there are more than ${mostHeaders} headers.`,
  ],
};

/** The address of who asks. */
function clientIn({ socket, headers }: IncomingMessage, proxies: Networks): string {
  const { "x-forwarded-for": said } = headers;
  return clientOf(socket.remoteAddress ?? "", said === undefined ? null : String(said), proxies);
}

/** Says who asks, in the place where plain workerd says who is connected. */
function from(client: string, request: Request): Request {
  return Object.defineProperty(request, "cf", { value: { client } });
}

/** How many files this process may have open. */
function filesAllowed(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return Number(soft ?? usualFiles);
  } catch {
    return usualFiles;
  }
}

/** What becomes a WebSocket says so itself. */
const nobody = { admitted: () => {}, signedIn: () => {} };

interface Upgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly client: string;
  accepted(): void;
}

async function upgrade(
  ports: ServerPorts,
  webSockets: WebSocketServer,
  { incoming, socket, head, client, ...asked }: Upgrade,
): Promise<void> {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  const url = URL.parse(`http://${incoming.headers.host ?? "localhost"}${incoming.url}`);
  const answer =
    url && !isChanged(incoming.url ?? "", url.href)
      ? asResponse(await answerTo(ports, from(client, new Request(url, { headers })), nobody))
      : noTarget();
  const accepted = ports.home.acceptedBy(answer);
  if (!accepted) return refuse(socket, answer);
  if (socket.destroyed) return accepted.ended();
  asked.accepted();
  // Also where the handshake is refused, and no WebSocket is made.
  socket.once("close", () => accepted.ended());
  webSockets.handleUpgrade(incoming, socket, head, (wire) => connect(accepted, wire));
}

function connect(accepted: HomeSocket, wire: WebSocket): void {
  wire.on("message", (data, isBinary) => accepted.received(isBinary ? "" : String(data)));
  wire.on("error", () => {});
  wire.on("close", () => accepted.ended());
  accepted.attach({
    send: (text) => {
      if (wire.bufferedAmount > mostBytesWaiting) wire.terminate();
      else wire.send(text, () => {});
    },
    close: (code, reason) => {
      wire.close(code, cut(reason));
      setTimeout(() => wire.terminate(), closeWithinMs).unref();
    },
  });
}

function cut(reason: string): string {
  if (Buffer.byteLength(reason) <= mostBytesOfReason) return reason;
  const text = Buffer.from(reason)
    .subarray(0, mostBytesOfReason - 3)
    .toString();
  return `${text.replace(/\uFFFD$/, "")}…`;
}

/** Answers where Node has no answer to fill: to what wanted a WebSocket, or cannot be read. */
async function refuse(socket: Duplex, answer: Response): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer());
  socket.once("finish", () => socket.destroy());
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}\r\n${headers}content-length: ${body.length}\r\nconnection: close\r\n\r\n`,
      ),
      body,
    ]),
  );
}
