import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { LocalRun } from "../../scripts/local-run.ts";
import type { WebexServer } from "../../simulators/webex/server.ts";
import { bridgehead } from "../bridgehead-command.ts";
import { BridgeControl } from "../kit/bridge-control.ts";
import { eventually, Meeting, startWebex, startWorld } from "./world.ts";

beforeEach(() => vi.stubEnv("BRIDGEHEAD_EDGE", "node"));
afterEach(() => vi.unstubAllEnvs());

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function viewOf(run: LocalRun, confKey: string) {
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  const answer = await fetch(`${run.edgeUrl}/api/v1/domains/local/conferences/${confKey}`, { headers });
  return { status: answer.status, view: (await answer.json()) as Record<string, unknown> };
}

/** The ids that WebEx got from the edge, those of its own requests aside. */
function idsAt({ received }: WebexServer): ReadonlySet<string> {
  const own = received.flatMap(({ message }) => (message.type === "caller-entered" ? [message.msgId] : []));
  return new Set([...received.map(({ transId }) => transId), ...own]);
}

/** A whole meeting with this edge. */
async function meet(run: LocalRun): Promise<WebexServer> {
  const webex = await startWebex(run);
  onTestFinished(() => webex.stop());
  const meeting = new Meeting({ run, webex, bridge: new BridgeControl(run.bridgeUrl), stop: async () => 0 });
  await meeting.create();
  for (const id of ["301", "302", "303"]) await meeting.callIn(id);
  await meeting.close();
  return webex;
}

test("a stopped edge sends its last refusals to the directory", async () => {
  const run = await LocalRun.start();
  onTestFinished(async () => void (await run.stop()));
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  for (let sent = 0; sent < 7; sent++) await fetch(run.adapterUrl, { method: "POST", body: "<x" });
  const { edge } = run.pids();
  process.kill(edge, "SIGTERM");
  await eventually("another process serves", async () => run.pids().edge !== edge);
  await eventually("it answers", async () => (await fetch(`${run.edgeUrl}/healthz`)).ok);

  const { minutes } = (await (await fetch(`${run.edgeUrl}/api/v1/domains/local/activity`, { headers })).json()) as {
    readonly minutes: readonly { readonly requests: { readonly refused: number } }[];
  };
  expect(minutes.reduce((sum, { requests }) => sum + requests.refused, 0)).toBe(7);
});

test("a backup made under traffic is whole; an edge that is restored from it uses no id again", async () => {
  const file = join(newFolder(), "backup.db");
  const world = await startWorld({ state: newFolder() });
  onTestFinished(async () => void (await world.stop()));
  const { state } = world.run;
  const env = { BRIDGEHEAD_STATE: state };
  const known = new Meeting(world);
  await known.create();
  await known.callIn("101");
  let isOver = false;
  let meetings = 0;
  const traffic = (async () => {
    for (; !isOver; meetings += 1) {
      const meeting = new Meeting(world);
      await meeting.create();
      await meeting.callIn("201");
      await meeting.close();
    }
  })();
  await eventually("there is traffic", async () => meetings > 0);

  expect(await bridgehead(["backup", file], env)).toMatchObject({
    ...{ code: 0, stderr: "" },
    stdout: expect.stringMatching(/^backed up \S+state\.db to \S+backup\.db: \d+ conferences?, as of 2\S+Z\n$/),
  });
  expect(await bridgehead(["backup", file], env)).toMatchObject({
    ...{ code: 1, stderr: `${file} is there already: move it away\n` },
  });
  isOver = true;
  await traffic;
  const late = new Meeting(world);
  await late.create();
  const used = idsAt(world.webex);
  expect((await bridgehead(["restore", file], env)).stderr).toMatch(/ is in use by another run; stop that one, /);
  await world.stop();

  const edge = join(state, "edge");
  const empty = () => {
    for (const name of readdirSync(edge)) if (name.startsWith("state.db")) rmSync(join(edge, name));
  };
  empty();
  expect(await bridgehead(["restore", file], env)).toMatchObject({
    ...{ code: 0, stderr: "", stdout: expect.stringMatching(/^restored \S+backup\.db to \S+state\.db: /) },
  });
  const restored = await LocalRun.start({ state });
  onTestFinished(async () => void (await restored.stop()));
  const usedLater = idsAt(await meet(restored));
  expect(usedLater.size).toBeGreaterThan(6);
  expect([...usedLater].filter((id) => used.has(id))).toEqual([]);
  // The bridge has lost both meanwhile.
  for (const { confKey } of [known, late])
    await eventually("it is reconciled", async () => (await viewOf(restored, confKey)).view.phase !== "running");
});
