import { availableParallelism, cpus } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { exitOnSignals } from "../scripts/at-exit.ts";
import { command, wholeNumber } from "../scripts/command.ts";
import { LocalRun } from "../scripts/local-run.ts";
import { asteriskOrExit } from "../scripts/tools/find-asterisk.ts";
import type { Phone } from "../simulators/telephones/phones.ts";
import { WebexServer } from "../simulators/webex/server.ts";
import type { ConfKey, ExtConfId } from "../src/foundation/ids.ts";
import { AsteriskBridge } from "../test/asterisk/asterisk-bridge.ts";
import { cpuMs } from "./process-usage.ts";

/** Callers of one conference. One of them talks, the others are silent, as people are. */
const CALLERS = 10;
/** So many dial in at the same time. */
const AT_ONCE = 10;
const PACKETS_PER_SECOND = 50;
/** Of what edge, agent and Asterisk use, while all calls are in their conferences. */
const GOAL_SHARE = 0.1;
/** With fewer calls than this Asterisk has so little to do that the share says nothing. */
const GOAL_CALLS = 350;
const { calls: most, seconds } = command(
  "bench:asterisk",
  "Calls with sound in conferences of 10 on a real Asterisk, in steps, through Bridgehead. Exits with code 1 if a goal is missed.",
)
  .option("--calls <count>", "the last step", wholeNumber(CALLERS), 350)
  .option("--seconds <count>", "how long each step is measured", wholeNumber(1), 10)
  .parse()
  .opts<{ calls: number; seconds: number }>();
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
const home = await asteriskOrExit("cannot measure it");
const steps = [50, 100, 200, 350, most].filter((step, index, all) => step <= most && all.indexOf(step) === index);

/** By the name of a process. */
type Amounts = Readonly<Record<string, number>>;

interface Step {
  readonly calls: number;
  readonly up: number;
  /** From the call to its answer, milliseconds. */
  readonly answered: readonly number[];
  /** Milliseconds from the end of the last DTMF digit, as Asterisk hears it, to the name that WebEx gives. */
  readonly entered: readonly number[];
  /** Of the packets that should have come with the sound of the talker, those that did. */
  readonly arrived: number;
  /** CPU of all its calls' set-up, milliseconds by process. */
  readonly setupMs: Amounts;
  /** Of one core, by process, while all are in. */
  readonly cpu: Amounts;
}

console.log(`${home.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? "an unknown processor"}`);
const measured = await throughBridgehead();
print(measured);
const missed = steps.flatMap((calls) => {
  const step = measured.find((one) => one.calls === calls);
  if (step?.up !== calls) return [`${step?.up ?? 0} of ${calls} calls are up`];
  const share = shareOfOurs(step.cpu);
  return calls >= GOAL_CALLS && share > GOAL_SHARE ? [`edge and agent use ${percent(share)} of the CPU`] : [];
});
const ofCpu = most < GOAL_CALLS ? "" : `, edge and agent at most ${percent(GOAL_SHARE)} of the CPU`;
const goal = `${most} calls up${ofCpu}`;
console.log(`\n${goal}: ${missed.length === 0 ? "reached" : `missed: ${missed.join(", ")}`}`);
process.exit(missed.length === 0 ? 0 : 1);

async function throughBridgehead(): Promise<readonly Step[]> {
  const run = await LocalRun.start({ bridge: "asterisk" });
  const bridge = await AsteriskBridge.start(run, home.sipp);
  const webex = new WebexServer({ adapterUrl: run.adapterUrl, attempts: 100, retryMs: 100 });
  await webex.start();
  const { edge, agent, asterisk = 0 } = run.pids();
  const dialIn = async (caller: number) => {
    const key = String(500 + Math.floor(caller / CALLERS)) as ConfKey;
    const extConfId = `E${key}` as ExtConfId;
    if (caller % CALLERS === 0) {
      const msgId = webex.client.msgId();
      await webex.client.post({ type: "create-conference", msgId, confKey: key, extConfId, replyTo: webex.host });
      await webex.waitFor(`${key} is made`, (message) => message.msgId === msgId && "result" in message);
    }
    const calledAt = performance.now();
    const phone = await bridge.phones.dialIn(bridge.dialIn, number(caller));
    const answeredMs = performance.now() - calledAt;
    const named = webex.extCallIdOf(extConfId, String(caller + 1), 30_000).then(() => performance.now());
    await Promise.all([phone.press(`${key}#${caller + 1}#`), named]);
    return { phone, answeredMs, enteredMs: (await named) - phone.sound.keyedAt };
  };
  try {
    return await measure(dialIn, { edge, agent, asterisk });
  } finally {
    await webex.stop();
    await bridge.stop();
    await run.stop();
  }
}

