import { faultsOf } from "../check.ts";
import { answerTo, fromAdapter, MAX_MESSAGES, rowsByName } from "../messages.ts";
import { type Arrival, type Posted, type Received, server, type TraceEntry, titleOf } from "../player/traffic.ts";
import { confirmationOf, type Webex } from "../player/webex.ts";
import type { Element } from "../xml.ts";
import {
  CREATE_LIMIT_MS,
  GUIDE,
  HYBRID,
  JOIN_LIMIT_MS,
  judged,
  REFERENCE,
  SEQUENCES,
  type Traffic,
  type Verdict,
} from "./clause.ts";

interface Offence {
  readonly why: string;
  readonly trace: readonly TraceEntry[];
}

/** `checked`: number of posts or messages that were checked. */
function verdict(offences: readonly Offence[], checked: number, nothing = "the adapter posted nothing"): Verdict {
  const [first] = offences;
  if (!first && checked === 0) return { outcome: "not-testable", because: "nothing", why: nothing };
  if (!first) return { outcome: "passed", why: "" };
  const more = offences.length > 1 ? ` (and ${offences.length - 1} more)` : "";
  return { outcome: "failed", why: `${first.why}${more}`, trace: first.trace };
}

/** Checks each post by a rule that returns its fault. */
function everyPost(rule: (arrival: Arrival) => string | null | undefined): (traffic: Traffic) => Verdict {
  return ({ webex: { arrivals } }) =>
    verdict(
      arrivals.flatMap((arrival) => offence(arrival, rule(arrival))),
      arrivals.length,
    );
}

function offence(arrival: Arrival, why: string | null | undefined): Offence[] {
  return why ? [{ why, trace: [entryOf(arrival)] }] : [];
}

function entryOf({ at, server: n, text, document }: Arrival): TraceEntry {
  return { at, from: "adapter", to: server(n), title: titleOf(document.messages), body: text };
}

/** Checks each message with this name and status by a rule that returns its faults. */
function everyMessage(
  name: string,
  rule: (message: Element) => readonly string[],
  { status, nothing = "no such message came" }: { readonly status?: string; readonly nothing?: string } = {},
): (traffic: Traffic) => Verdict {
  return (traffic) => {
    const those = messagesOf(traffic, name).filter(({ message }) => !status || message.attributes.Status === status);
    const offences = those.flatMap(({ arrival, message }) => rule(message).flatMap((why) => offence(arrival, why)));
    return verdict(offences, those.length, nothing);
  };
}

/** Returns a post of WebEx and its Confirmation. */
function entriesOf(posted: Posted): TraceEntry[] {
  const { at, server: n, messages, text, status } = posted;
  const post: TraceEntry = { at, from: server(n), to: "adapter", title: titleOf(messages), body: text };
  return status === null ? [post] : [post, confirmationOf(posted)];
}

/** Returns the post that brought a message. */
function traceOf({ arrivals }: Webex, { transId, server: n }: Received): TraceEntry[] {
  const arrival = arrivals.find((one) => one.document.transId === transId && one.server === n && one.isConfirmed);
  return arrival ? [entryOf(arrival)] : [];
}

/** Returns all well-formed confirmed posts without repeats. */
function confirmedPosts({ webex }: Traffic): readonly Arrival[] {
  const seen = new Set<string>();
  return webex.arrivals.filter(({ isConfirmed, document: { transId, notWellFormed } }) => {
    if (!isConfirmed || notWellFormed !== null || seen.has(transId)) return false;
    seen.add(transId);
    return true;
  });
}

interface Sent {
  readonly arrival: Arrival;
  readonly message: Element;
}

/** Returns all confirmed messages without repeats, each with its post. */
function messagesOf(traffic: Traffic, name?: string): readonly Sent[] {
  return confirmedPosts(traffic)
    .flatMap((arrival) => arrival.document.messages.map((message) => ({ arrival, message })))
    .filter(({ message }) => name === undefined || message.name === name);
}

