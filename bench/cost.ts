import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { exitOnSignals, temporaryFolder } from "../scripts/at-exit.ts";
import { command } from "../scripts/command.ts";
import { prepareEdge } from "../scripts/edge.ts";
import { freePorts, LocalRun } from "../scripts/local-run.ts";
import { type Budget, overBudget } from "./cost/budget.ts";
import { callers, Meeting } from "./cost/meeting.ts";
import { combine, difference, microDollars, type Units, unitNames } from "./cost/units.ts";
import { Processes, statusOf, until } from "./processes.ts";

const options = command(
  "cost",
  "Counts what the platform bills for a typical meeting: 20 callers, one hour, 60 mutes, speaker reports, one failover.",
)
  .option("--check", "fail when a unit is more than 5 % above bench/budget.json", false)
  .option("--write", "renew bench/budget.json", false)
  .option("--quick", "little of each, for development", false)
  .parse()
  .opts<{ check: boolean; write: boolean; quick: boolean }>();
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
const budgetFile = join(import.meta.dirname, "budget.json");
/** Longer than the deadline of a command, the deletion of what was confirmed, and the eviction of an object that is idle. */
const betweenMs = options.quick ? 7_000 : 15_000;
const samples = options.quick ? 1 : 4;
/** Whole minutes, for the digests; five of them, for the sweep. Digests come at intervals that grow: later minutes have fewer. */
const idleMinutes = options.quick ? 1 : 5;
const mutes = 60;
const speeches = 120;

/** Events that come from the connected agent itself, whether there are meetings or not. */
const isStanding = (event: string) => /^relay\.(alarm|fetch|health|webSocketMessage (ping|health))$/.test(event);

interface Cause {
  readonly name: string;
  readonly units: Units;
  readonly traffic: Traffic;
}

interface Traffic {
  readonly documents: number;
  readonly commands: number;
  readonly reports: number;
  readonly posts: number;
}

const run = await LocalRun.start({ countedEdge: "bench/cost/worker.ts" });
const meeting = await Meeting.start(run);
try {
  const startedAt = Date.now();
  const before = sumOf(await units(), isStanding);
  console.log(
    `a meeting of ${callers} callers at its real pace; ${samples} of ${mutes} mutes and of ${speeches} speeches, and ` +
      `${idleMinutes} idle minutes of 60, stand for all of them …`,
  );
  const causes = [
    await cause("create", 1, () => meeting.create()),
    await cause(`${callers} callers enter`, 1, () => meeting.enterAll()),
    await cause("speaker reports on", 1, () => meeting.reportSpeakers()),
    await cause(`${mutes} mutes`, mutes / samples, () => times(samples, () => meeting.mute())),
    await cause(`${speeches} speeches`, speeches / samples, () => times(samples, () => meeting.speak())),
    await cause("one failover", 1, () => meeting.failOver()),
    await cause("idle, the whole hour", 60 / idleMinutes, () => pause(idleMinutes * 60_000), 0),
    await cause("callers leave, close", 1, () => meeting.leaveAllAndClose()),
  ];
  const hours = (Date.now() - startedAt) / 3_600_000;
  const standing = difference(sumOf(await units(), isStanding), before);
  const tenant = combine([standing], (value) => value / hours);
  const plain = await plainUnits(causes);
  const total = combine(causes.map((one) => one.units));
  print(causes, total, tenant, plain);
  judge({ meeting: total, tenantHour: tenant });
} finally {
  await meeting.stop();
  await run.stop();
}
process.exit();

/** Counts all that happens during `play` and in the time after it, `scale` times. */
async function cause(name: string, scale: number, play: () => Promise<void>, quietMs = betweenMs): Promise<Cause> {
  const [before, postsBefore] = [await units(), meeting.posts];
  await play();
  await pause(quietMs);
  const after = await units();
  const added = (matches: (event: string) => boolean) =>
    combine([difference(sumOf(after, matches), sumOf(before, matches))], (value) => value * scale);
  const times = (event: string) => added((other) => other === event).objectRequests;
  return {
    name,
    units: added((event) => !isStanding(event)),
    traffic: {
      documents: added((event) => event === "worker.fetch").workerRequests,
      commands: times("relay.sendCommands"),
      reports: times("conference.report"),
      posts: (meeting.posts - postsBefore) * scale,
    },
  };
}

