import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { helperId } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";

/** The way between an agent and ARI: it can be cut, and can hold requests back. */
export interface HoldingProxy {
  readonly port: number;
  /** From now on nothing that changes bridges or channels gets through until the returned function is called; then all of it does. */
  hold(): () => void;
  /** Waits until something is held. */
  held(): Promise<void>;
  /** From now on what changes bridges or channels is carried out, and not answered, until the next `cut`. */
  lose(): void;
  /** Breaks every connection. What was held gets through all the same: what was written to Asterisk is carried out. */
  cut(): void;
  close(): Promise<void>;
}

/** `carriedOut` hears of each request that Asterisk has answered with 2xx. */
export async function startHoldingProxy(
  target: number,
  carriedOut?: (request: string, body: string) => void,
): Promise<HoldingProxy> {
  const sockets = new Set<Socket>();
  let held: (() => void)[] | null = null;
  let loses = false;
  let isHolding = () => {};

  const isAct = ({ method, url }: IncomingMessage) => method !== "GET" && /^\/ari\/(bridges|channels)/.test(url ?? "");
  const pass = (incoming: IncomingMessage, body: Buffer, response: ServerResponse) => {
    const { method, url, headers } = incoming;
    const outgoing = request({ host: "127.0.0.1", port: target, method, path: url, headers, agent: false });
    outgoing.on("response", (answer) => {
      const { statusCode = 500 } = answer;
      if (statusCode < 300) carriedOut?.(`${method} ${url}`, body.toString());
      if (loses && isAct(incoming)) return void answer.resume();
      response.writeHead(statusCode, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    outgoing.end(body);
  };
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const isProbe = `${incoming.url}${body}`.includes(helperId("probe", ""));
    if (held === null || !isAct(incoming) || isProbe) return pass(incoming, body, response);
    held.push(() => pass(incoming, body, response));
    isHolding();
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.on("upgrade", ({ method, url, rawHeaders }, socket, head) => {
    const behind = connect(target, "127.0.0.1");
    const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
    behind.write(`${method} ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    behind.write(head);
    behind.pipe(socket).pipe(behind);
    for (const [one, other] of [
      [behind, socket],
      [socket, behind],
    ] as const) {
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  const passHeld = () => {
    const waiting = held?.splice(0) ?? [];
    for (const passOn of waiting) passOn();
  };
  const cut = () => {
    loses = false;
    passHeld();
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    hold() {
      held ??= [];
      return () => {
        passHeld();
        held = null;
      };
    },
    lose() {
      loses = true;
    },
    held: () =>
      new Promise((resolve) => {
        if (held !== null && held.length > 0) resolve();
        else isHolding = resolve;
      }),
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