/** Finds messages whose MsgID came before. */
function twice(traffic: Traffic, isIt: (name: string) => boolean, what: (name: string, msgId: string) => string) {
  const seen = new Set<string>();
  const offences = messagesOf(traffic).flatMap(({ arrival, message: { name, attributes } }) => {
    const { MsgID = "" } = attributes;
    // An adapter that rejects an unusual Confirmation may post the message again.
    if (typeof arrival.taken === "function" || MsgID === "" || !isIt(name)) return [];
    const isTwice = seen.has(MsgID);
    seen.add(MsgID);
    return isTwice ? offence(arrival, what(name, MsgID)) : [];
  });
  return verdict(offences, seen.size, "no such message came");
}

function strays({ webex }: Traffic, isIt: (name: string) => boolean, what: string): Verdict {
  const offences = webex.strays
    .filter(({ name }) => isIt(name))
    .map((one) => ({ why: `${titleOf([one])} ${what}`, trace: traceOf(webex, one) }));
  return verdict(offences, webex.arrivals.length);
}

/** Returns the ids that the adapter generates: the TransID, and the MsgIDs of notifications. */
function ownIds({ document: { transId, messages } }: Arrival): string[] {
  const own = messages.filter(({ name }) => isNotification(name));
  return [transId, ...own.map(({ attributes }) => attributes.MsgID ?? "")];
}

const isAnswer = (name: string) => name.startsWith("A2W_Rsp");
const isNotification = (name: string) => !isAnswer(name);

/** Returns confirmed requests with a documented answer, and its post, of documented clauses that passed. */
function confirmedRequests(traffic: Traffic) {
  const answers = new Map(
    messagesOf(traffic).map(({ arrival, message: { name, attributes } }) => [`${name} ${attributes.MsgID}`, arrival]),
  );
  return traffic.webex.posted.flatMap((posted) => {
    const { confirmation, messages, ownerId } = posted;
    const { outcome, standing } = traffic.results.get(ownerId) ?? {};
    if (confirmation.result !== 0 || outcome !== "passed" || standing !== "documented") return [];
    return messages.flatMap((message) => {
      const answer = answerTo(message.name);
      if (rowsByName.get(answer)?.standing !== "documented") return [];
      const arrival = answers.get(`${answer} ${message.attributes.MsgID}`);
      return [{ answer, arrival, title: titleOf([message]), posted }];
    });
  });
}

/** True if each confirmed request has its documented answer, and the adapter has posted nothing for `quietMs`. */
export function isQuiet(traffic: Traffic, quietMs: number): boolean {
  const lastAt = traffic.webex.arrivals.at(-1)?.at ?? 0;
  return Date.now() - lastAt >= quietMs && confirmedRequests(traffic).every(({ arrival }) => arrival);
}

