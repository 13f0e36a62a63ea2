import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import { encodeHello, HELLO_HEADER, helloText, LINK_PROTOCOL_VERSION, REFUSAL_HEADER } from "../../src/link/hello.ts";
import { CLOSE_CODES, PING } from "../../src/link/messages.ts";
import { Meeting, startWorld, type World } from "./world.ts";

const state = mkdtempSync(join(tmpdir(), "bridgehead-flood-"));
let world: World;
beforeAll(async () => {
  const agent = (name: string, folder: string) => ({ name, publicKey: agentKey(join(state, folder)).publicKey });
  const agents = [agent("agent-1", "agent"), agent("agent-2", "flooding")];
  world = await startWorld({ state, domain: { bridges: [{ name: "simulated", agents }] } });
});
afterAll(async () => {
  await world?.stop();
  rmSync(state, { recursive: true, force: true });
});

test("while an agent floods the edge with pings or digests, a meeting goes on; for digests it is closed", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const { extCallId } = await meeting.callIn("401");

  const pinging = await connect();
  for (let count = 0; count < 50_000; count += 1) pinging.send(PING);
  const unmute = meeting.muteRequest(extCallId, false);
  await meeting.ask(unmute);
  await meeting.answerTo(unmute.msgId, "ok", 2_000);
  pinging.close();
  await closing(pinging);
  const digesting = await connect();
  const closed = closing(digesting);
  const digests = Array.from({ length: 12_000 }, (_, index) => ({ conference: String(6e8 + index), digest: "d" }));
  digesting.send(JSON.stringify({ type: "digests", epoch: 1, digests }));
  const mute = meeting.muteRequest(extCallId, true);
  await meeting.ask(mute);
  await meeting.answerTo(mute.msgId, "ok", 2_000);

  expect(await closed).toBe(CLOSE_CODES.tooMuch);
  await meeting.close();
});

test("an agent that answers no close gets no more than a hundred sockets, and the edge serves others", async () => {
  const sockets = new Set<Socket>();
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  let refusal = "";
  // On a busy machine the edge lets go of the first ones meanwhile.
  for (let count = 0; count < 1_000 && refusal === ""; count += 1) {
    refusal = await openDeaf(sockets);
    expect(sockets.size).toBeLessThanOrEqual(100);
  }
  expect(refusal).toBe("4429 tooMuch");

  const meeting = new Meeting(world);
  await meeting.create();
  await meeting.close();
});

/** A socket that hears nothing, no close either; or why there is none. */
async function openDeaf(sockets: Set<Socket>, challenge = ""): Promise<string> {
  const refused = await new Promise<string>((resolve, reject) => {
    const asked = request(`${world.run.edgeUrl}/agent/local/simulated`, {
      agent: false,
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        [HELLO_HEADER]: helloWith(challenge),
      },
    });
    asked.once("upgrade", (_, socket) => {
      sockets.add(socket.on("error", () => {}).resume());
      socket.once("close", () => sockets.delete(socket));
      resolve("");
    });
    asked.once("response", (response) => {
      response.destroy();
      resolve(String(response.headers[REFUSAL_HEADER]));
    });
    asked.once("error", reject);
    asked.end();
  });
  return refused.startsWith("4402 ") ? openDeaf(sockets, refused.slice(5)) : refused;
}

function closing(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once("close", resolve));
}

/** A socket in the name of the second agent, which asks for it as agents do. */
async function connect(challenge = ""): Promise<WebSocket> {
  const url = `${world.run.edgeUrl.replace("http", "ws")}/agent/local/simulated`;
  const socket = new WebSocket(url, { headers: { [HELLO_HEADER]: helloWith(challenge) } });
  const refused = await new Promise<string | null>((resolve, reject) => {
    socket.once("open", () => resolve(null));
    socket.once("error", reject);
    socket.once("unexpected-response", (_, { headers }) => resolve(String(headers[REFUSAL_HEADER])));
  });
  if (refused === null) return socket;
  await pause(10);
  return connect(refused.replace(/^4402 /, ""));
}

function helloWith(challenge: string): string {
  const key = agentKey(join(state, "flooding"));
  const place = { domain: "local", bridge: "simulated", agent: "agent-2" };
  const facts = { version: LINK_PROTOCOL_VERSION, ...place, at: Date.now(), challenge };
  return encodeHello({
    ...facts,
    key: key.publicKey,
    signature: key.sign(helloText(facts)),
  });
}
