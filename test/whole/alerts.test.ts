import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Alert, isOpen } from "../../src/operators/alert-kinds.ts";
import { bridgehead, type Ended } from "../bridgehead-command.ts";
import { eventually, kill, Meeting, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({ twoAgents: true, domain: { webex: { timeoutMs: 200, retryDelaysMs: [0, 50] } } });
});
afterAll(() => world?.stop());

function command(...args: readonly string[]): Promise<Ended> {
  return bridgehead(args, { BRIDGEHEAD_STATE: world.run.state });
}

async function ask(path: string): Promise<string> {
  const headers = { authorization: `Bearer ${world.run.operatorToken()}`, accept: "text/html" };
  return (await fetch(`${world.run.edgeUrl}${path}`, { headers })).text();
}

interface Ready {
  readonly alerts: Alert[];
}

/** What one place says, at little cost. */
async function ready(): Promise<Ready> {
  return JSON.parse(await ask("/readyz"));
}

/** What is wrong, where each place says the same; `null`: they do not. */
async function wrong(): Promise<readonly Alert[] | null> {
  const { alerts } = await ready();
  const open = alerts.filter(isOpen);
  const listed = JSON.parse(await ask("/api/v1/domains/local/alerts")) as { alerts: Alert[] };
  const [metrics, overview, { code, stdout: status }] = await Promise.all([
    ask("/metrics"),
    ask("/console/local"),
    command("status"),
  ]);
  const counted = [...metrics.matchAll(/^bridgehead_alerts\{.*kind="([^"]*)"\} [1-9]/gm)].map(([, kind]) => kind);
  const isSame =
    JSON.stringify(listed.alerts) === JSON.stringify(alerts) &&
    JSON.stringify(counted.sort()) === JSON.stringify(open.map(({ kind }) => kind).sort()) &&
    code === (open.length > 0 ? 1 : 0) &&
    alerts.every(({ says, title }) => status.includes(title) && overview.includes(says.replaceAll("'", "&#39;"))) &&
    status.includes("no alerts") === (alerts.length === 0);
  return isSame ? alerts : null;
}

/** Whoever looks so much later sees these kinds, if not sooner. To look takes seconds on a busy machine. */
async function isWrong(says: string, ms: number, ...kinds: readonly string[]): Promise<readonly Alert[]> {
  const dueAt = Date.now() + ms;
  for (let lookMs = 0; ; ) {
    // No look may hide what is to be seen then.
    if (Date.now() + lookMs > dueAt) await pause(Math.max(0, dueAt - Date.now()));
    const lookedAt = Date.now();
    const isLast = lookedAt >= dueAt;
    // What is owed to a server that is away waits, which is an alert too after half a minute.
    const isAway = world.webex.answerMode.type !== "confirm";
    const meant = (all: readonly Alert[]) => all.filter(({ kind }) => !isAway || kind !== "documents-pending");
    const first = await ready().catch(() => null);
    const isFirst = first && JSON.stringify(meant(first.alerts).map(({ kind }) => kind)) === JSON.stringify(kinds);
    if (!isFirst && !isLast) {
      await pause(100);
      continue;
    }
    const all = await wrong().catch(String);
    const found = Array.isArray(all) ? meant(all) : [];
    const named = Array.isArray(all) ? found.map(({ kind }) => kind) : (all ?? "not the same everywhere");
    if (JSON.stringify(named) === JSON.stringify(kinds)) return found;
    if (isLast) throw new Error(`not ${ms} ms later: ${says} (found ${named})`);
    lookMs = Date.now() - lookedAt;
    await pause(100);
  }
}

test("lost posts are said everywhere within 5 s, after a kill too, and until somebody acknowledges them", async () => {
  await isWrong("nothing is wrong", 15_000);
  const meeting = new Meeting(world);
  await meeting.create();
  const { call } = await meeting.callIn("301");
  world.webex.answerMode = { type: "status", status: 503 };
  await world.bridge.hangUp(call);

  const [one] = await isWrong("documents were given up", 5_000, "undelivered");
  expect(one).toMatchObject({ about: world.webex.host.replace("http://", ""), seen: null });
  await kill(world, "edge");
  expect(await isWrong("it is so after a kill", 15_000, "undelivered")).toEqual([one]);

  const resynced = await command("servers", "--resync", world.webex.host);
  expect(resynced.stdout).toMatch(/^Asked 1 conference to probe /);
  // It is no sign of life.
  expect(await isWrong("it is so after a resync", 15_000, "undelivered")).toEqual([one]);

  const { code, stdout } = await command("acknowledge", one?.id ?? "", "told WebEx");
  expect([code, stdout]).toEqual([0, expect.stringContaining("told WebEx")]);
  await isWrong("it is acknowledged", 5_000);
  expect((await command("audit")).stdout).toContain("acknowledge ");
});

test("a standby that is lost is an alert, and none once it is back", async () => {
  await eventually("both agents are there", async () => {
    const { bridges } = JSON.parse(await ask("/api/v1/domains/local/agents"));
    return bridges[0].agents.length === 2;
  });
  // What the first test left at its TSP server may wait meanwhile.
  const isAway = async () => (await ready()).alerts.some(({ kind }) => kind === "no-standby-agent");
  const standby = () => wrong().then((found) => found && [found.find(({ kind }) => kind === "no-standby-agent")]);
  const { pid = 0 } = world.run.secondAgent ?? {};
  process.kill(pid, "SIGSTOP");
  await eventually("a standby is away", isAway, 30_000);
  const one = await eventually("each place says so", async () => (await standby())?.[0], 5_000);
  expect(one).toMatchObject({ bridge: "simulated", since: expect.any(Number), severity: "warn" });
  expect((await fetch(`${world.run.edgeUrl}/readyz`)).status).toBe(200);
  process.kill(pid, "SIGCONT");
  await eventually("it is back", async () => !(await isAway()), 30_000);
  await eventually("each place says so", async () => JSON.stringify(await standby()) === "[null]", 5_000);
});

test("a killed bridge whose conferences were lost says so, also once it is back, until somebody acknowledges it", async () => {
  world.webex.answerMode = { type: "confirm" };
  const meeting = new Meeting(world);
  await meeting.create();
  await meeting.callIn("302");
  await kill(world, "bridge");
  const lost = () => wrong().then((found) => found?.find(({ kind }) => kind === "conferences-lost") ?? null);
  // That of the first test, and this one.
  const both = () => lost().then((one) => one?.count === 2 && one);
  const one = await eventually("the bridge has lost two conferences", both, 30_000);
  expect(one).toMatchObject({ bridge: "simulated", sequence: 2, seen: null });
  const { code } = await command("acknowledge", one.id, "restarted for an upgrade", "--seen", "2");
  const isKnown = async () => (await wrong()) !== null && (await lost()) === null;
  expect([code, await eventually("it is acknowledged", isKnown)]).toEqual([0, true]);
  await isWrong("nothing waits for a server that confirms again", 60_000);
});
