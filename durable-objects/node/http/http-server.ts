import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { type WebSocket, WebSocketServer } from "ws";
import { budgets } from "../../../src/foundation/guard/budgets.ts";
import { clientOf, type Networks } from "../../../src/foundation/guard/networks.ts";
import { keepsPath } from "../../../src/foundation/text/path-segment.ts";
import { failedForNow } from "../../../src/http/problem.ts";
import { type PostHooks, TextAnswer, usual } from "../../../src/http/text-answer.ts";
import type { RuntimeSocket } from "../runtime-socket.ts";

interface ServerPorts {
  readonly host: string;
  readonly port: number;
  /** Proxies in front of this edge, which set `X-Forwarded-For`. */
  readonly proxies: Networks;
  /** An answer is sent once everything written is on disk. `onDisk` waits for that earlier. */
  fetch(request: Request, hooks: PostHooks): Promise<Response | TextAnswer>;
  /** See `Runtime`. */
  mayLeave(): Promise<void> | null;
  /** See `Runtime`. */
  acceptedBy(answer: Response): RuntimeSocket | undefined;
}

/** Limit of a WebSocket message, as at Cloudflare. */
const mostBytes = 32 * 1024 * 1024;
/** The edge also limits the body to 10 s. */
const options = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 60_000 } as const;
/** Closes the connection of a client that neither sends nor reads. */
const silentWithinMs = 120_000;
/** Ends a WebSocket whose close is not answered. */
const closeWithinMs = 5_000;
/** Limit of a close frame (RFC 6455, section 5.5). */
const mostBytesOfReason = 123;
/** Limit of the frames that wait for a client that does not read. */
const mostBytesWaiting = 16 * 1024 * 1024;
/** Time for running answers when the server stops. */
const answerWithinMs = 500;

/** Serves HTTP and WebSockets. Resolves when it listens; returns the function that stops it. */
export async function listen(ports: ServerPorts): Promise<() => Promise<void>> {
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: mostBytes });
  /** Sockets of upgrades, which `closeAllConnections` leaves open, and what they have read. */
  const upgraded = new Map<Socket, Buffer>();
  const answer = getRequestListener(
    async (request, { incoming, outgoing }) => {
      if (isChanged(incoming.url ?? "", request.url)) return noTarget();
      const [asked, answering] = [incoming as IncomingMessage, outgoing as ServerResponse];
      const { socket } = asked;
      const answer = await answerTo(ports, request, asked);
      if (answer instanceof TextAnswer) return send(answer, answering);
      const accepted = ports.acceptedBy(answer);
      if (!accepted) return answer;
      const head = upgraded.get(socket);
      if (!head) {
        // The connection was not upgraded, or has ended.
        accepted.ended();
        return refused("A WebSocket needs a connection that is upgraded.", 426);
      }
      // Covers a refused handshake, which creates no WebSocket.
      socket.once("close", () => accepted.ended());
      answering.detachSocket(socket);
      webSockets.handleUpgrade(asked, socket, head, (wire) => connect(accepted, wire));
      return RESPONSE_ALREADY_SENT;
    },
    {
      overrideGlobalObjects: false,
      // HTTP/1.0 needs no Host.
      hostname: "localhost",
      errorHandler: (error) => (error instanceof RequestError ? noTarget() : failedForNow(usual)),
    },
  );
  const requests = new WeakMap<Socket, number>();
  /** Node's `maxRequestsPerSocket` announces the close of a connection but keeps it open, and refuses its posts. */
  const begin = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { socket } = incoming;
    const count = (requests.get(socket) ?? 0) + 1;
    requests.set(socket, count);
    // Ignore pipelined requests after the last answer.
    if (count > budgets.requestsOfConnection.most) return;
    if (count === budgets.requestsOfConnection.most) outgoing.shouldKeepAlive = false;
    void answer(incoming, outgoing);
  };
  const server = createServer(
    {
      ...options,
      // Ignore offers of other protocols: Java's client offers h2c with each request.
      shouldUpgradeCallback: ({ method, headers }) =>
        method === "GET" && headers.upgrade?.toLowerCase() === "websocket",
    },
    (incoming, outgoing) => begin(incoming, outgoing),
  );
  server.on("checkContinue", (incoming, outgoing) => {
    // Send 100 (Continue) only when the body is read. A refused client then does not send it.
    const askFor = (event: string | symbol) => {
      if (event !== "data" && event !== "readable") return;
      incoming.off("newListener", askFor);
      if (!outgoing.headersSent) outgoing.writeContinue();
    };
    incoming.on("newListener", askFor);
    begin(incoming, outgoing);
  });
  server.maxHeadersCount = budgets.headersOfRequest.most;
  server.maxConnections = budgets.connections.most;
  server.setTimeout(silentWithinMs);
  server.on("upgrade", (incoming, _, head) => {
    const { socket } = incoming;
    upgraded.set(socket, head);
    socket.once("close", () => upgraded.delete(socket)).on("error", () => socket.destroy());
    // For a refusal: Node creates no response, and no longer watches the socket.
    const outgoing = new ServerResponse(incoming);
    outgoing.shouldKeepAlive = false;
    outgoing.assignSocket(socket);
    outgoing.once("finish", () => socket.end(() => socket.destroy()));
    socket.on("drain", () => outgoing.emit("drain"));
    void answer(incoming, outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: ports.host, port: ports.port }, resolve);
  });
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of webSockets.clients) socket.close(1012, "the edge stops");
    webSockets.close(); // Refuses new ones.
    const late = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of upgraded.keys()) socket.destroy();
    }, answerWithinMs);
    await closed;
    clearTimeout(late);
  };
}

/**
 * Returns the answer once its cause is on disk. Puts the client's address into `cf.client`, as `cf` exists on
 * workerd.
 */
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
  // `onDisk` has waited for this request's own flush. Later writes belong to others.
  if (!isOnDisk) await mayLeave();
  return answer;
}

function send({ status, contentType, text, headers }: TextAnswer, outgoing: ServerResponse): Response {
  const own = { "content-type": contentType, "content-length": Buffer.byteLength(text) };
  outgoing.writeHead(status, { ...headers, ...own }).end(text);
  return RESPONSE_ALREADY_SENT;
}

/**
 * True if parsing changes the path of the target. Only these characters can change it; other targets are not parsed.
 */
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
