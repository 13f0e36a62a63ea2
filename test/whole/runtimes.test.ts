import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { removeFolder, temporaryFolder } from "../../scripts/at-exit.ts";
import { bundleForNode, prepareEdge } from "../../scripts/edge.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { PostgresOnTest } from "../kit/postgres-on-test.ts";
import { eventually } from "./world.ts";

/** How each runtime is started; a start on the same folder goes on with what is there. */
const runtimes: Record<string, (folder: string, port: number) => Promise<ChildProcess>> = {
  "the Workers runtime": async (folder, port) => {
    const objects = { SESSIONS: "SessionsObject" };
    const variables = { DOMAINS: "{}", OPERATOR_TOKEN: "" };
    const launch = await prepareEdge({
      entry: "test/runtimes/worker.ts",
      folder,
      host: "127.0.0.1",
      port,
      objects,
      variables,
    });
    return spawn(launch.command, launch.args, { env: { ...process.env, ...launch.env }, stdio: "ignore" });
  },
  "plain Node": async (folder, port) => {
    const file = join(folder, "node.mjs");
    writeFileSync(file, await bundleForNode("test/runtimes/node.ts"));
    const env = { ...process.env, PROBE_STATE: join(folder, "state.db"), PROBE_PORT: String(port) };
    return spawn(process.execPath, [file], { env, stdio: "ignore" });
  },
};

/** At night: each start waits until no other edge can act. */
let database: PostgresOnTest | undefined;
if (process.env.NIGHT) {
  beforeAll(async () => {
    database = await PostgresOnTest.start();
  });
  afterAll(() => database?.stop());
  runtimes["plain Node over PostgreSQL"] = async (folder, port) => {
    const file = join(folder, "node.mjs");
    if (!existsSync(file)) {
      writeFileSync(file, await bundleForNode("test/runtimes/node.ts"));
      await database?.ask("DROP SCHEMA IF EXISTS bridgehead CASCADE");
    }
    const env = { ...process.env, PROBE_DATABASE: database?.url, PROBE_PORT: String(port) };
    return spawn(process.execPath, [file], { env, stdio: "ignore" });
  };
}

