import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import { startSimulatedBridge } from "../../simulators/bridge/server.ts";
import type { Alert } from "../../src/operators/alert-kinds.ts";
import type { CallRecord } from "../../src/records/call-record.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { bridgehead } from "../bridgehead-command.ts";
import { BridgeControl } from "../kit/bridge-control.ts";
import { eventually, Meeting, startWebex } from "./world.ts";

/** What the operators' command says. */
async function ask(state: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await bridgehead(args, { BRIDGEHEAD_STATE: state });
  return stdout + stderr;
}

async function read<Answer>(run: LocalRun, path: string, asks?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  const init = { headers, ...(asks && { method: "POST", body: JSON.stringify(asks) }) };
  return (await (await fetch(`${run.edgeUrl}${path}`, init)).json()) as Answer;
}

async function orphansOf(run: LocalRun, path = "/api/v1/domains/local/alerts"): Promise<readonly Alert[]> {
  const { alerts } = await read<{ readonly alerts: readonly Alert[] }>(run, path);
  return alerts.filter(({ kind }) => kind === "orphan-conference");
}

test("an edge that has lost its state lists what the bridge holds: WebEx adopts one, an operator ends one, and all calls have records", async () => {
  // The bridge goes on, whatever becomes of the edge.
  const bridge = await startSimulatedBridge(0, "boot", timers);
  onTestFinished(() => bridge.close());
  vi.stubEnv("BRIDGE_URL", `ws://127.0.0.1:${bridge.port}/bridge`);
  vi.stubEnv("BRIDGEHEAD_EDGE", "node");
  const telephones = new BridgeControl(`http://127.0.0.1:${bridge.port}`);
  const state = mkdtempSync(join(tmpdir(), "bridgehead-state-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));

  const first = await LocalRun.start({ state });
  const before = await startWebex(first);
  const lost = { run: first, webex: before, bridge: telephones, stop: async () => 0 };
  const [adopted, ended] = [new Meeting(lost), new Meeting(lost)];
  for (const meeting of [adopted, ended]) await meeting.create();
  const alice = await adopted.callIn("101");
  const bob = await adopted.callIn("102");
  const carol = await ended.callIn("201");
  await before.allNamed();
  const lostAt = Date.now();
  await first.stop();
  await before.stop();
  rmSync(join(state, "edge"), { recursive: true });
  // Nobody tells an edge of it.
  await telephones.hangUp(bob.call);

  const second = await LocalRun.start({ state });
  const webex = await startWebex(second);
  onTestFinished(async () => {
    await webex.stop();
    await second.stop();
  });
  const world = { run: second, webex, bridge: telephones, stop: async () => 0 };
  const found = await eventually("both are listed with who is in them", async () => {
    const orphans = await orphansOf(second);
    return orphans.length === 2 && orphans;
  });
  expect(found.map(({ about, bridge: on, count, severity }) => [about, on, count, severity])).toEqual([
    [adopted.confKey, "simulated", 1, "warn"],
    [ended.confKey, "simulated", 1, "warn"],
  ]);
  for (const { since } of found) expect(since).toBeLessThan(lostAt);
  expect(await orphansOf(second, "/readyz")).toEqual(found);
  expect(await ask(state, "status")).toContain(
    `know the conference ${ended.confKey} on the bridge simulated of local with 1 caller`,
  );
  expect(await ask(state, "conferences", ended.confKey)).toMatch(/found on the bridge.*14085550201/s);

  // Who keys its key is turned away, and hears why.
  await eventually("it is locked", async () => (await telephones.state()).conferences.every(({ locked }) => locked));
  const late = await telephones.callIn("14085550109", `${adopted.confKey}#109#`);
  await eventually("the caller is gone", async () => {
    const call = (await telephones.state()).calls.find(({ id }) => id === late);
    return call === undefined || call.state === "ended";
  });
  const asked = await read<object>(second, "/api/v1/domains/local/prompt-calls", { number: "14085550109" });
  expect(JSON.stringify(asked)).toMatch(/"why":"locked"/);

  const again = new Meeting(world, adopted.confKey);
  await again.create();
  const { did } = (await again.notified("caller-entered", { attendeeId: "101" })) as { readonly did?: string };
  expect(did).toBe("14085550101");
  await eventually("it is listed no more", async () => (await orphansOf(second)).length === 1);
  expect((await telephones.held(adopted.confKey)).map(({ id }) => id)).toEqual([alice.call]);
  expect(again.messages().filter(({ type }) => type === "caller-entered")).toHaveLength(1);
  const dave = await again.callIn("103");
  await again.close();

  expect(await ask(state, "end", ended.confKey, "--yes")).toMatch(/done +\+?/);
  await eventually("none is listed", async () => (await orphansOf(second)).length === 0);
  expect(await telephones.held(ended.confKey)).toEqual([]);
  const { entries } = await read<{ readonly entries: readonly object[] }>(second, "/api/v1/domains/local/audit");
  expect(entries).toMatchObject([{ action: "end", about: { confKey: ended.confKey } }]);

  const records = await eventually("all is in the records", async () => {
    const rows = (await ask(state, "records", "--json"))
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as DirectoryRecord);
    return rows.filter(({ kind }) => kind === "conference").length === 2 && rows;
  });
  const calls = records.filter((record): record is CallRecord => record.kind === "call");
  const shown = calls.map(({ call, number, fromBridge, endedBy }) => [call, number, fromBridge, endedBy]);
  expect(shown.toSorted()).toEqual(
    [
      [alice.call, "14085550101", true, "webex"],
      [bob.call, "14085550102", true, "caller"],
      [carol.call, "14085550201", true, "operator"],
      [dave.call, "14085550103", false, "webex"],
    ].toSorted(),
  );
  for (const { fromBridge, enteredAt, endedAt, seconds } of calls) {
    expect((enteredAt ?? 0) < lostAt).toBe(fromBridge);
    expect(seconds).toBe(Math.round((endedAt - (enteredAt ?? 0)) / 1_000));
  }
}, 240_000);
