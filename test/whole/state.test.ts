import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { journalFile } from "../../bridge-agent/service/state-folder.ts";
import { nothing } from "../../durable-objects/home/log/disk.ts";
import { SqliteDisk } from "../../durable-objects/home/log/sqlite-disk.ts";
import { BridgeControl } from "../../scripts/bridge-control.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import { PostgresOnTest } from "../../scripts/postgres/postgres-on-test.ts";
import { startSimulatedBridge } from "../../simulators/bridge/server.ts";
import type { WebexServer } from "../../simulators/webex/server.ts";
import { placeOf } from "../../src/tsp/id-scheme.ts";
import { bridgehead } from "../bridgehead-command.ts";
import { wayTo } from "../way-to-database.ts";
import { newFolder, settingsOf, viewOf } from "./states.ts";
import { eventually, Meeting, startWebex, startWorld } from "./world.ts";

afterEach(() => vi.unstubAllEnvs());

test("an edge on plain Node takes over what one on workerd has, with calls up, and no TransID comes twice", async () => {
  // The bridge goes on, whatever edge there is.
  const bridge = await startSimulatedBridge(0, "boot", timers);
  onTestFinished(() => bridge.close());
  vi.stubEnv("BRIDGE_URL", `ws://127.0.0.1:${bridge.port}/bridge`);
  vi.stubEnv("BRIDGEHEAD_EDGE", "workers");
  const telephones = new BridgeControl(`http://127.0.0.1:${bridge.port}`);
  const state = newFolder();
  const first = await LocalRun.start({ state });
  const webex = await startWebex(first);
  onTestFinished(() => webex.stop());
  const world = { run: first, webex, bridge: telephones, stop: async () => 0 };
  const over = new Meeting(world);
  await over.create();
  await over.callIn("301");
  await over.close();
  const meeting = new Meeting(world);
  await meeting.create();
  const alice = await meeting.callIn("101");
  const bob = await meeting.callIn("102");
  await webex.allNamed();
  const settings = settingsOf(state);

  const early = await bridgehead(["migrate", "--settings", settings]);
  expect([early.code, early.stderr]).toEqual([1, expect.stringMatching(/ is in use by another run; /)]);
  expect((await bridgehead(["backup", join(state, "copy.db")], { BRIDGEHEAD_STATE: state })).stderr).toMatch(
    /^there is no .*state\.db: the state of an edge on workerd is copied while that is stopped\n$/,
  );
  await first.stop();
  const taken = await bridgehead(["migrate", "--settings", settings]);
  expect([taken.code, taken.stderr]).toEqual([0, ""]);
  expect(taken.stdout).toMatch(
    /^took over \d+ objects \(2 conferences\), \d+ rows and \d+ alarms; all were read again/,
  );
  expect((await bridgehead(["migrate", "--settings", settings])).stderr).toMatch(/state\.db is there already/);

  vi.stubEnv("BRIDGEHEAD_EDGE", "node");
  const before = webex.received.length;
  const second = await LocalRun.start({ state });
  const later = await startWebex(second);
  onTestFinished(async () => {
    await later.stop();
    await second.stop();
  });
  const { view } = await viewOf(second, meeting.confKey);
  expect(view).toMatchObject({
    callers: expect.arrayContaining([
      expect.objectContaining({ extCallId: alice.extCallId }),
      expect.objectContaining({ extCallId: bob.extCallId }),
    ]),
  });
  // What it is asked for, and what happens on the bridge, WebEx learns as before.
  const mute = meeting.muteRequest(alice.extCallId, true);
  expect((await later.client.post(mute)).result).toBe(0);
  await meeting.answerTo(mute.msgId, "ok");
  await telephones.hangUp(bob.call);
  await meeting.notified("caller-changed", { extCallId: bob.extCallId, status: "left" });
  webex.namesCallers = false; // Its posts go to the edge that is gone.
  await telephones.callIn("14085550103", `${meeting.confKey}#103#`);
  await meeting.notified("caller-entered", { attendeeId: "103" });
  const close = { type: "close-conference", msgId: meeting.msgId(), ...meeting.handles } as const;
  expect((await later.client.post(close)).result).toBe(0);
  await meeting.notified("conference-changed", { status: "ended" });

  const records = await eventually("all is in the records", async () => {
    const { stdout } = await bridgehead(["records", "--ndjson"], { BRIDGEHEAD_STATE: state });
    const rows = stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    return rows.filter(({ kind }) => kind === "conference").length === 2 && rows;
  });
  const calls = records.filter(({ kind }) => kind === "call").map(({ attendeeId }) => attendeeId);
  expect(calls.toSorted()).toEqual(["101", "102", "103", "301"]);
  expect(webex.received.length).toBeGreaterThan(before);
  expect(webex.received.filter(({ attempt }) => attempt > 1)).toEqual([]);
});

