import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MailCounts } from "../../durable-objects/mail/mail-counts.ts";
import { Alarm } from "../../durable-objects/platform/alarm.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { TransId } from "../../src/foundation/ids.ts";
import { WakeTimer } from "../../src/foundation/time/wake-timer.ts";
import { ConferenceWorld, callerEntered, lock } from "../durable-objects/conference-world.ts";
import { fakePlatform } from "../durable-objects/fakes.ts";
import { ReportsWorld } from "../durable-objects/reports-world.ts";
import { testDomain } from "../local-domain.ts";
import { Clock } from "../simulation/clock.ts";
import { AgentInTraffic } from "./agent-in-traffic.ts";

/** Between two calls, commits or messages of a row's traffic. */
const everyMs = 120;

interface Row {
  readonly what: string;
  /** By how many milliseconds each thing came after it was due, under traffic; what never came counts as `never`. */
  lateMs(): Promise<readonly number[]>;
}

const never = Number.POSITIVE_INFINITY;

/** All timers that traffic asks for again, by the file that has them. */
const timers: Readonly<Record<string, readonly Row[]>> = {
  "src/foundation/time/wake-timer.ts": [
    {
      what: "a wake that is asked for again and again",
      lateMs: async () => {
        const time = new Clock();
        const woken: number[] = [];
        const timer = new WakeTimer(
          time,
          () => time.now,
          () => woken.push(time.now),
        );
        timer.wakeWithin(2_000);
        await inTraffic(time, 5_000, () => timer.wakeWithin(2_000 - (time.now % 7)));
        return [2_000, 4_000].map((due, index) => (woken[index] ?? never) - due);
      },
    },
    {
      what: "a wake while the clock is set forward and back",
      lateMs: async () => {
        const time = new Clock();
        let aheadMs = 0;
        const woken: number[] = [];
        const timer = new WakeTimer(
          time,
          () => time.now + aheadMs,
          () => woken.push(time.now),
        );
        timer.wakeWithin(2_000);
        await inTraffic(time, 2_000, () => {
          aheadMs = aheadMs === 0 ? 3_600_000 : aheadMs - 1_000_000;
          timer.wakeWithin(5_000);
        });
        return [(woken[0] ?? never) - 2_000];
      },
    },
  ],
  "bridge-agent/run.ts": [
    {
      what: "the ports in use, while calls come",
      lateMs: async () => {
        const agent = await new AgentInTraffic().begun();
        const changes: { readonly up: number; readonly at: number }[] = [];
        await agent.callsEach(everyMs, 25_000, () => changes.push({ up: agent.callsUp, at: agent.time.now - everyMs }));
        await agent.time.pass(1_000);
        return changes.map(({ up, at }) => agent.toldOfPorts((ports) => ports >= up) - at);
      },
    },
    {
      what: "the ports in use, when a caller hangs up who never entered",
      lateMs: async () => {
        const agent = await new AgentInTraffic().begun();
        const late: number[] = [];
        for (let phase = 0; phase < 10; phase += 1) {
          agent.machine.dialIn("14085550100", "");
          await agent.time.pass(5_000 + 210 * phase);
          const hungUpAt = agent.time.now;
          agent.hangUpAll();
          await agent.time.pass(3_000);
          late.push(agent.toldOfPorts((ports) => ports === 0, hungUpAt) - hungUpAt);
        }
        return late;
      },
    },
    {
      what: "the ports that others use, when the agent begins",
      lateMs: async () => {
        const agent = new AgentInTraffic();
        const begunAt = agent.time.now;
        agent.callOfOthers();
        await agent.begun();
        return [agent.toldOfPorts((ports) => ports === 1) - begunAt];
      },
    },
    {
      what: "the digest of a conference in which nothing happens, while calls come into another one",
      lateMs: async () => {
        const agent = await new AgentInTraffic().begun();
        agent.create("555111222");
        const createdAt = agent.time.now;
        await agent.callsEach(everyMs, 65_000);
        const sent = agent.heard.find(
          ([, message]) =>
            message.type === "digests" && message.digests.some(({ conference }) => conference === "555111222"),
        );
        return [(sent?.[0] ?? never) - createdAt - 60_000];
      },
    },
  ],
  "bridge-agent/link/reconnecting-socket.ts": [
    {
      what: "the agent's pings, while the edge greets it again and again",
      lateMs: async () => {
        const agent = await new AgentInTraffic().begun();
        const from = agent.time.now;
        await inTraffic(agent.time, 30_000, () => agent.welcome());
        const pings = agent.heard.flatMap(([at, { type }]) => (type === "ping" && at > from ? [at] : []));
        expect(pings.length).toBeLessThan(12);
        return pings.slice(1).map((at, index) => at - (pings[index] ?? never) - 3_000);
      },
    },
    {
      what: "the end of a link whose edge talks and answers no ping",
      lateMs: async () => {
        const agent = await new AgentInTraffic().begun();
        agent.isAnsweringPings = false;
        const from = agent.time.now;
        let endedAt = never;
        await inTraffic(agent.time, 10_000, () => {
          agent.fromEdge({ type: "digest-confirmed", conference: "1" as never, digest: "" });
          if (agent.links === 2) endedAt = Math.min(endedAt, agent.time.now);
        });
        return [endedAt - from - 6_000];
      },
    },
  ],
  "durable-objects/conference/outbox.ts": [
    {
      what: "the next attempt of a post, behind commits of its conference",
      lateMs: async () => {
        const world = await quiet();
        world.domain = testDomain({ webex: { attempts: 3, retryDelaysMs: [2_000, 5_000] } });
        world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
        await world.received("t1", lock("m-lock"));
        await world.allDone();
        // Each commit looks for what is due, so that only the time behind the last one shows the timer.
        await inTraffic(world.time, 1_800, () => world.report(speaks()));
        await world.time.pass(1_200);
        await inTraffic(world.time, 3_000, () => world.report(speaks()));
        await world.time.pass(5_000);
        const [first = never, second = never, third = never] = world.posted.map(({ at }) => at);
        return [second - first - 2_000, third - second - 5_000];
      },
    },
  ],
  "durable-objects/conference/command-sender.ts": [
    {
      what: "a command whose relay cannot be reached, behind others that are issued",
      lateMs: async () => {
        const world = await quiet();
        const sentAt = new Map<string, number[]>();
        world.onSent = (commands) => {
          for (const { id } of commands) sentAt.set(id, [...(sentAt.get(id) ?? []), world.time.now]);
          throw new Error("it is being moved");
        };
        let count = 0;
        await inTraffic(world.time, 900, () => world.receive(`t${++count}`, lock(`m${count}`)));
        await world.time.pass(10_000);
        return [...sentAt.values()].flatMap(([first = never, second = never, third = never]) => [
          second - first - 1_000,
          third - second - 2_000,
        ]);
      },
    },
  ],
  "durable-objects/conference/directory-feed.ts": [
    {
      what: "what the directory is told of a conference, while callers enter",
      lateMs: async () => {
        const world = await quiet();
        const told: { readonly row: number; readonly at: number }[] = [];
        const { follow } = world;
        world.follow = (page) => {
          for (const { row } of page.facts) told.push({ row, at: world.time.now });
          return follow(page);
        };
        const entered: number[] = [];
        await inTraffic(world.time, 10_000, () => {
          entered.push(world.time.now);
          return world.report(callerEntered(entered.length));
        });
        await world.time.pass(2_000);
        return entered.map((at, index) => (told[index]?.at ?? never) - at - 1_000);
      },
    },
    {
      what: "the next attempt at a directory that does not answer, while callers enter",
      lateMs: async () => {
        const world = await quiet();
        const tried: number[] = [];
        world.follow = async () => {
          tried.push(world.time.now);
          throw new Error("it is being moved");
        };
        let count = 0;
        await inTraffic(world.time, 20_000, () => world.report(callerEntered(++count)));
        const [first = never, second = never, third = never] = tried;
        return [second - first - 5_000, third - second - 10_000];
      },
    },
  ],
  "durable-objects/mail/mail-counts.ts": [
    {
      what: "what the directory is told of a mailbox, while documents come",
      lateMs: async () => {
        const time = new Clock();
        const told: number[] = [];
        const counts = new MailCounts({
          ...fakePlatform(time),
          nonce: () => "1",
          count: async () => void told.push(time.now),
        });
        const said = { kind: "document-confirmed", transId: "7" as TransId } as const;
        await inTraffic(time, 5_000, () => counts.add(said));
        return [1_000, 2_000, 3_000].map((due, index) => (told[index] ?? never) - due);
      },
    },
  ],
  "durable-objects/platform/alarm.ts": [
    {
      what: "an alarm that the platform brings late, while it is asked for again and again",
      lateMs: async () => {
        const { time, alarm, fired } = platformWithAlarm();
        alarm.wakeBy(2_000);
        await inTraffic(time, 5_000, () => alarm.wakeBy(time.now + 2_000));
        return [(fired[0] ?? never) - 2_000];
      },
    },
    {
      what: "an alarm while no alarm can be set",
      lateMs: async () => {
        const { time, alarm, fired, disk } = platformWithAlarm();
        disk.isFull = true;
        await inTraffic(time, 1_000, () => alarm.wakeBy(time.now + 7_000));
        disk.isFull = false;
        await time.pass(10_000);
        return [(fired[0] ?? never) - 7_000];
      },
    },
  ],
  "durable-objects/relay/bridge-reports.ts": [
    {
      what: "the end of a call that hangs, while more comes for its conference",
      lateMs: async () => {
        const time = new Clock();
        const failedAt: number[] = [];
        const hang = () => new Promise<"undecided">(() => {});
        const world = new ReportsWorld(time, hang, () => failedAt.push(time.now));
        await inTraffic(time, 25_000, () => world.add("key", String(time.now)));
        return [10_000, 20_000].map((due, index) => (failedAt[index] ?? never) - due);
      },
    },
  ],
};

