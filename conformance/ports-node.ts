import { Agent, createServer, type IncomingMessage, request, type Server } from "node:http";
import { request as requestTls } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Handler, type HttpAnswer, type HttpRequest, type Listener, type Ports, TIMEOUT_MS } from "./ports.ts";

const agent = new Agent({ keepAlive: true });

/** The real clock and network. */
export const nodePorts: Ports = {
  now: Date.now,
  sleep: async (ms) => {
    await pause(ms);
  },
  send,
  listen,
};

function send({ method, url, body, contentType, timeoutMs = TIMEOUT_MS }: HttpRequest): Promise<HttpAnswer> {
  return new Promise((answered, failed) => {
    const headers = {
      "content-length": Buffer.byteLength(body),
      ...(body !== "" && { "content-type": contentType ?? "text/xml; charset=UTF-8" }),
    };
    const isTls = url.startsWith("https:");
    const sent = (isTls ? requestTls : request)(
      url,
      { method, headers, timeout: timeoutMs, ...(!isTls && { agent }) },
      (response) => {
        readAll(response).then((text) => answered({ status: response.statusCode ?? 0, body: text }), failed);
      },
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on("error", failed);
    sent.end(body);
  });
}

async function listen(address: string, handle: Handler): Promise<Listener> {
  const { hostname, port } = splitAddress(address);
  const server: Server = createServer((incoming, response) => {
    void readAll(incoming)
      .then((body) => handle({ method: incoming.method ?? "", url: incoming.url ?? "", body }))
      .then(
        (answer) => {
          if (answer === "hang") return;
          if (answer === "reset") return void incoming.socket.destroy();
          response.writeHead(answer.status, { "content-type": "text/xml; charset=UTF-8" }).end(answer.body);
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

/** `host:port`. Throws if it is none. */
export function splitAddress(address: string): { readonly hostname: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const hostname = bracketed ?? plain;
  if (hostname === undefined || Number(port) > 65_535) throw new Error(`"${address}" is not HOST:PORT`);
  return { hostname, port: Number(port) };
}

async function readAll(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
