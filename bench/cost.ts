import { setTimeout as pause } from "node:timers/promises";
import { exitOnSignals } from "../scripts/at-exit.ts";
import { command } from "../scripts/command.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { WebexServer } from "../simulators/webex/server.ts";
import { BridgeControl } from "../test/kit/bridge-control.ts";
import { type Cause, causes, idleTenant, Meeting } from "./cost/meeting.ts";
import { combine, difference, microDollars, type Units, unitNames } from "./cost/units.ts";

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
  print(counted, tenant);
} finally {
  await meeting.stop();
  await run.stop();
}
process.exit();

/** Counts all that happens in some samples of a cause and in the time after each, and makes the whole hour of it. */
async function count({ name, times, isIdle, play }: Cause): Promise<Counted> {
  const before = await units();
  const played = Math.min(times, isIdle ? idleSamples : samples);
  for (let time = 0; time < played; time++) {
    await play(meeting);
    if (!isIdle) await pause(betweenMs);
  }
  const after = await units();
  const scale = times / played;
  const added = (matches: (event: string) => boolean) =>
    combine([difference(sumOf(after, matches), sumOf(before, matches))], (value) => value * scale);
  return { name, units: added((event) => !isStanding(event) && (isIdle || !isCheck(event))) };
}

async function units(): Promise<Readonly<Record<string, Units>>> {
  return (await fetch(`${run.edgeUrl}/units`)).json() as Promise<Readonly<Record<string, Units>>>;
}

function sumOf(events: Readonly<Record<string, Units>>, matches: (event: string) => boolean): Units {
  return combine(Object.entries(events).flatMap(([event, counted]) => (matches(event) ? [counted] : [])));
}

function print(causes: readonly Counted[], tenant: Units): void {
  const columns = ["Worker", "object", "socket", "read", "written", "alarms", "active s", "$/1,000"];
  const row = (name: string, own: Units) => {
    const cells = unitNames.map((unit) => (unit === "activeMs" ? (own[unit] / 1000).toFixed(1) : own[unit].toFixed(0)));
    cells.push((microDollars(own) / 1000).toFixed(3));
    console.log(
      name.padEnd(26) + cells.map((cell, index) => cell.padStart((columns[index]?.length ?? 0) + 2)).join(""),
    );
  };
  console.log(`\n${"".padEnd(26)}${columns.map((column) => `  ${column}`).join("")}`);
  for (const { name, units: own } of causes) row(name, own);
  row("a meeting", combine(causes.map((one) => one.units)));
  row(idleTenant, tenant);
  console.log(
    "\nWorker and object: requests, alarms among the object's; socket: received messages; read, written: rows, an alarm that is set\n" +
      "among them; $/1,000: for a thousand meetings, beyond what the plan includes. Active time is that of this machine, where posts and\n" +
      "calls take less than between data centres. Not counted: CPU of the Worker, and the deletion of the rows after their retention.",
  );
}