const rows = Object.entries(timers).flatMap(([file, found]) => found.map((row) => ({ file, ...row })));

test.each(rows)("$what: at most a second late ($file)", async ({ lateMs }) => {
  const late = await lateMs();
  expect(late).not.toEqual([]);
  expect(late.filter((ms) => !(ms <= 1_000))).toEqual([]);
});

const files = globSync("{bridge-agent,durable-objects,src}/**/*.ts");

test("each file that has a wake timer stands in the table of timers under traffic", () => {
  const users = files.filter((file) => readFileSync(file, "utf8").includes("new WakeTimer("));
  expect(users.length).toBeGreaterThan(3);
  expect(users.filter((file) => !(file in timers))).toEqual([]);
});

/** What ends each timer that is kept, and why traffic cannot put it off. */
const keptTimers: Readonly<Record<string, string>> = {
  "bridge-agent/drivers/asterisk/driver.ts": "one for each session; the end of the session",
  "bridge-agent/drivers/asterisk/link.ts":
    "the next ping or attempt, set when the one before is over; the end of the session",
  "bridge-agent/link/reconnecting-socket.ts":
    "the next ping or attempt, set when the one before is over; the end of the connection",
  "durable-objects/home/alarms.ts": "the first of those that are asked for, a minute away at most",
  "durable-objects/home/home.ts":
    "the next probe, set when a flush or the probe before has failed, and none is flushed until one succeeds; a stop",
  "durable-objects/home/log/log-writer.ts":
    "the next flush of what nobody waits for, set with the first of it; that somebody waits",
  "src/foundation/time/wake-timer.ts": "the first of those that are asked for",
};

