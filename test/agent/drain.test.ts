import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { drain } from "../../bridge-agent/service/local-commands.ts";
import { nothingRuns } from "../../bridge-agent/service/service.ts";
import { agentSettings } from "./agent-world.ts";

const busy = { ...nothingRuns, edgeUp: true, draining: true, running: 1, unacknowledged: 2 };
/** The agent breaks the connection without an answer. */
const broken = undefined;

let folder: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-drain-"));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Script {
  readonly unfinished: object | null | typeof broken;
  /** Answers to `/status`; with the last one the agent's port closes. */
  readonly statuses: readonly (object | typeof broken)[];
  /** `/drain` is answered once so many of them are given. */
  readonly answersAfter: number;
}

/** Runs `drain` against an agent that answers so. */
async function drained({ unfinished, statuses, answersAfter }: Script): Promise<boolean> {
  let given = 0;
  let request: ServerResponse | null = null;
  const reply = (response: ServerResponse, answer: object | null | typeof broken) =>
    answer === broken ? response.destroy() : response.end(JSON.stringify(answer));
  const server = createServer(({ url }, response) => {
    if (url === "/drain") request = response;
    else {
      reply(response, statuses[given]);
      given += 1;
    }
    if (request && given >= answersAfter && !request.writableEnded) reply(request, unfinished);
    if (given !== statuses.length) return;
    lines.push("(closed)");
    server.close();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const pace = { lookAgainMs: 1, endedWithinMs: 10_000 };
  return drain({ ...agentSettings, state: folder, listen: { port } }, (line) => lines.push(line), pace);
}

test("drain: an agent that breaks a connection has not ended, and what it left is said", async () => {
  const statuses = [busy, broken, busy, busy, broken, broken, busy];

  const isAllOver = await drained({
    unfinished: { running: 0, inDoubt: 1, unacknowledged: 0 },
    statuses,
    answersAfter: 4,
  });

  expect(isAllOver).toBe(false);
  const waits = "waits for 1 command at work on the bridge and 2 reports not acknowledged by the edge";
  expect(lines.slice(0, 3)).toEqual([waits, expect.stringMatching(/broke the connection/), waits]);
  expect(lines.slice(-2)).toEqual([
    "(closed)",
    "the agent has ended; its calls stay up. Left: 1 command whose result is not known. The agent that acts next on this bridge sees to that",
  ]);
});

test("drain: where nothing is left, another process at the port is as good as none", async () => {
  const statuses = [busy, busy, nothingRuns, nothingRuns, nothingRuns];

  expect(await drained({ unfinished: { running: 0, inDoubt: 0, unacknowledged: 0 }, statuses, answersAfter: 1 })).toBe(
    true,
  );

  expect(lines.at(-1)).toBe("the agent has ended; its calls stay up. `run`, or systemctl start, brings it back");
});

test("drain: an agent that ends without a word about what is left is an error", async () => {
  await expect(drained({ unfinished: broken, statuses: [busy, busy], answersAfter: 2 })).rejects.toThrow(
    /^the agent on 127\.0\.0\.1:\d+ broke the connection: look at its log, and ask again; if that is another program, set listen\.port to another port$/,
  );
});

test("drain: what keeps it from an answer is said once, also where the status fails first", async () => {
  let request: ServerResponse | null = null;
  const server = createServer(async ({ url }, response) => {
    if (url === "/drain") request = response;
    else if (url === "/") response.end();
    else {
      response.destroy();
      await fetch(`http://127.0.0.1:${port}/`); // By then the broken connection is known.
      request?.destroy();
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const settings = { ...agentSettings, state: folder, listen: { port } };

  await expect(drain(settings, (line) => lines.push(line))).rejects.toThrow(/broke the connection/);

  expect(lines).toEqual([]);
  server.close();
});

test("drain: an agent that does not know what it left has left something", async () => {
  expect(await drained({ unfinished: null, statuses: [busy, busy], answersAfter: 1 })).toBe(false);

  expect(lines.at(-1)).toBe(
    "the agent has ended; its calls stay up. Left: not known, since the journal cannot be written. The agent that acts next on this bridge sees to that",
  );
});
