import { checkMessage } from "../check.ts";
import { fromAdapter, fromWebex, MAX_MESSAGES, rowsByName, type Standing } from "../messages.ts";
import { absent, withoutValues, wrongAttribute } from "../player/cause.ts";
import { julianDigits } from "../player/ids.ts";
import { server, type TraceEntry, titleOf } from "../player/trace.ts";
import type { Arrival, Posted, Received } from "../player/traffic.ts";
import type { Webex } from "../player/webex.ts";
import type { Element } from "../xml.ts";
import { type Clause, GUIDE, HYBRID, judged, REFERENCE, SEQUENCES, type Traffic, type Verdict } from "./clause.ts";

const resending = `${GUIDE}, Transaction ID, Resending, and API Message ID`;
const generation = `${GUIDE}, Transaction ID And Message ID Generations`;
const performance = `${GUIDE}, Performance and Network / System Requirements`;

const CREATE_LIMIT_MS = 20_000;
const JOIN_LIMIT_MS = 10_000;
const MOST_ATTEMPTS = 3;
/** As long answers to one document may wait for each other. */
const TOGETHER_MS = 300;

/** What one post does wrong; `null`: nothing. */
type Rule = (arrival: Arrival, traffic: Traffic) => string | null;

function everyPost(id: string, standing: Standing, reference: string, title: string, rule: Rule): Clause {
  return judged(id, standing, reference, title, (traffic) => {
    const { arrivals } = traffic.webex;
    const offences = arrivals.flatMap((arrival) => {
      const why = rule(arrival, traffic);
      return why === null ? [] : [{ why, trace: [entryOf(arrival)] }];
    });
    return verdict(offences, arrivals.length, "the adapter posted nothing");
  });
}

interface Offence {
  readonly why: string;
  /** If the sentence without its values is not the cause. */
  readonly cause?: string;
  readonly trace?: readonly TraceEntry[];
}

function verdict(offences: readonly Offence[], judgedCount: number, nothing: string): Verdict {
  const [first] = offences;
  if (!first && judgedCount === 0) return { outcome: "not-testable", because: "nothing", why: nothing };
  if (!first) return { outcome: "passed", why: "" };
  const more = offences.length > 1 ? ` (and ${offences.length - 1} more)` : "";
  const { why, cause = withoutValues(why), trace } = first;
  return { outcome: "failed", why: `${why}${more}`, cause, ...(trace && { trace }) };
}

/** What came for an earlier run is no fault, and worth a word. */
function withLate(judgement: Verdict, { late }: Webex): Verdict {
  const [first] = late;
  if (judgement.outcome !== "passed" || !first) return judgement;
  const what = late.length === 1 ? "a message came that was" : `${late.length} messages came that were`;
  return { ...judgement, why: `${what} for an earlier run of the kit: ${titleOf([first])}` };
}

function entryOf({ at, server: n, text, document }: Arrival): TraceEntry {
  return { at, from: "adapter", to: server(n), kind: "post", title: titleOf(document.messages), body: text };
}

function answered({ posted }: Webex): number {
  return posted.filter(({ status }) => status !== null).length;
}

/** A post of WebEx, and what the adapter said to it. */
function entriesOf({ at, confirmedAt, server: n, messages, text, status, confirmation, answer }: Posted): TraceEntry[] {
  const post: TraceEntry = {
    at,
    from: server(n),
    to: "adapter",
    kind: "post",
    title: messages.length > 0 ? titleOf(messages) : "a text",
    body: text,
  };
  if (status === null) return [post];
  const title = `Confirmation ${confirmation.result ?? "missing"}${status === 200 ? "" : ` (HTTP ${status})`}`;
  return [post, { at: confirmedAt, from: "adapter", to: server(n), kind: "confirmation", title, body: answer }];
}

/** The post that brought a message. */
function traceOf({ arrivals }: Webex, { transId, server: n }: Received): TraceEntry[] {
  const arrival = arrivals.find((one) => one.document.transId === transId && one.server === n && one.isConfirmed);
  return arrival ? [entryOf(arrival)] : [];
}

