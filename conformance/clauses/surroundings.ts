import { send } from "../http.ts";
import type { Conference } from "../player/conference.ts";
import { NotTestable } from "../player/outcome.ts";
import type { Stage } from "../player/stage.ts";
import {
  CREATE_LIMIT_MS,
  documented,
  documentedAlone,
  GUIDE,
  JOIN_LIMIT_MS,
  judged,
  REFERENCE,
  unobservable,
} from "./clause.ts";

const overview = "Technical overview (HTTP or HTTPS, over the internet or a leased line)";
const performance = `${GUIDE}, Performance and Network / System Requirements`;

const HTTPS_SERVER = 3;
const NO_LOAD = "a minute of load: give --load";

/** Variables of the page of telephone numbers, with values of a meeting. */
const variables: Readonly<Record<string, string>> = {
  ParticipantCode: "9876543210",
  SubscriberCode: "1234567890",
  TollFreeNum: "8005550100",
  TollFreeNumCC: "1",
  TollNum: "4085550100",
  TollNumCC: "1",
};

export const surroundingsClauses = [
  ...documented(`${GUIDE}, Global Number Support`, {
    "1.6: the page of telephone numbers works with filled and with empty variables": async (stage) => {
      const { globalNumbers } = stage.options;
      if (globalNumbers === undefined)
        throw new NotTestable("there is no page of telephone numbers: give --global-numbers", "nothing");
      for (const values of [variables, {} as typeof variables]) {
        const fill = (all: string, name: string) => (name in variables ? (values[name] ?? "") : all);
        const url = globalNumbers.replaceAll(/%(\w+)%/g, fill);
        const { status } = await send({ method: "GET", url, body: "" });
        if (status !== 200) stage.fail(`${url} answered with HTTP ${status}`);
      }
    },
  }),
  ...documented(overview, {
    "T2: the adapter posts to a TSP server by HTTPS": async (stage) => {
      if (!stage.webex.options.https)
        stage.notTestable("a TSP server by HTTPS: give --https FILE, and make the adapter trust that certificate");
      const conference = stage.newConference(HTTPS_SERVER);
      const { answer } = await conference.posts(conference.createMessage());
      stage.check(await answer(), { Result: "0" }, HTTPS_SERVER);
      stage.check(await conference.receives("A2W_NotifyConferenceChange", { Status: "0" }), {}, HTTPS_SERVER);
    },
  }),
  ...judged(overview, {
    "T2a: the adapter accepts posts by HTTPS": ({ webex: { options, posted } }) => {
      if (!options.adapterUrl.startsWith("https:"))
        return { outcome: "not-testable", because: "nothing", why: "the address in --adapter is not https" };
      return posted.some(({ status }) => status !== null)
        ? { outcome: "passed", why: "" }
        : { outcome: "failed", why: "no post was answered" };
    },
  }),
  // Not observable from outside an adapter.
  ...unobservable(`${GUIDE}, HTTP Request Target Machine`, {
    "T10: WebEx posts to the URL in its configuration": "a duty of WebEx; the kit does so",
  }),
  ...unobservable(`${GUIDE}, Transaction ID And Message ID Generations`, {
    "T33: ids of TSP servers are server, second of the day, sequence": "a duty of WebEx; the kit makes its ids so",
  }),
  ...unobservable(`${REFERENCE}, A2W_NotifyConferenceChange: status 5`, {
    "2.3.2b: Status 5 is MP": "no document defines its meaning",
  }),
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
      // The traffic is too long for a report.
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

/** Returns the time of the create, in ms. The conference stays open during the load, as meetings do. */
async function createAndJoin(conference: Conference): Promise<number> {
  const { stage } = conference;
  const { message, posted } = await conference.posts(conference.createMessage());
  const answer = await stage.answer(message, { Result: "0" }, { withinMs: CREATE_LIMIT_MS });
  await conference.receives("A2W_NotifyConferenceChange", { Status: "0" }, { withinMs: CREATE_LIMIT_MS });
  // T9c checks joins.
  if (cannotDial(stage) === null) await conference.callIn().catch(() => {});
  return answer.at - posted.at;
}

function cannotDial({ people }: Stage): string | null {
  if (people.isPerson) return "a tester cannot dial this often: give the bridge's control interface (--bridge)";
  return people.cannot("dial in");
}

function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return `half of them within ${at(0.5)} ms, all within ${at(1)} ms`;
}