async function times(count: number, play: () => Promise<void>): Promise<void> {
  for (let index = 0; index < count; index++) {
    if (index > 0) await pause(betweenMs);
    await play();
  }
}

async function units(url = run.edgeUrl): Promise<Readonly<Record<string, Units>>> {
  return (await fetch(`${url}/units`)).json() as Promise<Readonly<Record<string, Units>>>;
}

function sumOf(events: Readonly<Record<string, Units>>, matches: (event: string) => boolean): Units {
  return combine(Object.entries(events).flatMap(([event, counted]) => (matches(event) ? [counted] : [])));
}

/** The same traffic through the plain schema. Calls and messages are the same; rows and alarms are its own. */
async function plainUnits(causes: readonly Cause[]): Promise<readonly Units[]> {
  const folder = temporaryFolder("cost");
  const [port = 0] = await freePorts(1);
  const launch = await prepareEdge({
    ...{ folder, host: "127.0.0.1", port, variables: {}, flags: ["nodejs_als"] },
    ...{ entry: "bench/cost/plain.ts", objects: { PLAIN: "PlainObject" } },
  });
  const processes = new Processes(folder);
  processes.start("plain", launch);
  const url = `http://127.0.0.1:${port}`;
  try {
    await until("the plain schema is served", async () => (await statusOf(url)) !== null);
    const result: Units[] = [];
    for (const { traffic, units: own } of causes) {
      const before = sumOf(await units(url), () => true);
      await fetch(url, { method: "POST", body: JSON.stringify(traffic) });
      const { rowsRead, rowsWritten } = difference(
        sumOf(await units(url), () => true),
        before,
      );
      const alarms = traffic.commands + traffic.posts;
      result.push({
        ...own,
        objectRequests: own.objectRequests - own.alarms + alarms,
        alarms,
        rowsRead,
        rowsWritten,
      });
    }
    return result;
  } finally {
    await processes.stop();
  }
}

function print(causes: readonly Cause[], total: Units, tenant: Units, plain: readonly Units[]): void {
  const columns = [
    "Worker",
    "object",
    "socket",
    "read",
    "written",
    "alarms",
    "active s",
    "$/1,000",
    "plain: written",
    "$/1,000",
  ];
  const plainTotal = combine(plain);
  const row = (name: string, own: Units, other?: Units) => {
    const cells = unitNames.map((unit) => (unit === "activeMs" ? (own[unit] / 1000).toFixed(1) : own[unit].toFixed(0)));
    const price = (of: Units) => (microDollars(of) / 1000).toFixed(3);
    cells.push(price(own), other?.rowsWritten.toFixed(0) ?? "", other ? price(other) : "");
    console.log(
      name.padEnd(26) + cells.map((cell, index) => cell.padStart((columns[index]?.length ?? 0) + 2)).join(""),
    );
  };
  console.log(`\n${"".padEnd(26)}${columns.map((column) => `  ${column}`).join("")}`);
  for (const [index, { name, units: own }] of causes.entries()) row(name, own, plain[index]);
  row("a meeting", total, plainTotal);
  row("an hour of an idle tenant", tenant);
  console.log(
    "\nWorker and object: requests, alarms among the object's; socket: received messages; read, written: rows, an alarm that is set\n" +
      "among them; $/1,000: for a thousand meetings, beyond what the plan includes. Active time is that of this machine, where posts and\n" +
      "calls take less than between data centres. Not counted: CPU of the Worker, and the deletion of the rows after their retention.",
  );
}

/** Not the active time: it depends on the machine, and on what else runs there. */
function judge(measured: Budget): void {
  if (options.write) writeFileSync(budgetFile, `${JSON.stringify(measured, rounded, 2)}\n`);
  if (!options.check) return;
  const exceeded = overBudget(measured, JSON.parse(readFileSync(budgetFile, "utf8")) as Budget);
  for (const sentence of exceeded) console.error(sentence);
  if (exceeded.length > 0) process.exitCode = 1;
  else console.log("within the budget");
}

function rounded(key: string, value: unknown): unknown {
  if (key === "activeMs") return undefined;
  return typeof value === "number" ? Math.ceil(value) : value;
}