describe.each(Object.entries(runtimes))("an object on %s", (_, start) => {
  let folder: string;
  let port: number;
  let runtime: ChildProcess;

  async function begin(): Promise<void> {
    runtime = await start(folder, port);
    await eventually("the runtime answers", () => act("life"), 20_000);
  }

  async function kill(): Promise<void> {
    runtime.kill("SIGKILL");
    if (runtime.exitCode === null && runtime.signalCode === null) await once(runtime, "exit");
  }

  async function act(name: string, ...asked: readonly unknown[]): Promise<unknown> {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify([name, ...asked]) });
    const { value, error } = (await answer.json()) as { readonly value: unknown; readonly error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  }

  async function watch(who = "ann") {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { who } });
    const heard: string[] = [];
    socket.on("message", (data) => heard.push(String(data)));
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    await once(socket, "open");
    return { socket, heard, closed };
  }

  beforeEach(async () => {
    folder = temporaryFolder("runtimes");
    [port = 0] = await freePorts(1);
    await begin();
  });
  afterEach(async () => {
    await kill();
    removeFolder(folder);
  });

  test("has after a kill all that was answered, and nothing that a transaction took back", async () => {
    for (const word of ["a", "b", "c"]) await act("add", word);
    await expect(act("halfWay")).rejects.toThrow("half way");
    await kill();
    await begin();
    expect(await act("words")).toEqual(["a", "b", "c"]);
  });

  test("has copies of what it is asked and answers", async () => {
    expect(await act("change", { list: [] })).toEqual({ list: [1] });
  });

  test("is woken by its alarm, once, also where it was killed amid one", async () => {
    await act("wakeIn", 300, "hang");
    await eventually("the alarm came", async () => ((await act("words")) as unknown[]).length === 1);
    expect(await act("alarmInMs")).toBe(null);
    await kill();
    await begin();
    await eventually("it came again", async () => ((await act("words")) as unknown[]).length === 2);
    await kill();
    await begin();
    await pause(300);
    expect(await act("words")).toEqual(["alarm", "alarm"]);
  });

  test("is not woken while an earlier alarm is at work, and is after a kill", async () => {
    await act("wakeIn", 100, "hang");
    await eventually("the alarm came", async () => ((await act("words")) as unknown[]).length === 1);
    await act("wakeIn", 100, "hang");
    await pause(500);
    expect(await act("words")).toEqual(["alarm"]);
    await kill();
    await begin();
    await eventually("the second alarm came", async () => ((await act("words")) as unknown[]).length === 2);
    expect(await act("alarmInMs")).toBe(null);
  });

  test("keeps an alarm that is further away than 24.8 days", async () => {
    const days = 40 * 86_400_000;
    await act("wakeIn", days, "");
    await pause(200);
    expect(await act("words")).toEqual([]);
    expect(Math.abs(Number(await act("alarmInMs")) - days)).toBeLessThan(60_000);
  });

  test("leaves memory where nothing happens, and keeps its sockets with what is kept with them", async () => {
    const { socket, heard } = await watch();
    const before = await act("life");
    await pause(14_000);
    socket.send("ping");
    await eventually("the place answers a ping", async () => heard.includes("pong"));
    socket.send("hello");
    await eventually("the object hears", async () => heard.includes("ann said hello"));
    expect(await act("life")).not.toBe(before);
    expect(await act("sockets")).toEqual(["ann"]);
    socket.close();
    await eventually("it hears of the close", async () => ((await act("words")) as string[]).at(-1) === "ann is gone");
  }, 60_000);

  test("begins anew after an abort, and calls that are under way are refused", async () => {
    await act("add", "a");
    const before = await act("life");
    const hangs = act("hang");
    hangs.catch(() => {});
    await act("abort", "enough").catch(() => {});
    await expect(hangs).rejects.toThrow();
    expect(await act("words")).toEqual(["a"]);
    expect(await act("life")).not.toBe(before);
  });

  test("does nothing more in a life that was aborted, and its deletion does not reach the next one", async () => {
    const underWay = [act("addIn", 300, "late"), act("deleteAllIn", 300)];
    for (const call of underWay) call.catch(() => {});
    await pause(100);
    await act("abort", "enough").catch(() => {});
    await act("add", "next");
    await Promise.allSettled(underWay);
    await pause(400);
    await kill();
    await begin();
    expect(await act("words")).toEqual(["next"]);
  });

  test("is nowhere after it has deleted all in its alarm, and no alarm brings it back", async () => {
    await act("add", "a");
    await act("wakeIn", 200, "delete");
    await eventually("it is deleted", async () => ((await act("words").catch(() => ["a"])) as unknown[]).length === 0);
    await pause(500);
    expect([await act("words"), await act("alarmInMs")]).toEqual([[], null]);
    await kill();
    await begin();
    expect([await act("words"), await act("alarmInMs")]).toEqual([[], null]);
  });

  test("survives a Host that is none, and has no socket whose connection never came", async () => {
    const asks = (host: string, key: string) =>
      new Promise<void>((resolve) => {
        const head = `GET / HTTP/1.1\r\nHost: ${host}\r\nwho: ann\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
        const socket = connect(port, "127.0.0.1", () =>
          socket.write(`${head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`),
        );
        socket.once("data", () => socket.destroy());
        socket.on("error", () => {}).once("close", () => resolve());
      });
    await asks("a:b@c", "dGhlIHNhbXBsZSBub25jZQ==");
    await asks("edge", "short");
    await eventually("no socket is left", async () => ((await act("sockets")) as unknown[]).length === 0);
  });

  test("is nowhere after it has deleted all, and begins anew", async () => {
    await act("add", "a");
    await act("wakeIn", 1_000, "");
    await act("deleteAll");
    await kill();
    await begin();
    await pause(1_200);
    expect(await act("words").catch(() => [])).toEqual([]);
  });

  test("gives a post up in time, also one whose body never ends", async () => {
    const server: Server = createServer((_, response) => response.writeHead(200).write("<"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port: at } = server.address() as AddressInfo;
    expect(await act("post", `http://127.0.0.1:${at}/`, 300)).toMatch("no complete answer within 300 ms");
    server.closeAllConnections();
    server.close();
  });

  test("closes a socket with its code, refuses one with its headers, and a kill is 1006", async () => {
    const [one, other] = [await watch("one"), await watch("other")];
    await act("close", 4001, "enough");
    expect(await Promise.all([one.closed, other.closed])).toEqual([4001, 4001]);
    const last = await watch("last");
    await kill();
    expect(await last.closed).toBe(1006);
    await begin();
    const refused = new WebSocket(`ws://127.0.0.1:${port}/`);
    const [, response] = await once(refused, "unexpected-response");
    expect([response.statusCode, response.headers.why]).toEqual([403, "nobody"]);
    refused.on("error", () => {}).terminate();
  });

  test("refuses a body that is too long, said or not, and answers others meanwhile", async () => {
    const post = async (body: BodyInit) => {
      const more = body instanceof ReadableStream ? { duplex: "half" } : {};
      const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body, ...more } as RequestInit);
      return [answer.status, (await answer.text()).includes("65536 bytes")];
    };
    const tooLong = new Uint8Array(2_000_000).fill(0x20);
    const unsaid = () => new Response(tooLong).body as ReadableStream;
    const all = Promise.all([post(tooLong), post(unsaid()), post(tooLong), post(unsaid())]);
    await act("add", "a");
    expect(await all).toEqual(Array(4).fill([413, true]));
    expect(await act("words")).toEqual(["a"]);
  });

  test("asks for a body that it reads, and refuses one that is too long in place of asking", async () => {
    const firstLine = (rest: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(`POST / HTTP/1.1\r\nHost: edge\r\n${rest}`));
        socket.once("data", (data) => {
          resolve(String(data).slice(0, 12));
          socket.destroy();
        });
      });

    expect(await firstLine("Expect: 100-continue\r\nContent-Length: 70000\r\n\r\n")).toBe("HTTP/1.1 413");
    expect(await firstLine("Expect: 100-continue\r\nContent-Length: 10\r\n\r\n")).toBe("HTTP/1.1 100");
  });

  test("answers others beside three hundred clients that send half a request", async () => {
    const slow: Socket[] = Array.from({ length: 300 }, () => {
      const socket = connect(port, "127.0.0.1", () =>
        socket.write("POST / HTTP/1.1\r\nHost: edge\r\nContent-Length: 100\r\n\r\n["),
      );
      return socket.on("error", () => {});
    });
    await Promise.all(slow.map((socket) => once(socket, "connect")));
    await act("add", "a");
    expect(await act("words")).toEqual(["a"]);
    for (const socket of slow) socket.destroy();
  });
});