/** The posts of all documents that could be read and were confirmed, without repeats. */
function confirmedPosts({ webex }: Traffic): readonly Arrival[] {
  const seen = new Set<string>();
  return webex.arrivals.filter(({ isConfirmed, document: { transId, notWellFormed } }) => {
    if (!isConfirmed || notWellFormed !== null || seen.has(transId)) return false;
    seen.add(transId);
    return true;
  });
}

/** The same document, each time that it came; those that came once are left out. */
function repeatsOf({ webex }: Traffic): readonly (readonly Arrival[])[] {
  const posts = webex.arrivals.filter(({ document: { transId, notWellFormed } }) => transId !== "" && !notWellFormed);
  return [...Map.groupBy(posts, ({ document: { transId }, text }) => `${transId} ${text}`).values()].filter(
    ({ length }) => length > 1,
  );
}

function offenceOf(arrival: Arrival, what: string): Offence {
  const { document } = arrival;
  return { why: `${titleOf(document.messages)} (TransID ${document.transId}) ${what}`, trace: [entryOf(arrival)] };
}

interface Told {
  readonly arrival: Arrival;
  readonly message: Element;
}

const toldByTraffic = new WeakMap<Traffic, readonly Told[]>();

/** All messages that were confirmed, each once, with the post that brought it. */
function messagesOf(traffic: Traffic): readonly Told[] {
  const known = toldByTraffic.get(traffic);
  if (known) return known;
  const told = confirmedPosts(traffic).flatMap((arrival) =>
    arrival.document.messages.map((message) => ({ arrival, message })),
  );
  toldByTraffic.set(traffic, told);
  return told;
}

/** Who could not read a Confirmation that was written in an unusual way may well post the same again. */
function isPlain({ arrival }: Told): boolean {
  return arrival.taken !== "spelled";
}

/** A clause for what the documents say of a message's attributes, and one for what they leave open. */
function schemaClauses(): Clause[] {
  return fromAdapter.flatMap((row): Clause[] => {
    const hasOpen = row.attributes.some(({ standing, type }) => standing !== row.standing || type === "code");
    const standings: readonly Standing[] =
      hasOpen && row.standing === "documented" ? ["documented", "inferred"] : [row.standing];
    return standings.map((standing) => {
      const open = standing === "inferred";
      const id = `${row.section}:${row.name.replace("A2W_", "")}${open ? "+" : ""}`;
      const title = open
        ? `${row.name} has the attributes and codes that the documents leave open as is assumed`
        : `${row.name} has its attributes, and they have values that the documents know`;
      return judged(id, standing, `${row.document}, ${row.name}`, title, (traffic) => {
        const those = messagesOf(traffic).filter(({ message }) => message.name === row.name);
        const offences = those.flatMap(({ arrival, message }) =>
          checkMessage(message)
            .filter((fault) => fault.standing === standing)
            .map(({ attribute, text }) => {
              const isMissing = message.attributes[attribute] === undefined;
              const cause = isMissing ? { cause: wrongAttribute(row.name, attribute, undefined, "") } : {};
              return { why: `${row.name}: ${text}`, ...cause, trace: [entryOf(arrival)] };
            }),
        );
        return verdict(offences, those.length, "no such message came");
      });
    });
  });
}

const ELEVEN_DIGITS = /^\d{11}$/;

/** Ids that the adapter makes: of documents, and of messages that answer nothing. */
function ownIds(arrival: Arrival): string[] {
  const own = arrival.document.messages.filter(({ name }) => !name.startsWith("A2W_Rsp"));
  return [arrival.document.transId, ...own.map(({ attributes }) => attributes.MsgID ?? "")];
}

