import type { Conference } from "../player/conference.ts";
import type { Stage } from "../player/stage.ts";
import { CREATE_LIMIT_MS, documentedAlone, GUIDE, JOIN_LIMIT_MS, judged } from "./clause.ts";

const performance = `${GUIDE}, Performance and Network / System Requirements`;

const NO_LOAD = "a minute of load: give --load";

export const loadClauses = [
  ...documentedAlone(performance, {
    "T9: 30 conferences a minute, for a minute: each is created within 20 s": async (stage) => {
      const { load } = stage.options;
      if (!load) return stage.notTestable(NO_LOAD);
      const begun: Promise<number | string>[] = [];
      for (let n = 0; n < Math.round(load.perMinute * load.minutes); n++) {
        begun.push(createAndJoin(stage.newConference()).catch((error: Error) => error.message));
        await stage.pause(60_000 / load.perMinute);
      }
      const all = await Promise.all(begun);
      const faults = all.filter((one) => typeof one === "string");
      const times = all.filter((one) => typeof one === "number");
      // What was on the wire is too much for a report.
      stage.entries.length = 0;
      if (faults.length > 0) stage.fail(`${faults.length} of ${all.length} conferences: ${faults[0]}`);
      return `${all.length} conferences, ${load.perMinute} a minute: ${spread(times)}`;
    },
  }),
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
        : { outcome: "failed", why: `${late} of ${times.length} callers were notified late or not at all` };
    },
  }),
];

/** Returns how long the create took, in ms. The conference stays until all have been created: meetings last. */
async function createAndJoin(conference: Conference): Promise<number> {
  const { stage } = conference;
  const { message, posted } = await conference.posts(conference.createMessage());
  const answer = await stage.answer(message, { Result: "0" }, { withinMs: CREATE_LIMIT_MS });
  await conference.receives("A2W_NotifyConferenceChange", { Status: "0" }, { withinMs: CREATE_LIMIT_MS });
  // A late join is another clause's.
  if (cannotDial(stage) === null) await conference.callIn().catch(() => {});
  return answer.at - posted.at;
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