/** The ids that WebEx got from the edge, those of its own requests aside. */
function idsAt({ received }: WebexServer): ReadonlySet<string> {
  const own = received.flatMap(({ message }) => (message.type === "caller-entered" ? [message.msgId] : []));
  return new Set([...received.map(({ transId }) => transId), ...own]);
}

/** The limit of ids that the agent of this state folder keeps. */
function limitKept(state: string): number {
  const journal = new DatabaseSync(journalFile(join(state, "agent")), { readOnly: true });
  const [fact] = journal.prepare("SELECT value FROM fact WHERE name = 'idLimit local'").all();
  journal.close();
  return JSON.parse(String(fact?.value)).place;
}

test("an edge on plain Node that is stopped has counted what it refused a moment before", async () => {
  vi.stubEnv("BRIDGEHEAD_EDGE", "node");
  const run = await LocalRun.start();
  onTestFinished(async () => void (await run.stop()));
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  for (let sent = 0; sent < 7; sent++) await fetch(run.adapterUrl, { method: "POST", body: "<x" });
  const { edge } = run.pids();
  process.kill(edge, "SIGTERM");
  await eventually("another process serves", async () => run.pids().edge !== edge);
  await eventually("it answers", async () => (await fetch(`${run.edgeUrl}/healthz`)).ok);

  const metrics = await (await fetch(`${run.edgeUrl}/metrics`, { headers })).text();
  expect(metrics).toMatch(/^bridgehead_documents_total\{.*not-xml.*\} 7$/m);
  const { minutes } = (await (await fetch(`${run.edgeUrl}/api/v1/domains/local/activity`, { headers })).json()) as {
    readonly minutes: readonly { readonly requests: { readonly refused: number } }[];
  };
  expect(minutes.reduce((sum, { requests }) => sum + requests.refused, 0)).toBe(7);
});

test("a backup that is made under traffic is whole; what is restored from it knows the conferences as of then, and uses no id again", async () => {
  vi.stubEnv("BRIDGEHEAD_EDGE", "node");
  const folder = newFolder();
  const world = await startWorld({ state: newFolder() });
  onTestFinished(async () => void (await world.stop()));
  const { state } = world.run;
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

  const file = join(folder, "backup.db");
  const made = await bridgehead(["backup", file], { BRIDGEHEAD_STATE: state });
  expect(made).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^backed up .* [kM]B, as of 2/) });
  expect((await bridgehead(["backup", file], { BRIDGEHEAD_STATE: state })).stderr).toBe(
    `cannot back up: ${file} is there already: move it away, or name another file\n`,
  );
  isOver = true;
  await traffic;
  const late = new Meeting(world);
  await late.create();

  const database = new DatabaseSync(file, { readOnly: true });
  expect(database.prepare("PRAGMA integrity_check").all()).toMatchObject([{ integrity_check: "ok" }]);
  database.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const what of [["restore", file], ["reset-clock"]])
    expect((await bridgehead(what, { BRIDGEHEAD_STATE: state })).stderr).toMatch(/ is in use by another run; /);

  const restored = newFolder();
  const settings = settingsOf(restored);
  expect((await bridgehead(["reset-clock", "--settings", settings])).stderr).toMatch(
    /^there is no \S+state\.db: name the edge's settings by --settings, /,
  );
  const broken = newFolder();
  mkdirSync(join(broken, "edge"));
  writeFileSync(join(broken, "format"), "2");
  writeFileSync(join(broken, "edge", "state.db"), "no database");
  expect((await bridgehead(["reset-clock"], { BRIDGEHEAD_STATE: broken })).stderr).toMatch(
    /^cannot set \S+state\.db back: file is not a database\n$/,
  );
  const put = await bridgehead(["restore", file, "--settings", settings]);
  expect(put).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^restored .* [kM]B, as of 2/) });
  expect((await bridgehead(["restore", file, "--settings", settings])).stderr).toMatch(/ has a state already: move /);
  const disk = new SqliteDisk(join(restored, "edge", "state.db"), { readOnly: true });
  const { restoredAt } = await disk.open();
  await disk.close();
  expect(Date.now() - (restoredAt ?? 0)).toBeLessThan(60_000);

  // As after a start by a clock that was a year ahead.
  const ahead = new DatabaseSync(join(restored, "edge", "state.db"));
  ahead.prepare("UPDATE about SET at = ?").run(Date.now() + 365 * 86_400_000);
  ahead.close();
  for (const said of [/; it had come to /, /: it was not ahead/])
    expect(await bridgehead(["reset-clock", "--settings", settings])).toMatchObject({
      ...{ code: 0, stderr: "", stdout: expect.stringMatching(said) },
    });

  const other = await LocalRun.start({ state: restored });
  onTestFinished(async () => void (await other.stop()));
  expect((await viewOf(other, known.confKey)).status).toBe(200);
  expect((await viewOf(other, late.confKey)).status).toBe(404);
  /** A whole meeting with this edge. */
  const meet = async (run: LocalRun): Promise<WebexServer> => {
    const webex = await startWebex(run);
    onTestFinished(() => webex.stop());
    const meeting = new Meeting({ run, webex, bridge: new BridgeControl(run.bridgeUrl), stop: async () => 0 });
    await meeting.create();
    for (const id of ["301", "302", "303"]) await meeting.callIn(id);
    await meeting.close();
    return webex;
  };
  const used = idsAt(world.webex);
  const usedLater = idsAt(await meet(other));
  expect(usedLater.size).toBeGreaterThan(6);
  expect([...usedLater].filter((id) => used.has(id))).toEqual([]);

  // The disk of the edge is lost, and the agent goes on.
  await other.stop();
  const limit = limitKept(restored);
  rmSync(join(restored, "edge"), { recursive: true });
  const empty = await LocalRun.start({ state: restored });
  onTestFinished(async () => void (await empty.stop()));
  for (const id of idsAt(await meet(empty))) expect(placeOf(Number(id), Date.now())).toBeGreaterThanOrEqual(limit);
  expect(limitKept(restored)).toBeGreaterThan(limit);
});

