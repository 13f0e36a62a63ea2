import { expect, test } from "vitest";
import { MailCounts } from "../../durable-objects/mail/mail-counts.ts";
import { Alarm } from "../../durable-objects/platform/alarm.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { TransId } from "../../src/foundation/ids.ts";
import { WakeTimer } from "../../src/foundation/time/wake-timer.ts";
import { ConferenceWorld, callerEntered, lock } from "../durable-objects/conference-world.ts";
import { fakePlatform } from "../durable-objects/fakes.ts";
import { ReportsWorld } from "../durable-objects/reports-world.ts";
import { Clock } from "../kit/clock.ts";
import { testDomain } from "../local-domain.ts";

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
  "src/delivery/feed.ts": [
    {
      what: "the rows of a conference, while callers enter",
      lateMs: async () => {
        const world = await quiet();
        const toldAt = new Map<string, number>();
        const { publish } = world;
        world.publish = (batch) => {
          for (const { call } of batch.calls) toldAt.set(call, toldAt.get(call) ?? world.time.now);
          return publish(batch);
        };
        const enteredAt: number[] = [];
        await inTraffic(world.time, 10_000, () => {
          enteredAt.push(world.time.now);
          return world.report(callerEntered(enteredAt.length));
        });
        await world.time.pass(2_000);
        return enteredAt.map((at, index) => (toldAt.get(`c${index + 1}`) ?? never) - at - 200);
      },
    },
    {
      what: "the next attempt at a directory that does not answer, while callers enter",
      lateMs: async () => {
        const world = await quiet();
        const tried: number[] = [];
        world.publish = async () => {
          tried.push(world.time.now);
          throw new Error("it is being moved");
        };
        let count = 0;
        await inTraffic(world.time, 20_000, () => world.report(callerEntered(++count)));
        const [first = never, second = never, third = never] = tried;
        return [second - first - 5_000, third - second - 10_000];
      },
    },
    {
      what: "the counts of a mailbox, while documents come",
      lateMs: async () => {
        const time = new Clock();
        const told: number[] = [];
        const counts = new MailCounts({
          ...fakePlatform(time),
          nonce: () => "1",
          count: async () => {
            told.push(time.now);
            return { pauseMs: 2_000 };
          },
        });
        const said = { kind: "document-confirmed", transId: "7" as TransId } as const;
        await inTraffic(time, 7_000, () => counts.add(said));
        return [2_000, 4_000, 6_000].map((due, index) => (told[index] ?? never) - due);
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