type DialIn = (caller: number) => Promise<SetUp>;

interface SetUp {
  readonly phone: Phone;
  readonly answeredMs: number;
  readonly enteredMs: number;
}

async function measure(dialIn: DialIn, pids: Amounts): Promise<readonly Step[]> {
  const processes = { ...pids, telephones: process.pid };
  const phones: Phone[] = [];
  const measured: Step[] = [];
  for (const calls of steps) {
    const made: SetUp[] = [];
    const before = cpuOf(processes);
    const sound = () => sounding({ calls, setupMs: since(before, processes) }, phones, made, processes);
    for (let caller = phones.length; caller < calls; caller = phones.length) {
      // The first of a conference makes it.
      const together = caller % CALLERS === 0 ? 1 : Math.min(AT_ONCE, CALLERS - (caller % CALLERS), calls - caller);
      const tried = await Promise.allSettled(Array.from({ length: together }, (_, index) => dialIn(caller + index)));
      const failed = tried.find(({ status }) => status === "rejected");
      for (const one of tried) if (one.status === "fulfilled") made.push(one.value);
      for (const one of tried) if (one.status === "fulfilled") phones.push(one.value.phone);
      if (caller % CALLERS === 0) phones.at(-1)?.talk();
      if (failed?.status === "rejected") {
        console.error(`at ${phones.length} calls: ${String(failed.reason).slice(0, 200)}`);
        measured.push(await sound());
        return measured;
      }
    }
    measured.push(await sound());
  }
  return measured;
}

async function sounding(
  step: Pick<Step, "calls" | "setupMs">,
  phones: readonly Phone[],
  made: readonly SetUp[],
  processes: Amounts,
): Promise<Step> {
  await pause(2_000); // Tones of the entries end.
  for (const { sound } of phones) sound.heard.length = 0;
  const up = phones.filter(({ state }) => state === "up");
  const before = cpuOf(processes);
  const from = performance.now();
  await pause(seconds * 1_000);
  const elapsedMs = performance.now() - from;
  const used = Object.entries(since(before, processes));
  // Each conference has its talker first; a listener hears it in each packet.
  const heard = phones.flatMap((phone, index) => {
    const talker = phones[index - (index % CALLERS)];
    return talker && talker !== phone && phone.state === "up" ? [phone.packetsOf(talker, from)] : [];
  });
  const due = (heard.length * PACKETS_PER_SECOND * elapsedMs) / 1_000;
  const came = heard.reduce((sum, packets) => sum + packets, 0);
  const answered = made.map(({ answeredMs }) => answeredMs);
  const entered = made.map(({ enteredMs }) => enteredMs);
  const cpu = Object.fromEntries(used.map(([name, ms]) => [name, ms / elapsedMs]));
  return { ...step, up: up.length, answered, entered, arrived: came / due, cpu };
}

/** Milliseconds by process. */
function cpuOf(processes: Amounts): Amounts {
  return Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, cpuMs(pid)]));
}

function since(before: Amounts, processes: Amounts): Amounts {
  return Object.fromEntries(Object.entries(cpuOf(processes)).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
}

function number(caller: number): string {
  return `1408${5_550_000 + caller}`;
}

function print(measured: readonly Step[]): void {
  for (const { calls, up, answered, entered, arrived, setupMs, cpu } of measured) {
    const used = Object.entries(cpu).map(([name, share]) => `${name} ${percent(share)}`);
    const facts = [
      `${up} up`,
      `answered ${quantiles(answered)}`,
      `entered ${quantiles(entered)}`,
      `talker heard in ${percent(arrived)} of the packets`,
      `CPU ${used.join(", ")}`,
      `edge and agent ${percent(shareOfOurs(setupMs))} of the CPU during set-up, ${percent(shareOfOurs(cpu))} after it`,
    ];
    console.log(`${String(calls).padStart(4)} calls: ${facts.join(" · ")}`);
  }
}

/** Of what edge, agent and Asterisk use: the telephones are no part of it. */
function shareOfOurs({ edge = 0, agent = 0, asterisk = 0 }: Amounts): number {
  return (edge + agent) / (edge + agent + asterisk);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function quantiles(times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other);
  const quantile = (share: number) => (sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN).toFixed(0);
  return `p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`;
}
