import { send } from "../http.ts";
import { NotTestable } from "../player/outcome.ts";
import { documented, GUIDE, judged, REFERENCE, unobservable } from "./clause.ts";

const overview = "Technical overview (HTTP or HTTPS, over the internet or a leased line)";
const HTTPS_SERVER = 3;

/** Variables of the telephony domain's page of telephone numbers, with values of a meeting. */
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
    "1.6: the page of telephone numbers answers to the variables of a meeting, filled and empty": async (stage) => {
      const { globalNumbers } = stage.options;
      if (globalNumbers === undefined)
        throw new NotTestable("no page of telephone numbers was named: --global-numbers does", "nothing");
      for (const values of [variables, {} as typeof variables]) {
        const fill = (all: string, name: string) => (name in variables ? (values[name] ?? "") : all);
        const url = globalNumbers.replaceAll(/%(\w+)%/g, fill);
        const { status } = await send({ method: "GET", url, body: "" });
        if (status !== 200) stage.fail(`${url} was answered by HTTP ${status}`);
      }
    },
  }),
  ...documented(overview, {
    "T2: the adapter posts to a TSP server by HTTPS": async (stage) => {
      if (!stage.webex.options.https)
        stage.notTestable("a TSP server by HTTPS: give --https FILE, and have the adapter trust that certificate");
      const conference = stage.newConference(HTTPS_SERVER);
      const { answer } = await conference.posts(conference.createMessage());
      stage.check(await answer(), { Result: "0" }, HTTPS_SERVER);
      stage.check(await conference.receives("A2W_NotifyConferenceChange", { Status: "0" }), {}, HTTPS_SERVER);
    },
  }),
  ...judged(overview, {
    "T2a: the adapter takes posts by HTTPS": ({ webex: { options, posted } }) => {
      if (!options.adapterUrl.startsWith("https:"))
        return { outcome: "not-testable", because: "nothing", why: "the address in --adapter is not https" };
      return posted.some(({ status }) => status !== null)
        ? { outcome: "passed", why: "" }
        : { outcome: "failed", why: "no post was answered" };
    },
  }),
];

/** Documented rules that nobody can observe from outside of an adapter, each with the reason. */
export const unobservableClauses = [
  ...unobservable(`${GUIDE}, HTTP Request Target Machine`, {
    "T10: WebEx posts to the URL in its configuration": "a duty of WebEx; the kit does so",
  }),
  ...unobservable(`${GUIDE}, Transaction ID And Message ID Generations`, {
    "T33: ids of TSP servers are server, second of the day, sequence": "a duty of WebEx; the kit makes its ids so",
  }),
  ...unobservable(`${REFERENCE}, A2W_NotifyConferenceChange: status 5`, {
    "2.3.2b: Status 5 is MP": "no document says what it is or when it is sent",
  }),
];
