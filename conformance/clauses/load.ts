import type { Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import { alone, CREATE_LIMIT_MS, documented, GUIDE, JOIN_LIMIT_MS, judged } from "./clause.ts";

const performance = `${GUIDE}, Performance and Network / System Requirements`;

const NO_LOAD = "a minute of load: give --load";

/** A conference of the load: how long its create took, or what went wrong. */
interface Loaded {
  readonly conference: Conference;
  readonly createdMs?: number;
  readonly fault?: string;
}

export const loadClauses = [
  ...alone(
    documented(performance, {
      "T9: 30 conferences a minute, for a minute: each is created within 20 s": async (stage) => {
        const { load } = stage.options;
        if (!load) return stage.notTestable(NO_LOAD);
        const { perMinute, minutes } = load;
        const begun: Promise<Loaded>[] = [];
        for (let n = 0; n < Math.round(perMinute * minutes); n++) {
          begun.push(createAndJoin(stage.newConference()));
          await stage.pause(60_000 / perMinute);
        }
        const all = await Promise.all(begun);
        const bad = all.find(({ fault }) => fault !== undefined);
        // What is shown is one conference of many: the first, or one that went wrong.
        const { extConfId } = (bad ?? all[0])?.conference ?? {};
        const shown = stage.entries.filter(({ body }) => extConfId !== undefined && body.includes(`"${extConfId}"`));
        stage.entries.splice(0, stage.entries.length, ...shown);
        const faults = all.filter(({ fault }) => fault !== undefined).length;
        if (bad?.fault !== undefined)
          stage.fail(`${faults} of ${all.length} conferences, ${perMinute} a minute: ${bad.fault}`);
        return `${all.length} conferences, ${perMinute} a minute: ${spread(all.flatMap(({ createdMs }) => createdMs ?? []))}`;
      },
    }),
  ),
  ...judged(performance, {
    "T9c: under this load, each join is notified within 10 s": ({ stages }) => {
      const stage = stages.get("T9");
      if (!stage?.options.load) return { outcome: "not-testable", why: NO_LOAD };
      const why = cannotDial(stage);
      if (why !== null) return { outcome: "not-testable", why };
      const times = stage.dials.map(({ keyedAt, startedAt, entered }) =>
        entered ? Math.max(0, entered.at - (keyedAt ?? startedAt)) : Number.POSITIVE_INFINITY,
      );
      const late = times.filter((ms) => ms > JOIN_LIMIT_MS).length;
      if (times.length === 0) return { outcome: "not-testable", why: "no conference was created" };
      return late === 0
        ? { outcome: "passed", why: `${times.length} callers: ${spread(times)}` }
        : { outcome: "failed", why: `${late} of ${times.length} callers were told late or not at all` };
    },
  }),
];

/** The conference stays until all have been created: meetings last. */
async function createAndJoin(conference: Conference): Promise<Loaded> {
  const { stage } = conference;
  try {
    const { msgId, posted } = await conference.posts(conference.createMessage());
    const answer = await stage.receives("A2W_RspCreateConference", { MsgID: msgId, Result: "0" }, CREATE_LIMIT_MS);
    await conference.receives("A2W_NotifyConferenceChange", { Status: "0" }, CREATE_LIMIT_MS);
    // Who is told late is another clause's.
    if (cannotDial(stage) === null) await conference.callIn().catch(() => {});
    const createdMs = answer.at - posted.at;
    const isLate = createdMs > CREATE_LIMIT_MS;
    return isLate ? { conference, fault: `a create was answered after ${createdMs} ms` } : { conference, createdMs };
  } catch (error) {
    return { conference, fault: error instanceof Error ? error.message : String(error) };
  }
}

function cannotDial({ people }: Stage): string | null {
  if (people.isPerson) return "nobody dials so often by hand: give the bridge's control interface (--bridge)";
  return people.cannot("dial in");
}

function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return `half of them within ${at(0.5)} ms, all within ${at(1)} ms`;
}