test("where the last word of a copy is not heard, no edge begins with either state, and the next copy goes on", async () => {
  const postgres = await PostgresOnTest.start();
  onTestFinished(() => postgres.stop());
  const url = await postgres.newDatabase("one");
  const lossy = await wayTo(url, (asked) => (/given_back = \$4/.test(asked) ? null : asked), "only");
  const [folder, back] = [newFolder(), newFolder()];
  mkdirSync(join(folder, "edge"));
  writeFileSync(join(folder, "format"), "2");
  const disk = new SqliteDisk(join(folder, "edge", "state.db"));
  await disk.open();
  await disk.flush({ ...nothing, created: [[1, "counts/one"]], rows: [{ position: 1, object: 1, body: "[]" }] }, 1);
  await disk.close();
  const run = async (args: readonly string[], says: RegExp) => {
    const { stdout, stderr } = await bridgehead(args);
    expect(stdout + stderr).toMatch(says);
  };
  const inDatabase = settingsOf(folder, url);
  const into = ["migrate", "--settings", settingsOf(folder, lossy), "--from", folder];
  await run(into, /^cannot copy the state to .*: all is there, and the database may not have heard so \(/);
  await run(["check", "--settings", settingsOf(folder)], /^WRONG state: .* was copied to /m);
  await run(["check", "--settings", inDatabase], /^WRONG state: .* was not to its end: /m);
  await postgres.ask("UPDATE bridgehead.edge SET given_back = 'stopped'", url);
  await run(["check", "--settings", inDatabase], /^ok {4}state: /m);

  const from = (database: string) => ["migrate", "--settings", settingsOf(back), "--from", database];
  await run(from(lossy), /^cannot copy the state of .*: all is in .* may not have heard that it goes on there: /);
  await run(["check", "--settings", settingsOf(back)], /^WRONG state: all of a state was copied into /m);
  const left = join(back, "edge", "state.db");
  await run(["restore", left, "--settings", settingsOf(back)], /is the name of what a copy has left: /);
  await run(from("postgresql://127.0.0.1:1/one"), /the connection was refused/);
  expect(existsSync(left)).toBe(true);
  await postgres.ask("UPDATE bridgehead.edge SET given_back = 'stopped'", url);
  await run(from(url), /^copied /);
  await run(["check", "--settings", settingsOf(back)], /^ok {4}state: /m);
  await run(["check", "--settings", inDatabase], /^WRONG state: .* was copied to a folder, /m);
});
