import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { resources } from "../../bridge-agent/drivers/asterisk/setup/description.ts";
import interface16 from "../asterisk/interface-16.json" with { type: "json" };

export interface FakeAnswer {
  readonly status: number;
  /** A stream is sent as it comes. */
  readonly body?: unknown;
}

/** What was asked: `POST /bridges` with the parameters. */
interface FakeRequest {
  readonly what: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly authorization: string;
}

/** A server that answers like ARI as far as it is told to; what it is not told is answered with status 404. */
export interface FakeAsterisk {
  readonly url: string;
  /** By method and path; a function is asked each time. `null`: not answered before `answer` is called. */
  readonly answers: Record<string, FakeAnswer | null | ((request: FakeRequest) => FakeAnswer | null)>;
  readonly requests: FakeRequest[];
  readonly sockets: WebSocket[];
  send(event: object): void;
  /** To all who still wait for one. */
  answer(what: string, answer: FakeAnswer): void;
  /** Whether somebody who asked this no longer waits for the answer. */
  brokenOff(what: string): boolean;
  close(): Promise<void>;
}

const names = ["applications", "asterisk", "bridges", "channels", "endpoints", "events", "playbacks"].map(
  (name) => `res_ari_${name}`,
);
const others = [
  "res_stasis",
  "res_stasis_answer",
  "res_stasis_playback",
  "res_stasis_snoop",
  "res_mutestream",
  "app_stasis",
  "bridge_softmix",
];
const functions = ["func_talkdetect", "func_callerid", "chan_pjsip"];

/** The modules that the driver needs, without this one. */
export function healthyBut(missing?: string): FakeAnswer {
  const running = [...names, ...others, ...functions].filter((name) => name !== missing);
  return { status: 200, body: running.map((name) => ({ name: `${name}.so`, status: "Running" })) };
}

/** Returns the description of its interface after a change of its text. */
export function describing(change: (text: string) => string): FakeAsterisk["answers"] {
  const apis = Object.entries(interface16.operations).map(([what, parameters]) => {
    const [httpMethod, path] = what.split(" ");
    return { path, operations: [{ httpMethod, parameters: parameters.map((name) => ({ name })) }] };
  });
  const answer = { status: 200, body: change(JSON.stringify({ apis })) };
  return Object.fromEntries(resources.map((resource) => [`GET /api-docs/${resource}.json`, answer]));
}

/** Of an Asterisk that has everything, and nobody in it. */
function healthy(): FakeAsterisk["answers"] {
  return {
    "GET /asterisk/info": {
      status: 200,
      body: { system: { version: "22.10.1" }, status: { startup_time: "2026-11-20T10:00:00.000+0000" } },
    },
    "GET /asterisk/modules": healthyBut(),
    "GET /endpoints/PJSIP/trunk": { status: 200, body: {} },
    "GET /asterisk/variable": { status: 200, body: { value: "" } },
    "POST /asterisk/variable": { status: 204 },
    "GET /bridges": { status: 200, body: [] },
    "GET /channels": { status: 200, body: [] },
    "POST /channels/create": { status: 200, body: {} },
  };
}

export async function startFakeAsterisk(): Promise<FakeAsterisk> {
  const answers = healthy();
  const requests: FakeRequest[] = [];
  const sockets: WebSocket[] = [];
  const send = (event: object) => {
    for (const socket of sockets) socket.send(JSON.stringify(event));
  };

  const waiting: { readonly what: string; readonly response: ServerResponse }[] = [];
  const reply = (response: ServerResponse, { status, body }: FakeAnswer) => {
    response.writeHead(status, { "content-type": "application/json" });
    if (body instanceof Readable) body.pipe(response);
    else response.end(body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body));
  };
  const server = createServer(async (incoming, response) => {
    const request = await read(incoming);
    requests.push(request);
    const known = answers[request.what];
    let answer = typeof known === "function" ? known(request) : known;
    const mark = /^POST \/events\/user\/(.*)$/.exec(request.what)?.[1];
    if (mark !== undefined && answer === undefined && sockets.length > 0) {
      send({ type: "ChannelUserevent", eventname: mark, userevent: {} });
      answer = { status: 204 };
    }
    if (answer === null) waiting.push({ what: request.what, response });
    else reply(response, answer ?? { status: 404, body: { message: "no such thing" } });
  });
  const webSockets = new WebSocketServer({ server, path: "/ari/events" });
  webSockets.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("close", () => sockets.splice(sockets.indexOf(socket), 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/ari`,
    answers,
    requests,
    sockets,
    send,
    answer: (what, answer) => {
      for (const { what: asked, response } of waiting)
        if (asked === what && !response.writableEnded) reply(response, answer);
    },
    brokenOff: (what) => waiting.some((each) => each.what === what && each.response.destroyed),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(incoming: IncomingMessage): Promise<FakeRequest> {
  let text = "";
  for await (const chunk of incoming) text += chunk;
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://fake");
  return {
    what: `${incoming.method} ${pathname.replace(/^\/ari/, "")}`,
    parameters: { ...Object.fromEntries(searchParams), ...(text && JSON.parse(text)) },
    authorization: incoming.headers.authorization ?? "",
  };
}
