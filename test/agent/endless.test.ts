import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { GenericDriver } from "../../bridge-agent/drivers/generic.ts";
import { EdgeLink } from "../../bridge-agent/link/edge-link.ts";
import { driverPorts, openSocket, timers } from "../../bridge-agent/node-ports.ts";
import { askAgent } from "../../bridge-agent/service/local-commands.ts";
import type { Note } from "../../bridge-agent/service/log.ts";
import { Clock } from "../kit/clock.ts";
import { simulatedKey } from "../simulation/relay-host.ts";
import { agentSettings } from "./agent-world.ts";
import { AsteriskWorld } from "./asterisk-world.ts";

const MIB = 1024 * 1024;
/** What lies in sockets on the way, beside what is read. */
const MORE_MIB = 16;

/** A text that never ends, and how much of it was sent. */
class Endless {
  bytes = 0;
  readonly #part = Buffer.alloc(64 * 1024, "[");

  stream(): Readable {
    return Readable.from(this.#parts(), { objectMode: false, highWaterMark: 64 * 1024 });
  }

  *#parts(): Generator<Buffer> {
    for (;;) {
      this.bytes += this.#part.length;
      yield this.#part;
    }
  }
}

/** The most that this thread has held while it ran, beyond what it held before. */
function watchMemory(): () => number {
  const held = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, held());
  }, 5);
  return () => {
    clearInterval(watch);
    return Math.max(most, held()) - before;
  };
}

describe("drops an Asterisk whose answer never ends", () => {
  let world: AsteriskWorld;
  beforeEach(async () => {
    world = await AsteriskWorld.start();
  });
  afterEach(() => world.end());

  test.each([
    ["GET /asterisk/info", "getInfo", 1],
    ["GET /asterisk/modules", "listModules", 16],
  ])("%s", async (what, name, mib) => {
    const endless = new Endless();
    world.asterisk.answers[what] = () => ({ status: 200, body: endless.stream() });
    const memory = watchMemory();

    world.start();
    const { why } = await world.reported("disconnected");

    expect(why).toContain(`its answer to ${name} is longer than ${mib} MiB`);
    expect(endless.bytes).toBeLessThan((mib + MORE_MIB) * MIB);
    expect(memory()).toBeLessThan((3 * mib + 2 * MORE_MIB) * MIB);
  });

  test("the list of its channels, while it runs", async () => {
    const driver = await world.startActive();
    const endless = new Endless();
    world.asterisk.answers["GET /channels"] = { status: 200, body: endless.stream() };

    expect(await driver.state()).toBeNull();

    expect((await world.reported("disconnected")).why).toContain("its answer to listChannels is longer than 16 MiB");
    expect(endless.bytes).toBeLessThan((16 + MORE_MIB) * MIB);
  });

  test("as many channels as any Asterisk carries are no such answer", async () => {
    const driver = await world.startActive();
    const channel = {
      id: "1795851700.123456",
      name: "PJSIP/trunk-0000a1b2",
      state: "Up",
      protocol_id: "x".repeat(40),
      caller: { name: "x".repeat(30), number: "14085550001" },
      connected: { name: "", number: "18005551234" },
      dialplan: { context: "x".repeat(30), exten: "18005551234", priority: 4, app_name: "Stasis", app_data: "x" },
      creationtime: "2026-11-20T10:00:00.000+0000",
      language: "en",
      accountcode: "",
      channelvars: "x".repeat(500),
    };
    world.asterisk.answers["GET /channels"] = { status: 200, body: Array(10_000).fill(channel) };

    expect(await driver.state()).not.toBeNull();
  });
});

describe("a message that never ends is read no further than its limit", () => {
  let server: Server;
  let url: string;
  let sent: number;
  const open = new Set<Duplex>();
  beforeEach(async () => {
    sent = 0;
    server = createServer();
    server.on("upgrade", ({ headers }, socket) => {
      open.add(socket);
      const accept = createHash("sha1")
        .update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.on("error", () => {});
      sendFragments(socket, 0x01);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });

  /** Nothing is read on. */
  const allClosed = () => vi.waitFor(() => expect([...open].filter(({ destroyed }) => !destroyed)).toEqual([]));

  /** One fragment after another, of 64 KiB; the first one says that a text begins. */
  function sendFragments(socket: Duplex, opcode: number): void {
    if (socket.destroyed) return;
    const header = Buffer.from([opcode, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    sent += 64 * 1024;
    socket.write(Buffer.concat([header, Buffer.alloc(64 * 1024, "[")]), (error) => {
      if (!error) setImmediate(() => sendFragments(socket, 0x00));
    });
  }

  test("of a bridge", async () => {
    const reports: DriverReport[] = [];
    const memory = watchMemory();
    const driver = new GenericDriver(
      { url },
      { ...driverPorts, timers: new Clock() },
      { agent: "agent-1", owner: "local/simulated" },
    );
    driver.start((report) => reports.push(report));
    const first = await vi.waitFor(() => reports[0] ?? Promise.reject(new Error("nothing is reported")));
    await allClosed();
    await driver.stop();

    expect(first).toMatchObject({ type: "disconnected", why: expect.stringContaining("payload size") });
    expect(sent).toBeLessThan((64 + MORE_MIB) * MIB);
    expect(memory()).toBeLessThan((2 * 64 + 2 * MORE_MIB) * MIB);
  });

  test("of an edge", async () => {
    const notes: Note[] = [];
    const link = new EdgeLink({
      settings: { ...agentSettings, edge: url },
      key: simulatedKey("agent-1"),
      openSocket,
      timers,
      now: Date.now,
      random: () => 0,
      message() {},
      lost() {},
      log: (note) => notes.push(note),
    });
    link.connect();
    await vi.waitFor(() => expect(notes.map(({ text }) => text).join()).toContain("payload size"));
    await allClosed();
    link.stop();

    expect(sent).toBeLessThan((16 + MORE_MIB) * MIB);
  });
});

test("a command stops reading an endless answer", async () => {
  const endless = new Endless();
  const server = createServer((_, response) => void endless.stream().pipe(response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  await expect(askAgent({ ...agentSettings, listen: { port } }, "/status")).rejects.toThrow();

  expect(endless.bytes).toBeLessThan((64 + MORE_MIB) * MIB);
  server.closeAllConnections();
  server.close();
});
