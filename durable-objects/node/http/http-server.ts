import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener, RequestError } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type WebSocket, WebSocketServer } from "ws";
import { budgets } from "../../../src/foundation/guard/budgets.ts";
import { clientOf, type Networks } from "../../../src/foundation/guard/networks.ts";
import { keepsPath } from "../../../src/foundation/text/path-segment.ts";
import { failedForNow } from "../../../src/http/problem.ts";
import { asResponse, type PostHooks, TextAnswer, usual } from "../../../src/http/text-answer.ts";
import type { RuntimeSocket } from "../runtime-socket.ts";

interface ServerPorts {
  readonly host: string;
  readonly port: number;
  /** Those in front of this edge, which say for whom they ask, and which limit what one network may ask. */
  readonly proxies: Networks;
  /** No answer leaves before all is on disk; `onDisk` is for what counts only then. */
  fetch(request: Request, hooks: PostHooks): Promise<Response | TextAnswer>;
  /** See `Runtime`. */
  mayLeave(): Promise<void> | null;
  /** See `Runtime`. */
  acceptedBy(answer: Response): RuntimeSocket | undefined;
}

/** Of an agent's message, as at Cloudflare. */
const mostBytes = 32 * 1024 * 1024;
/** A body has 10 s of its own. */
const options = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 60_000 } as const;
/** A client that neither sends nor reads. */
const silentWithinMs = 120_000;
/** A close that the other end does not answer. */
const closeWithinMs = 5_000;
/** Of a frame that closes a WebSocket. */
const mostBytesOfReason = 123;
/** What waits for a client that does not read. */
const mostBytesWaiting = 16 * 1024 * 1024;
/** Answers that are under way when it ends. */
const answerWithinMs = 500;

/** Takes HTTP requests and WebSockets from a proxy. Resolves when it listens; returns how to end it. */
export async function listen(ports: ServerPorts): Promise<() => Promise<void>> {
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: mostBytes });
  const answer = getRequestListener(
    async (request, { incoming, outgoing }) => {
      if (isChanged(incoming.url ?? "", request.url)) return noTarget();
      const answer = await answerTo(ports, request, incoming as IncomingMessage);
      if (answer instanceof TextAnswer) return send(answer, outgoing as ServerResponse);
      const accepted = ports.acceptedBy(answer);
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
  const server = createServer(
    {
      ...options,
      // A client may offer another protocol, and goes on without it: Java's offers h2c with each request.
      shouldUpgradeCallback: ({ method, headers }) =>
        method === "GET" && headers.upgrade?.toLowerCase() === "websocket",
    },
    (incoming, outgoing) => void answer(incoming, outgoing),
  );
  server.on("checkContinue", (incoming, outgoing) => {
    // The client sends its body once somebody reads it: one that is refused is not sent.
    const askFor = (event: string | symbol) => {
      if (event !== "data" && event !== "readable") return;
      incoming.off("newListener", askFor);
      if (!outgoing.headersSent) outgoing.writeContinue();
    };
    incoming.on("newListener", askFor);
    void answer(incoming, outgoing);
  });
  server.maxHeadersCount = budgets.headersOfRequest.most;
  server.maxConnections = budgets.connections.most;
  server.maxRequestsPerSocket = budgets.requestsOfConnection.most;
  server.setTimeout(silentWithinMs);
  /** Node neither lists nor closes them. */
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (incoming, socket, head) => {
    upgraded.add(socket.once("close", () => upgraded.delete(socket)));
    socket.on("error", () => socket.destroy());
    upgrade(ports, webSockets, incoming, socket, head).catch(() => socket.destroy());
  });
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

/** The answer, once all that it stands on is on disk. The request says who asks where plain workerd says who is connected. */
async function answerTo(
  { mayLeave, proxies, fetch }: ServerPorts,
  request: Request,
  { socket, headers }: IncomingMessage,
): Promise<Response | TextAnswer> {
  const client = clientOf(socket.remoteAddress ?? "", headers["x-forwarded-for"]?.toString() ?? null, proxies);
  Object.defineProperty(request, "cf", { value: { client } });
  let isOnDisk = false;
  const onDisk = async () => {
    isOnDisk = true;
    await mayLeave();
  };
  const answer = await fetch(request, { onDisk });
  // What is written behind its own flush concerns others.
  if (!isOnDisk) await mayLeave();
  return answer;
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

async function upgrade(
  ports: ServerPorts,
  webSockets: WebSocketServer,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const pairs = Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const url = URL.parse(`http://${incoming.headers.host}${incoming.url}`);
  const isTarget = url !== null && url.username === "" && !isChanged(incoming.url ?? "", url.href);
  const answer = isTarget
    ? asResponse(await answerTo(ports, new Request(url, { headers: pairs }), incoming))
    : noTarget();
  const accepted = ports.acceptedBy(answer);
  if (!accepted) return refuse(socket, answer);
  if (socket.destroyed) return accepted.ended();
  // Also where the handshake is refused, and no WebSocket is made.
  socket.once("close", () => accepted.ended());
  webSockets.handleUpgrade(incoming, socket, head, (wire) => connect(accepted, wire));
}

function connect(accepted: RuntimeSocket, wire: WebSocket): void {
  wire.on("message", (data, isBinary) => accepted.received(isBinary ? "" : String(data)));
  wire.on("error", () => {});
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

/** Answers what wanted a WebSocket, for which Node has no answer to fill. */
async function refuse(socket: Duplex, answer: Response): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer());
  const status = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}`;
  const headers = [...answer.headers, ["content-length", body.length], ["connection", "close"]];
  const head = [status, ...headers.map((pair) => pair.join(": "))].join("\r\n");
  socket.once("finish", () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]));
}
