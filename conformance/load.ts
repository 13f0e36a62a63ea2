import { Stage } from "./player/stage.ts";
import { Webex } from "./player/webex.ts";
import type { Ports } from "./ports.ts";
import { printable } from "./printable.ts";
import { numbersOf, type RunOptions, serverNumberOf } from "./run.ts";
import type { Telephones } from "./telephones/telephones.ts";

/** The documented limits. */
const CREATE_LIMIT_MS = 20_000;
const JOIN_LIMIT_MS = 10_000;

interface Times {
  readonly confirmations: number[];
  readonly creates: number[];
  readonly joins: number[];
  readonly faults: string[];
}

/** So many conferences a minute, each with one caller; prints what it took. 0: all within the documented limits. */
export async function load(
  ports: Ports,
  telephones: Telephones,
  options: RunOptions,
  perMinute: number,
  minutes: number,
  print: (line: string) => void = console.log,
): Promise<number> {
  const webex = new Webex(ports, { serverNumber: serverNumberOf(ports), ...options });
  await webex.start();
  const numbers = numbersOf(ports);
  const times: Times = { confirmations: [], creates: [], joins: [], faults: [] };
  const count = Math.max(1, Math.round(perMinute * minutes));
  const withCallers = telephones.cannot("dial in") === null;
  const started: Promise<void>[] = [];
  try {
    for (let n = 0; n < count && !options.stop?.aborted; n++) {
      const stage = new Stage(`load ${n}`, webex, telephones, numbers, { ...options, patienceMs: CREATE_LIMIT_MS });
      started.push(one(stage, withCallers, times));
      await ports.sleep(60_000 / perMinute);
    }
    await Promise.all(started);
  } finally {
    await webex.stop();
  }
  print(`${started.length} conferences, ${perMinute} a minute`);
  print(line("Confirmation of a create", times.confirmations, null));
  print(line("create until answered", times.creates, CREATE_LIMIT_MS));
  print(withCallers ? line("caller until told", times.joins, JOIN_LIMIT_MS) : "caller until told: nobody dials in");
  for (const fault of times.faults.slice(0, 10)) print(`late or lost: ${fault}`);
  const late = times.creates.some((ms) => ms > CREATE_LIMIT_MS) || times.joins.some((ms) => ms > JOIN_LIMIT_MS);
  const isFine = times.faults.length === 0 && !late;
  print(
    isFine ? "within the documented limits" : `not within the documented limits: ${times.faults.length} late or lost`,
  );
  return isFine ? 0 : 1;
}

async function one(stage: Stage, withCallers: boolean, times: Times): Promise<void> {
  const conference = stage.newConference();
  try {
    const { msgId, posted } = await conference.posts(conference.createMessage());
    times.confirmations.push(posted.confirmedAt - posted.at);
    const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId, Result: "0" });
    times.creates.push(answer.at - posted.at);
    await conference.receives("A2W_NotifyConferenceChange", { Status: "0" });
    if (withCallers) {
      const { startedAt, keyedAt } = await stage.people.dialIn(conference.confKey, "1");
      const entered = await conference.receives("A2W_NotifyUserEnter", {}, JOIN_LIMIT_MS);
      times.joins.push(Math.max(0, entered.at - (keyedAt ?? startedAt)));
      await stage.nameOf(entered);
    }
  } catch (error) {
    if (!stage.isBrokenOff) times.faults.push(printable(error instanceof Error ? error.message : String(error)));
  }
  stage.cleansUp();
  await stage.people.hangUpAll();
  await conference.close().catch(() => {});
}

function line(what: string, times: readonly number[], limitMs: number | null): string {
  if (times.length === 0) return `${what}: none`;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const limit = limitMs === null ? "" : ` (limit ${limitMs} ms)`;
  return `${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms${limit}`;
}
