import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { journalFile } from "../../bridge-agent/service/state-folder.ts";
import { nothing } from "../../durable-objects/node/log/disk.ts";
import { SqliteDisk } from "../../durable-objects/node/log/sqlite-disk.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import type { WebexServer } from "../../simulators/webex/server.ts";
import { placeOf } from "../../src/tsp/id-scheme.ts";
import { bridgehead } from "../bridgehead-command.ts";
import { BridgeControl } from "../kit/bridge-control.ts";
import { PostgresOnTest } from "../kit/postgres-on-test.ts";
import { wayTo } from "../way-to-database.ts";
import { newFolder, settingsOf, viewOf } from "./states.ts";
import { eventually, Meeting, startWebex, startWorld } from "./world.ts";

afterEach(() => vi.unstubAllEnvs());

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

test("a stopped edge on plain Node sends its last refusals to the directory", async () => {
  vi.stubEnv("BRIDGEHEAD_EDGE", "node");
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
  writeFileSync(join(broken, "format"), "1");
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
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(said),
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
  writeFileSync(join(folder, "format"), "1");
  const disk = new SqliteDisk(join(folder, "edge", "state.db"));
  await disk.open();
  await disk.flush({ ...nothing, created: [[1, "sessions/one"]], rows: [{ position: 1, object: 1, body: "[]" }] }, 1);
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