export const trafficClauses: readonly Clause[] = [
  everyPost(
    "T1",
    "documented",
    `${GUIDE}, Logically Asynchronized Message Exchanges`,
    "whatever the adapter sends is an HTTP POST of one well-formed document",
    ({ method, text, document }) => {
      // Nobody knows whose request without a body it is: the check of a proxy, perhaps.
      if (method !== "POST") return text === "" ? null : `a request came by ${method}`;
      return document.notWellFormed === null ? null : `a post is not well formed: ${document.notWellFormed}`;
    },
  ),
  everyPost(
    "1.3a",
    "documented",
    `${GUIDE}, examples`,
    "the root is WbxTSPSchema with Name WTSPDOM and Version 1.0",
    ({ document }) => document.root[0] ?? null,
  ),
  everyPost(
    "1.3b",
    "documented",
    `${GUIDE}, examples`,
    "each document has one TransID, an element before its messages",
    ({ document }) => (document.notWellFormed === null ? (document.envelope[0] ?? null) : null),
  ),
  judged(
    "1.3c",
    "documented",
    `${GUIDE}, Typical TSP Request and Response`,
    "each Confirmation is a document with the TransID of the request and a whole number as Result",
    ({ webex, documented }) => {
      const offences = webex.posted.flatMap((posted) => {
        const { confirmation, transId, messages, ownerId, status } = posted;
        if (messages.length === 0 || !documented.has(ownerId)) return [];
        if (status === null && webex.gone !== null) return [];
        const [fault] = confirmation.faults;
        const why =
          fault ?? (confirmation.transId === transId ? null : `TransID "${confirmation.transId}" confirms ${transId}`);
        return why === null ? [] : [{ why, trace: entriesOf(posted) }];
      });
      return verdict(offences, answered(webex), "nothing was answered");
    },
  ),
  everyPost(
    "1.3d",
    "documented",
    `${GUIDE}, Maximum Number of Messages in A Single Transaction`,
    `no document has more than ${MAX_MESSAGES} messages`,
    ({ document: { messages } }) =>
      messages.length > MAX_MESSAGES ? `a document has ${messages.length} messages` : null,
  ),
  everyPost(
    "1.3h",
    "documented",
    "Command summary (what begins with A2W_ is sent by the adapter)",
    "the names of all messages that come begin with A2W_",
    ({ document: { messages } }) => {
      const other = messages.find(({ name }) => !name.startsWith("A2W_"));
      return other ? `${other.name} came` : null;
    },
  ),
  everyPost(
    "1.3i",
    "inferred",
    "other names than the public documents have",
    "only messages come that the public documents name, or that answer a request",
    ({ document: { messages } }, { webex }) => {
      const isKnown = ({ name, attributes: { MsgID = "" } }: Element) =>
        rowsByName.has(name) || (name.startsWith("A2W_Rsp") && webex.isRequest(MsgID));
      const unknown = messages.find((message) => message.name.startsWith("A2W_") && !isKnown(message));
      return unknown ? `${unknown.name} came` : null;
    },
  ),
  everyPost(
    "T30a",
    "documented",
    generation,
    "TransIDs and MsgIDs that the adapter makes have 11 digits",
    (arrival) => {
      const wrong = arrival.document.notWellFormed === null && ownIds(arrival).find((id) => !ELEVEN_DIGITS.test(id));
      return typeof wrong === "string" ? `the id "${wrong}" has not 11 digits` : null;
    },
  ),
  everyPost(
    "T31",
    "inferred",
    `${generation} (recommended)`,
    "ids begin with the five digits of the day's Julian date, or with two of the partner and five of the second",
    (arrival) => {
      // A day may have begun since the id was made.
      const days = [0, 86_400_000].map((earlier) => julianDigits(arrival.at - earlier));
      const isOfScheme = (id: string) => days.some((day) => id.startsWith(day)) || Number(id.slice(2, 7)) < 86_400;
      const wrong = ownIds(arrival).find((id) => ELEVEN_DIGITS.test(id) && !isOfScheme(id));
      return wrong === undefined ? null : `the id ${wrong} is by neither scheme`;
    },
  ),
  judged("T36a", "documented", resending, "a TransID is used again only to repeat a document", (traffic) => {
    const texts = new Map<string, string>();
    const offences = traffic.webex.arrivals.flatMap((arrival) => {
      const { transId, notWellFormed } = arrival.document;
      if (transId === "" || notWellFormed !== null) return [];
      const first = texts.get(transId) ?? arrival.text;
      texts.set(transId, first);
      return first === arrival.text
        ? []
        : [{ why: `TransID ${transId} came with two documents`, trace: [entryOf(arrival)] }];
    });
    return verdict(offences, texts.size, "the adapter posted nothing");
  }),
  judged("T37d", "documented", resending, "what was confirmed at once is not posted again", (traffic) => {
    const repeats = repeatsOf(traffic);
    const offences = repeats.flatMap((posts) => {
      const first = posts.findIndex(({ taken, method }) => taken === "confirm" && method === "POST");
      const again = first < 0 ? undefined : posts[first + 1];
      return again ? [offenceOf(again, "came again, though it was confirmed")] : [];
    });
    return verdict(offences, traffic.webex.arrivals.length, "the adapter posted nothing");
  }),
  judged("T37e", "inferred", "a failure that is no time-out", "no document comes a fourth time", (traffic) => {
    const offences = repeatsOf(traffic).flatMap((posts) => {
      const fourth = posts[MOST_ATTEMPTS];
      return fourth ? [offenceOf(fourth, `came ${posts.length} times`)] : [];
    });
    return verdict(offences, traffic.webex.arrivals.length, "the adapter posted nothing");
  }),
  judged("T36b", "documented", resending, "each message that the adapter begins has a MsgID of its own", (traffic) => {
    const seen = new Set<string>();
    const offences = messagesOf(traffic)
      .filter(isPlain)
      .flatMap(({ arrival, message }) => {
        const { MsgID = "" } = message.attributes;
        if (message.name.startsWith("A2W_Rsp") || MsgID === "") return [];
        const isTwice = seen.has(MsgID);
        seen.add(MsgID);
        return isTwice ? [{ why: `MsgID ${MsgID} came with two messages`, trace: [entryOf(arrival)] }] : [];
      });
    return verdict(offences, seen.size, "no notification came");
  }),
  judged("T34", "documented", generation, "TransIDs and MsgIDs are counted apart from each other", (traffic) => {
    const posts = confirmedPosts(traffic);
    const transIds = new Set(posts.map(({ document }) => document.transId));
    const msgIds = posts.flatMap((arrival) => ownIds(arrival).slice(1));
    // One sequence gives no number to both. Two sequences may be far apart, so that nobody sees it.
    if (msgIds.some((id) => transIds.has(id))) return { outcome: "passed", why: "" };
    const why = "no number came both as a TransID and as a MsgID; that would show two sequences";
    return { outcome: "not-testable", because: "nothing", why };
  }),
  judged("T44b", "documented", resending, "each answer has the MsgID of a request", ({ webex }) => {
    const stray = webex.strays.filter(({ name }) => name.startsWith("A2W_Rsp"));
    const offences = stray.map((one) => ({
      why: `${titleOf([one])} answers no request`,
      trace: traceOf(webex, one),
    }));
    return withLate(verdict(offences, webex.arrivals.length, "the adapter posted nothing"), webex);
  }),
  judged("T44c", "documented", resending, "no request is answered twice", (traffic) => {
    const answered = new Set<string>();
    const offences = messagesOf(traffic)
      .filter(isPlain)
      .flatMap(({ arrival, message: { name, attributes } }) => {
        if (!name.startsWith("A2W_Rsp")) return [];
        const isTwice = answered.has(attributes.MsgID ?? "");
        answered.add(attributes.MsgID ?? "");
        return isTwice
          ? [{ why: `the request with MsgID ${attributes.MsgID} got ${name} a second time`, trace: [entryOf(arrival)] }]
          : [];
      });
    return verdict(offences, answered.size, "nothing was answered");
  }),
  judged("T44d", "documented", resending, "each request for which the documents name an answer gets it", (traffic) => {
    const answers = new Set(
      messagesOf(traffic).map(({ message: { name, attributes } }) => `${name} ${attributes.MsgID}`),
    );
    const requests = confirmedRequests(traffic);
    const offences = requests.flatMap(({ answer, msgId, title, posted }) =>
      answers.has(`${answer} ${msgId}`)
        ? []
        : [{ why: `${title} got no ${answer}`, cause: absent(answer), trace: entriesOf(posted) }],
    );
    return verdict(offences, requests.length, "there was no such request");
  }),
  judged(
    "2.1",
    "documented",
    `${SEQUENCES}; ${GUIDE}`,
    "each notification has the ExtConfID of a conference that WebEx created",
    ({ webex }) => {
      const stray = webex.strays.filter(({ name }) => !name.startsWith("A2W_Rsp"));
      const offences = stray.map((one) => ({
        why: `${titleOf([one])} is about no conference of WebEx`,
        trace: traceOf(webex, one),
      }));
      return withLate(verdict(offences, webex.arrivals.length, "the adapter posted nothing"), webex);
    },
  ),
  judged(
    "T45",
    "inferred",
    `${GUIDE}, Typical TSP Request and Response ("typical")`,
    "the results of all requests of a document come in one transaction: what is ready within 300 ms, of any kind and conference; what is of one kind, in any case",
    (traffic) => {
      const arrivals = new Map(
        messagesOf(traffic).map(({ arrival, message: { name, attributes } }) => [
          `${name} ${attributes.MsgID}`,
          arrival,
        ]),
      );
      // Telephones are picked up when they are: those answers follow alone.
      const answered = confirmedRequests(traffic).flatMap((request) => {
        const arrival = arrivals.get(`${request.answer} ${request.msgId}`);
        return arrival && request.answer !== "A2W_RspCallout" ? [{ ...request, arrival }] : [];
      });
      const soon = answered.filter(({ arrival, posted }) => arrival.at - posted.confirmedAt <= TOGETHER_MS);
      const groups = [
        ...Map.groupBy(soon, ({ posted }) => posted.transId).values(),
        ...Map.groupBy(answered, ({ posted, answer }) => `${posted.transId} ${answer}`).values(),
      ];
      const together = groups.flatMap((requests) => {
        const [first] = requests;
        const came = new Set(requests.map(({ arrival }) => arrival));
        return first && requests.length > 1 ? [{ ...first, came }] : [];
      });
      const offences = together
        .filter(({ came }) => came.size > 1)
        .map(({ title, came, posted }) => ({
          why: `the answers to ${title} and more came in ${came.size} transactions`,
          cause: "the answers to one document come in several transactions",
          trace: [...entriesOf(posted), ...[...came].map(entryOf)],
        }));
      return verdict(offences, together.length, "no document had several requests");
    },
  ),
  judged(
    "T3",
    "documented",
    "Configuration of the telephony domain",
    "the adapter's URL has port 80 or 443 and at most 64 characters",
    ({ webex: { options } }) => {
      const { port } = new URL(options.adapterUrl);
      const isFine = ["", "80", "443"].includes(port) && options.adapterUrl.length <= 64;
      if (isFine) return { outcome: "passed", why: "" };
      return {
        outcome: "not-testable",
        because: "nothing",
        why: `${options.adapterUrl} cannot be registered with WebEx: play the kit against the address that will be`,
      };
    },
  ),
  judged("T8", "inferred", "HTTP status", "each Confirmation comes with HTTP status 200", ({ webex }) => {
    const offences = webex.posted.flatMap((posted) => {
      const { confirmation, status, messages } = posted;
      return confirmation.result === null || status === 200
        ? []
        : [
            {
              why: `the Confirmation of ${titleOf(messages)} came with HTTP status ${status}`,
              trace: entriesOf(posted),
            },
          ];
    });
    return verdict(offences, answered(webex), "nothing was answered");
  }),
  judged("T9a", "documented", performance, "a conference is created within 20 s", (traffic) => {
    const answers = new Map(
      messagesOf(traffic).map(({ arrival, message: { name, attributes } }) => [`${name} ${attributes.MsgID}`, arrival]),
    );
    const times = confirmedRequests(traffic).flatMap(({ answer, msgId, at, posted }) => {
      const arrival = answers.get(`${answer} ${msgId}`);
      return answer === "A2W_RspCreateConference" && arrival ? [{ ms: arrival.at - at, posted, arrival }] : [];
    });
    const late = times
      .filter(({ ms }) => ms > CREATE_LIMIT_MS)
      .map(({ ms, posted, arrival }) => ({
        why: `a create was answered after ${ms} ms`,
        trace: [...entriesOf(posted), entryOf(arrival)],
      }));
    return verdict(late, times.length, "no create was answered");
  }),
  judged("T9b", "documented", performance, "who joins is told within 10 s", ({ stages, webex }) => {
    const undisturbed = [...stages.values()].filter(({ isDisturbed }) => !isDisturbed);
    const dials = undisturbed.flatMap((stage) => stage.dials);
    const called = undisturbed.flatMap((stage) => stage.called);
    const times = [
      ...dials.flatMap(({ keyedAt, entered }) =>
        keyedAt === null || !entered ? [] : [{ ms: Math.max(0, entered.at - keyedAt), entered }],
      ),
      ...called.map((one) => ({ ms: one.entered.at - one.answered.at, entered: one.entered })),
    ];
    const late = times
      .filter(({ ms }) => ms > JOIN_LIMIT_MS)
      .map(({ ms, entered }) => ({ why: `a caller was told after ${ms} ms`, trace: traceOf(webex, entered) }));
    return verdict(late, times.length, dials.length === 0 ? "nobody dialled in" : "nobody dialled in at a known time");
  }),
  judged("2.3.2c", "documented", `${HYBRID}, Status 6`, "Status 6 brings connect data of hybrid audio", (traffic) => {
    const those = messagesOf(traffic).filter(
      ({ message }) => message.name === "A2W_NotifyConferenceChange" && message.attributes.Status === "6",
    );
    const offences = those.flatMap(({ arrival, message: { attributes } }) =>
      attributes.HybridConnectData ? [] : [offenceOf(arrival, "has no HybridConnectData")],
    );
    return verdict(
      offences,
      those.length,
      "no Status 6 came: have the partner's side change its connect data meanwhile",
    );
  }),
  judged(
    "4.20a",
    "documented",
    `${REFERENCE}, A2W_NotifyConferenceChange: status 4`,
    "a dial-out sequence of the recorder is made of P and D, has at most 255 characters and ends with P0",
    (traffic) => {
      const those = messagesOf(traffic).filter(
        ({ message }) => message.name === "A2W_NotifyConferenceChange" && message.attributes.Status === "4",
      );
      const offences = those.flatMap(({ arrival, message: { attributes } }) => {
        const sequences = Object.entries(attributes)
          .filter(([name]) => !["MsgID", "ExtConfID", "Status", "WbxHostName"].includes(name))
          .map(([, value]) => value);
        const isFine = sequences.some((text) => text.length <= 255 && /^(?:P\d+|D[\d#*]+)*P0$/.test(text));
        return isFine
          ? []
          : [
              {
                why: `no attribute of ${titleOf([{ name: "A2W_NotifyConferenceChange", attributes }])} is such a sequence`,
                trace: [entryOf(arrival)],
              },
            ];
      });
      return verdict(offences, those.length, "no Status 4 came: the adapter has no dial-out sequence, or none is set");
    },
  ),
  ...schemaClauses(),
];

/** Requests of documented clauses that passed which were confirmed with 0 and have an answer in the documents. */
function confirmedRequests({ webex, passed, documented }: Traffic) {
  const answers = new Map(fromWebex.flatMap(({ name, answer }) => (answer ? [[name, answer]] : [])));
  return webex.posted.flatMap((posted) => {
    const { confirmation, messages, ownerId, at } = posted;
    // Of a clause that was played a second time nobody knows which requests are of the first.
    if (webex.disturbed.has(ownerId)) return [];
    if (confirmation.result !== 0 || !passed.has(ownerId) || !documented.has(ownerId)) return [];
    return messages.flatMap((message) => {
      const answer = rowsByName.has(message.name) ? answers.get(message.name) : "A2W_RspMessageError";
      const { MsgID = "" } = message.attributes;
      return answer ? [{ answer, msgId: MsgID, at, title: titleOf([message]), posted }] : [];
    });
  });
}