test("a timer that can be ended and set anew from outside is a wake timer, or stands in the list of the others", () => {
  const kept = /this\.#?\w+( = |\.(set|push|add)\().*(\.after|setTimeout|setInterval)\(/;
  const found = files.filter((file) => kept.test(readFileSync(file, "utf8")));
  expect(found.sort()).toEqual(Object.keys(keptTimers));
});

async function inTraffic(time: Clock, ms: number, act: () => unknown): Promise<void> {
  for (let passed = 0; passed < ms; passed += everyMs) {
    void Promise.resolve(act()).catch(() => {});
    await time.pass(everyMs);
  }
}

async function quiet(): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(1);
  world.posted.length = 0;
  return world;
}

let isSpeaking = false;

/** A report that is committed, and brings about no post. */
function speaks(): Report {
  isSpeaking = !isSpeaking;
  return { type: "event", event: { type: "speaking-changed", call: "c0", speaking: isSpeaking } } as Report;
}

/** Whose alarm comes 0.3 s after it is due, on a disk that may be full. */
function platformWithAlarm() {
  const time = new Clock();
  const fired: number[] = [];
  const disk = { isFull: false };
  let set: number | null = null;
  const alarm: Alarm = new Alarm(
    fakePlatform(time, {
      setAlarm: async (at) => {
        if (disk.isFull) throw new Error("database or disk is full");
        set = at;
        time.after(at + 300 - time.now, () => {
          if (set !== at) return;
          set = null;
          void alarm.fired(() => void fired.push(time.now));
        });
      },
    }),
  );
  return { time, alarm, fired, disk };
}