export const trafficClauses = [
  ...judged(`${GUIDE}, Logically Asynchronized Message Exchanges`, {
    "T1: each post is an HTTP POST of one well-formed document": everyPost(({ method, text, document }) => {
      // A request without a body may be a proxy's health check.
      if (method !== "POST") return text === "" ? null : `a request came by ${method}`;
      return document.notWellFormed && `a post is not well formed: ${document.notWellFormed}`;
    }),
  }),
  ...judged(`${GUIDE}, examples`, {
    "1.3a: the root is WbxTSPSchema with Name WTSPDOM and Version 1.0": everyPost(({ document }) => document.root[0]),
    "1.3b: each document has one TransID element, before its messages": everyPost(
      ({ document }) => document.envelope[0],
    ),
  }),
  ...judged(`${GUIDE}, Typical TSP Request and Response`, {
    "1.3c: each Confirmation is a document with the request's TransID and a whole number as Result": (traffic) => {
      const those = traffic.webex.posted.filter(
        ({ messages, ownerId }) => messages.length > 0 && traffic.results.get(ownerId)?.standing === "documented",
      );
      const offences = those.flatMap((posted) => {
        const { confirmation, transId } = posted;
        const isOther = confirmation.transId !== transId;
        const [fault = isOther ? `TransID "${confirmation.transId}" confirms ${transId}` : null] = confirmation.faults;
        return fault === null ? [] : [{ why: fault, trace: entriesOf(posted) }];
      });
      return verdict(offences, those.length);
    },
  }),
  ...judged(`${GUIDE}, Maximum Number of Messages in A Single Transaction`, {
    "1.3d: no document has more than 50 messages": everyPost(({ document: { messages } }) =>
      messages.length > MAX_MESSAGES ? `a document has ${messages.length} messages` : null,
    ),
  }),
  ...judged("Command summary (what begins with A2W_ is sent by the adapter)", {
    "1.3h: all message names begin with A2W_": everyPost(({ document: { messages } }) => {
      const other = messages.find(({ name }) => !name.startsWith("A2W_"));
      return other && `${other.name} came`;
    }),
  }),
  ...judged(`${GUIDE}, Transaction ID And Message ID Generations`, {
    "T30a: TransIDs and MsgIDs of the adapter have 11 digits": everyPost((arrival) => {
      const wrong = arrival.document.notWellFormed === null && ownIds(arrival).find((id) => !/^\d{11}$/.test(id));
      return typeof wrong === "string" ? `the id "${wrong}" does not have 11 digits` : null;
    }),
    "T34: TransIDs and MsgIDs are counted separately": (traffic) => {
      const posts = confirmedPosts(traffic);
      const transIds = new Set(posts.map(({ document }) => document.transId));
      const msgIds = posts.flatMap((arrival) => ownIds(arrival).slice(1));
      // A number in both proves two sequences. Two sequences can also be too far apart to meet.
      if (msgIds.some((id) => transIds.has(id))) return { outcome: "passed", why: "" };
      const why = "no number came both as a TransID and as a MsgID, which would prove two sequences";
      return { outcome: "not-testable", because: "nothing", why };
    },
  }),
  ...judged(`${GUIDE}, Transaction ID, Resending, and API Message ID`, {
    "T36a: a TransID is used again only to repeat a document": ({ webex: { arrivals } }) => {
      const texts = new Map<string, string>();
      const offences = arrivals.flatMap((arrival) => {
        const { transId, notWellFormed } = arrival.document;
        if (transId === "" || notWellFormed !== null) return [];
        const first = texts.get(transId) ?? arrival.text;
        texts.set(transId, first);
        return offence(arrival, first === arrival.text ? null : `TransID ${transId} came with two documents`);
      });
      return verdict(offences, texts.size);
    },
    "T37d: a confirmed document is not posted again": ({ webex: { arrivals } }) => {
      const read = arrivals.filter(({ document: { transId, notWellFormed } }) => transId !== "" && !notWellFormed);
      const offences = [...Map.groupBy(read, ({ text }) => text).values()].flatMap((posts) => {
        const first = posts.findIndex(({ taken, method }) => taken === "confirm" && method === "POST");
        const again = first < 0 ? undefined : posts[first + 1];
        return again ? offence(again, `${titleOf(again.document.messages)} came again, though it was confirmed`) : [];
      });
      return verdict(offences, arrivals.length);
    },
    "T36b: each notification has a MsgID of its own": (traffic) =>
      twice(traffic, isNotification, (_, msgId) => `MsgID ${msgId} came with two messages`),
    "T44b: each answer has the MsgID of a request": (traffic) => strays(traffic, isAnswer, "answers no request"),
    "T44c: no request is answered twice": (traffic) =>
      twice(traffic, isAnswer, (name, msgId) => `the request with MsgID ${msgId} got ${name} a second time`),
    "T44d: each request with a documented answer gets it": (traffic) => {
      const requests = confirmedRequests(traffic);
      const offences = requests.flatMap(({ answer, arrival, title, posted }) =>
        arrival ? [] : [{ why: `${title} got no ${answer}`, trace: entriesOf(posted) }],
      );
      return verdict(offences, requests.length, "there was no such request");
    },
  }),
  ...judged(`${SEQUENCES}; ${GUIDE}`, {
    "2.1: each notification has the ExtConfID of a conference that WebEx created": (traffic) =>
      strays(traffic, isNotification, "is about no conference of WebEx"),
  }),
  ...judged("Configuration of the telephony domain", {
    "T3: the adapter's URL has port 80 or 443 and at most 64 characters": ({ webex: { options } }) => {
      const { port } = new URL(options.adapterUrl);
      const isFine = ["", "80", "443"].includes(port) && options.adapterUrl.length <= 64;
      if (isFine) return { outcome: "passed", why: "" };
      const why = `${options.adapterUrl} cannot be registered with WebEx. Run the kit against the address that will be registered`;
      return { outcome: "not-testable", because: "nothing", why };
    },
  }),
  ...judged(`${GUIDE}, Performance and Network / System Requirements`, {
    "T9a: a conference is created within 20 s": (traffic) => {
      const answered = confirmedRequests(traffic).flatMap(({ answer, arrival, posted }) =>
        answer === "A2W_RspCreateConference" && arrival ? [{ ms: arrival.at - posted.at, posted, arrival }] : [],
      );
      const late = answered
        .filter(({ ms }) => ms > CREATE_LIMIT_MS)
        .map(({ ms, posted, arrival }) => ({
          why: `a create was answered after ${ms} ms`,
          trace: [...entriesOf(posted), entryOf(arrival)],
        }));
      return verdict(late, answered.length, "no create was answered");
    },
    "T9b: a join is notified within 10 s": ({ stages, webex }) => {
      const undisturbed = [...stages.values()].filter(({ isDisturbed }) => !isDisturbed);
      const joins = undisturbed.flatMap(({ dials, called }) => [
        ...dials.flatMap(({ keyedAt, entered }) => (keyedAt !== null && entered ? [{ since: keyedAt, entered }] : [])),
        ...called.map(({ answered, entered }) => ({ since: answered.at, entered })),
      ]);
      const late = joins
        .filter(({ since, entered }) => entered.at - since > JOIN_LIMIT_MS)
        .map(({ since, entered }) => ({
          why: `a join was notified after ${entered.at - since} ms`,
          trace: traceOf(webex, entered),
        }));
      return verdict(late, joins.length, "there was no join at a known time");
    },
  }),
  ...judged(`${HYBRID}, Status 6`, {
    "2.3.2c: Status 6 has hybrid audio connect data": everyMessage(
      "A2W_NotifyConferenceChange",
      ({ attributes }) => (attributes.HybridConnectData ? [] : ["Status 6 has no HybridConnectData"]),
      { status: "6", nothing: "no Status 6 came: let the partner change its connect data during the run" },
    ),
  }),
  ...judged(`${REFERENCE}, A2W_NotifyConferenceChange: status 4`, {
    "4.20a: a recorder's dial-out sequence has only P and D, at most 255 characters, and ends with P0": everyMessage(
      "A2W_NotifyConferenceChange",
      ({ attributes }) => (Object.values(attributes).some(isDialOut) ? [] : ["Status 4 has no such sequence"]),
      { status: "4", nothing: "no Status 4 came: the adapter has no dial-out sequence, or none is set" },
    ),
  }),
  ...fromAdapter
    .filter(({ standing }) => standing === "documented")
    .flatMap(({ name, section, document }) =>
      judged(`${document}, ${name}`, {
        [`${section}:${name.replace("A2W_", "")}: ${name} has its attributes, with documented values`]: everyMessage(
          name,
          (message) => faultsOf(message).map((fault) => `${name}: ${fault}`),
        ),
      }),
    ),
];

function isDialOut(text: string): boolean {
  return text.length <= 255 && /^(?:P\d+|D[\d#*]+)*P0$/.test(text);
}
