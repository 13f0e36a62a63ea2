import { setTimeout as pause } from "node:timers/promises";
import { exitOnSignals, temporaryFolder } from "../scripts/at-exit.ts";
import { BridgeControl } from "../scripts/bridge-control.ts";
import { command } from "../scripts/command.ts";
import { prepareEdge } from "../scripts/edge.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { freePorts } from "../simulators/free-ports.ts";
import { WebexServer } from "../simulators/webex/server.ts";
import { type Cause, causes, idleTenant, Meeting } from "./cost/meeting.ts";
import { combine, difference, microDollars, type Units, unitNames } from "./cost/units.ts";
import { Processes, statusOf, until } from "./processes.ts";

/** A test lives through the same meeting in virtual time, and holds each cause to `bench/budget.json`. */
const options = command(
  "cost",
  "Counts what the platform bills for a typical meeting: 20 callers, one hour, 60 mutes, speaker reports, one failover.",
)
  .option("--quick", "little of each, for development", false)
  .parse()
  .opts<{ quick: boolean }>();
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
/** Longer than the deadline of a command, the deletion of what was confirmed, and the eviction of an object that is idle. */
const betweenMs = options.quick ? 7_000 : 15_000;
const samples = options.quick ? 1 : 4;
/** Five minutes, for the sweep. Digests come at intervals that grow: later minutes have fewer. */
const idleSamples = options.quick ? 1 : 5;

/** Events that come from the connected agent itself, whether there are meetings or not. */
const isStanding = (event: string) => /^relay\.(alarm|fetch|health|webSocketMessage ping)$/.test(event);
/** Events that come by the clock: see `Cause.isIdle`. */
const isCheck = (event: string) =>
  /^(ids\.alarm|conference\.(sweep|compareDigest)|relay\.(askForSnapshot|webSocketMessage digests))$/.test(event);

interface Counted {
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
const meeting = await Meeting.start({
  bridge: new BridgeControl(run.bridgeUrl),
  startServer: async (serverId) => {
    const server = new WebexServer({ adapterUrl: run.adapterUrl, serverId });
    await server.start();
    return server;
  },
  pause,
});
try {
  const startedAt = Date.now();
  const before = sumOf(await units(), isStanding);
  console.log(
    `a meeting at its real pace; of what happens often ${samples} times stand for all, and ${idleSamples} idle minutes for 60 …`,
  );
  const counted: Counted[] = [];
  for (const cause of causes) counted.push(await count(cause));
  const hours = (Date.now() - startedAt) / 3_600_000;
  const standing = difference(sumOf(await units(), isStanding), before);
  const tenant = combine([standing], (value) => value / hours);
  print(counted, tenant, await plainUnits(counted));
} finally {
  await meeting.stop();
  await run.stop();
}
process.exit();

/** Counts all that happens in some samples of a cause and in the time after each, and makes the whole hour of it. */
async function count({ name, times, isIdle, play }: Cause): Promise<Counted> {
  const [before, postsBefore] = [await units(), meeting.posts];
  const played = Math.min(times, isIdle ? idleSamples : samples);
  for (let time = 0; time < played; time++) {
    await play(meeting);
    if (!isIdle) await pause(betweenMs);
  }
  const after = await units();
  const scale = times / played;
  const added = (matches: (event: string) => boolean) =>
    combine([difference(sumOf(after, matches), sumOf(before, matches))], (value) => value * scale);
  const timesOf = (event: string) => added((other) => other === event).objectRequests;
  return {
    name,
    units: added((event) => !isStanding(event) && (isIdle || !isCheck(event))),
    traffic: {
      documents: added((event) => event === "worker.fetch").workerRequests,
      commands: timesOf("relay.sendCommands"),
      reports: timesOf("conference.report"),
      posts: (meeting.posts - postsBefore) * scale,
    },
  };
}

async function units(url = run.edgeUrl): Promise<Readonly<Record<string, Units>>> {
  return (await fetch(`${url}/units`)).json() as Promise<Readonly<Record<string, Units>>>;
}

function sumOf(events: Readonly<Record<string, Units>>, matches: (event: string) => boolean): Units {
  return combine(Object.entries(events).flatMap(([event, counted]) => (matches(event) ? [counted] : [])));
}

/** The same traffic through the plain schema. Calls and messages are the same; rows and alarms are its own. */
async function plainUnits(causes: readonly Counted[]): Promise<readonly Units[]> {
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
      result.push({ ...own, objectRequests: own.objectRequests - own.alarms + alarms, alarms, rowsRead, rowsWritten });
    }
    return result;
  } finally {
    await processes.stop();
  }
}

function print(causes: readonly Counted[], tenant: Units, plain: readonly Units[]): void {
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
  row("a meeting", combine(causes.map((one) => one.units)), plainTotal);
  row(idleTenant, tenant);
  console.log(
    "\nWorker and object: requests, alarms among the object's; socket: received messages; read, written: rows, an alarm that is set\n" +
      "among them; $/1,000: for a thousand meetings, beyond what the plan includes. Active time is that of this machine, where posts and\n" +
      "calls take less than between data centres. Not counted: CPU of the Worker, and the deletion of the rows after their retention.",
  );
}
