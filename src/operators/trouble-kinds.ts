import * as v from "valibot";
import { unnamedProxy } from "../foundation/guard/networks.ts";
import type { EpochMs } from "../foundation/ids.ts";
import { type Checked, time } from "../foundation/schemas.ts";
import { BACK_END, hostText } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import { isWholeNumber } from "../foundation/text/spelled.ts";
import { saysAhead } from "../foundation/time/difference-text.ts";
import { shellWord } from "./shell-word.ts";

/** One thing that is wrong, as its source says it. */
export interface FoundTrouble {
  readonly kind: TroubleKind;
  /** Whom or what it is about, beside its bridge: an agent, a TSP server, a receiver, a number, a day; `null`: nothing else. */
  readonly about?: string | null;
  /** In its id in the place of `about`, where that is nothing that paths and the audit may keep: a caller's number. */
  readonly key?: string;
  /** Since when it is so, or when it happened first; `null`: nobody knows. */
  readonly since: EpochMs | null;
  /** When it happened last; absent: it lasts, so that `since` says all. */
  readonly latest?: EpochMs;
  readonly count?: number;
  /** Of what has happened, the place of the last: what comes later has a greater one. */
  readonly place?: number;
  /** Why, or by when, as the kind has it. */
  readonly why?: string;
}

interface Place {
  /** Its bridge and domain, in words. */
  readonly here: string;
  readonly domain: string;
  readonly bridge: string;
  readonly about: string;
  readonly count: number;
  readonly why: string;
}

/** Who can say it: the edge itself, the relay of a bridge, or an object of the domain. */
type TroubleSource = "edge" | "relay" | "directory" | "mailbox";

interface TroubleRow {
  /** In a few words, for lists and screen readers. */
  readonly title: string;
  /** `down`: no conference can be held there. `bad`: something is lost, or waits. `warn`: nobody notices yet. */
  readonly severity: "down" | "bad" | "warn";
  /** While one of them does not answer, nobody knows whether it is so. */
  readonly from: readonly TroubleSource[];
  /** It is over as soon as somebody has acknowledged it: there is nothing that could mend it. */
  readonly happened?: true;
  /** It is of several things, or known by each process of the edge for itself: its `since` may move on while it lasts. */
  readonly movesOn?: true;
  says(place: Place): string;
  todo(place: Place): string;
}

/** How a conference that the edge does not know is, in `why`. */
export const orphanIs = { locked: "locked", open: "open", gone: "gone" } as const;

/** In `why` of undelivered documents: the settings lack their server. */
export const serverIsGone = "gone";

/** In `why` of a bridge: the agent that acts has just connected. */
export const unsaid = "unsaid";

/** All kinds of trouble. A further kind is a row here, and a source that finds it. The worst come first. */
const rows = {
  disk: {
    title: "The edge cannot write its state",
    severity: "down",
    from: ["edge"],
    says: ({ why = "" }) => `The edge cannot write its state, and confirms nothing: ${why.replace(/\.$/, "")}.`,
    todo: () => "Make room on its disk, or mend what is wrong with disk or database; the edge then goes on by itself.",
  },
  "no-edge-stands-by": {
    title: "No edge stands by",
    severity: "bad",
    from: ["edge"],
    movesOn: true,
    says: ({ about }) =>
      `No edge stands by${about ? `: ${about} is silent` : ""}. If the one that acts fails, no conference can be held.`,
    todo: () => "Start the other edge; where it runs, its log says why it does not reach the database.",
  },
  "edge-could-not-act": {
    title: "The edge that stands by is at fault",
    severity: "bad",
    from: ["edge"],
    movesOn: true,
    says: ({ about, why }) => `The edge ${about} stands by, but ${why}.`,
    todo: () => 'Mend it while the other edge acts; "bridgehead edges" shows both.',
  },
  "relay-unreachable": {
    title: "The relay does not answer",
    severity: "down",
    from: ["edge"],
    movesOn: true,
    says: ({ here }) => `The relay of ${here} does not answer the edge.`,
    todo: () => "Its agents try again by themselves; relay-unreachable in the log says why.",
  },
  "no-agent": {
    title: "No agent is connected",
    severity: "down",
    from: ["relay"],
    says: ({ here }) => `No agent of ${here} is connected, so nobody can call in or out there.`,
    todo: () => 'See "bridgehead-agent doctor" beside the bridge.',
  },
  "bridge-away": {
    title: "The bridge is away",
    severity: "down",
    from: ["relay"],
    says: ({ here, why }) =>
      `The agent of ${here} ${why === unsaid ? "has not said yet whether it reaches" : "does not reach"} its bridge.`,
    todo: () => '"bridgehead-agent doctor" beside the bridge says why.',
  },
  "directory-unreachable": {
    title: "The directory does not answer",
    severity: "bad",
    from: ["edge"],
    movesOn: true,
    says: ({ domain }) =>
      `The directory of ${domain} does not answer the edge, so nobody knows what is wrong with posts, callers and webhooks.`,
    todo: () => "Calls go on without it; view-failed in the log says why it does not answer.",
  },
  "mailbox-unreachable": {
    title: "The mailbox does not answer",
    severity: "bad",
    from: ["edge"],
    movesOn: true,
    says: ({ domain }) =>
      `The mailbox of ${domain} does not answer the edge, so nobody knows whether answers to WebEx wait in it.`,
    todo: () => "Conferences go on without it; view-failed in the log says why it does not answer.",
  },
  "conferences-unreachable": {
    title: "Conferences do not answer",
    severity: "bad",
    from: ["directory"],
    movesOn: true,
    says: ({ domain, count }) =>
      `${counted(count, "conference")} of ${domain} ${count === 1 ? "does" : "do"} not answer the edge, so what is shown of ${count === 1 ? "it" : "them"} may be old.`,
    todo: () => "Their calls go on without it; object-broke and not-swept in the log may say why they do not answer.",
  },
  "conferences-lost": {
    title: "A bridge has lost conferences",
    severity: "bad",
    from: ["directory"],
    happened: true,
    says: ({ here, count }) =>
      `${here.replace("the", "The")} has lost ${counted(count, "conference")}, as by a restart: the callers were cut off. WebEx is notified of that as far as its servers confirm it.`,
    todo: () =>
      '"bridgehead records" lists them, with the reason lost; the log of the bridge says why it ended. What WebEx has not confirmed yet is under posts-wait; what it was never told, under posts-given-up.',
  },
  "bridge-removed": {
    title: "Conferences run on a bridge that the settings lack",
    severity: "bad",
    from: ["directory"],
    movesOn: true,
    says: ({ here, count }) =>
      `${here.replace("the", "The")} is not in the settings any more, and has ${counted(count, "conference")}: nobody new gets in, and nothing that is asked there is done, but for their end.`,
    todo: ({ bridge }) =>
      `Put the bridge ${bridge} back into the settings until they are over. If it never comes back, "bridgehead end" ends each of them for WebEx; calls that are still there are not hung up.`,
  },
  "posts-given-up": {
    title: "Documents were not delivered",
    severity: "bad",
    from: ["directory"],
    happened: true,
    says: ({ about, domain, count, why }) => {
      const reason = why === "" || why === serverIsGone ? "" : ` Last reason: ${why.replace(/\.$/, "")}.`;
      const documents = `${counted(count, "document")} for ${receiverText(about)} of ${domain}`;
      return `${documents} ${count === 1 ? "was" : "were"} not delivered: WebEx may lack what they say.${reason}`;
    },
    todo: ({ about, why }) => {
      if (why === serverIsGone)
        return "webex.hosts of the settings lacks this server, so nothing is sent there. Put it back, or acknowledge this.";
      const named = "post-given-up in the log names each one. Once you have seen them, acknowledge this.";
      if (about === "" || about === BACK_END) return named;
      const resync = `"bridgehead resync-server ${shellWord(about)}" probes the server now`;
      return `${resync}: if it answers, it gets all pending notifications. ${named}`;
    },
  },
  "posts-refused": {
    title: "Documents were refused",
    severity: "bad",
    from: ["directory"],
    happened: true,
    says: ({ about, domain, count }) =>
      `${about === "" ? "Further servers have" : `${receiverText(about).replace("the", "The")} has`} confirmed ${counted(count, "document")} of ${domain} with a failure: what stood there may have had no effect.`,
    todo: () =>
      'refused-by-webex in the log says which, and with which code; "bridgehead explain KEY" shows what it was about.',
  },
  "posts-wait": {
    title: "Documents wait for WebEx, or for the back end",
    severity: "bad",
    from: ["directory", "mailbox"],
    movesOn: true,
    says: ({ about, domain, count }) =>
      `${count === 1 ? "1 document waits" : `${count} documents wait`} for ${receiverText(about)} of ${domain}.`,
    todo: ({ about }) => {
      const probes = `Conferences that are behind ask it, in the end every five minutes, whether it is back; "bridgehead resync-server ${shellWord(about)}" has them ask at once.`;
      return `"bridgehead servers" says why; of answers that belong to no conference, post-failed in the log does.${about === "" || about === BACK_END ? "" : ` ${probes}`}`;
    },
  },
  "commands-late": {
    title: "The bridge does not answer in time",
    severity: "bad",
    from: ["directory"],
    movesOn: true,
    says: ({ here, count }) => `${counted(count, "conference")} on ${here} cannot get an answer in time.`,
    todo: () =>
      '"bridgehead conferences" names them; look at the load of the bridge, and at "bridgehead-agent doctor".',
  },
  "webhook-fails": {
    title: "A receiver takes no webhooks",
    severity: "bad",
    from: ["directory"],
    movesOn: true,
    says: ({ about, domain, why, count }) =>
      why === ""
        ? `The receiver ${about} of ${domain} has refused ${counted(count, "webhook")}; webhook-refused in the log says why.`
        : `The receiver ${about} of ${domain} takes no webhooks: ${why}.`,
    todo: ({ why }) =>
      why === ""
        ? "What it has refused is sent again for three days, and then given up."
        : "What waits is kept for three days, and the receiver is tried again by itself. Look at why it fails.",
  },
  "webhooks-given-up": {
    title: "A receiver was never given webhooks",
    severity: "bad",
    from: ["directory"],
    happened: true,
    says: ({ about, domain, count }) =>
      `${counted(count, "webhook")} ${count === 1 ? "was" : "were"} never given to the receiver ${about} of ${domain}.`,
    todo: () => "Mend the receiver, and take what it missed from the records.",
  },
  "server-refused": {
    title: "A TSP server was refused",
    severity: "warn",
    from: ["directory"],
    happened: true,
    says: ({ about, domain }) =>
      about === ""
        ? `Requests of further servers to ${domain} were refused: webex.hosts of the settings has none of them.`
        : `Requests of ${about} to ${domain} were refused: webex.hosts of the settings does not have this server.`,
    todo: () => "If it is WebEx's, add it to webex.hosts; host-refused in the log says what it asked for.",
  },
  "source-refused": {
    title: "Documents came from where none may",
    severity: "warn",
    from: ["directory"],
    happened: true,
    says: ({ about, domain }) =>
      about === ""
        ? `Documents to ${domain} with its secret came from further addresses, and were refused: webex.from of the settings has none of them.`
        : about === unnamedProxy
          ? `Documents to ${domain} with its secret came through a proxy on the edge's machine that trustedProxies does not name, or that said no address, and were refused: nobody knows whether webex.from has their addresses.`
          : `Documents to ${domain} with its secret came from ${about}, and were refused: webex.from of the settings does not have this address.`,
    todo: () =>
      "If it is WebEx's, add it to webex.from; if it is your proxy's, have that set X-Forwarded-For itself, and then name it in trustedProxies. Else somebody has the secret: change it.",
  },
  "caller-refused": {
    title: "A caller could not get in",
    severity: "warn",
    from: ["directory"],
    happened: true,
    says: ({ about, domain, count, why }) =>
      why === ""
        ? `${counted(count, "further caller")} could not get in at ${domain}, each three times or more.`
        : isWholeNumber(about)
          ? `The caller ${about} could not get in at ${domain}, ${counted(count, "time")}. The last time: ${why}`
          : `Within a day, ${counted(count, "call")} ${about === "" ? "whose numbers are withheld or not kept" : `from numbers that end in ${about.replace(/^\*+/, "")}`} did not get in at ${domain}. The last one: ${why}`,
    todo: ({ about }) =>
      `"bridgehead ${about === "" ? "prompt-calls" : `number ${shellWord(about)}`}" says what was keyed, and why it was not led in.`,
  },
  "bridge-ends": {
    title: "The bridge is about to end",
    severity: "bad",
    from: ["relay"],
    says: ({ here }) => `${here.replace("the", "The")} is about to end: it takes no new calls, and keeps those it has.`,
    todo: () => "Start it anew once they are over, if somebody wanted that; else see its log.",
  },
  "bridge-full": {
    title: "The bridge is at its limit",
    severity: "bad",
    from: ["relay"],
    says: ({ here }) =>
      `All ports of ${here} are in use, or were within the last minute: while they are, it turns callers away, and does not say whom.`,
    todo: () => "Give it more ports, or take another bridge into the settings; conferences that end free theirs.",
  },
  "bridge-drained": {
    title: "The bridge is drained",
    severity: "warn",
    from: ["relay"],
    says: ({ here }) =>
      `${here.replace("the", "The")} is drained: it takes no new conferences, and those that it has go on.`,
    todo: ({ bridge }) => `"bridgehead undrain ${bridge}" takes that back.`,
  },
  "standby-away": {
    title: "A second agent is not connected",
    severity: "warn",
    from: ["relay"],
    says: ({ about, here }) => `The agent ${about} of ${here} is not connected, so it could not take over.`,
    todo: () => 'Start it; where it runs, its log or "bridgehead-agent doctor" on its machine says why.',
  },
  "standby-without-bridge": {
    title: "A second agent does not reach the bridge",
    severity: "warn",
    from: ["relay"],
    says: ({ about, here }) => `The agent ${about} of ${here} does not reach the bridge, so it could not take over.`,
    todo: () => '"bridgehead-agent doctor" on its machine says why.',
  },
  "orphan-conference": {
    title: "The bridge holds a conference that the edge does not know",
    severity: "warn",
    from: ["directory"],
    movesOn: true,
    says: ({ here, about, count }) =>
      about === ""
        ? `${here.replace("the", "The")} holds ${counted(count, "further conference")} that the edge does not know.`
        : `${here.replace("the", "The")} holds the conference ${about} with ${counted(count, "caller")}, which the edge does not know.`,
    todo: ({ about, bridge, why }) => {
      const command = `"bridgehead end ${about === "" ? "KEY" : shellWord(about)}"`;
      if (why === orphanIs.gone)
        return `The settings do not have the bridge ${bridge} any more, so that the edge reaches nobody there: put it back, or end the conference at the bridge. ${command} takes it from the list, and hangs up nobody; else it stays listed until twice orphanConferenceMinutes has passed.`;
      const locked = why === orphanIs.locked ? " It is locked: nobody new gets in." : "";
      const open = why === orphanIs.open ? " It is not locked: whoever has its key gets in." : "";
      return `It goes on as soon as WebEx creates it again; ${command} ends it.${locked}${open} If the edge has lost something since it began, it ends by itself (orphanConferenceMinutes). If not, it is another edge's, and is left alone: find out which other edge uses the bridge.`;
    },
  },
  "clock-jumped": {
    title: "The clock of the edge was set",
    severity: "warn",
    from: ["directory"],
    says: ({ domain, why }) =>
      `The clock of the edge's machine is ${why} the time by which the objects of ${domain} go on: somebody has set it. Records and conferences have the time of the objects, the audit has the machine's.`,
    // Only plain Node sees a clock that is ahead.
    todo: ({ why }) =>
      saysAhead(why)
        ? "If the machine's clock is wrong, set it right at once, and see that NTP keeps it so: ten minutes after it was set forward, the objects go on by it, and all that is written from then on is dated by it. If it is right, there is nothing to do."
        : `See that the machine's clock is right, and that NTP keeps it so. On plain Node the objects' time then comes to it, by 2.4 seconds a minute; where that is too slow, after a start by a wrong clock, stop the edge and run "bridgehead reset-clock". Conferences that ran before keep their time until they are over. After that command, and elsewhere, this trouble is about those conferences only, and ends with them.`,
  },
  "time-in-doubt": {
    title: "The time of the edge is in doubt",
    severity: "warn",
    from: ["edge"],
    says: ({ why }) =>
      `The edge's time may be ${why} the true one: it was stopped for that long, or its machine's clock was set. What is deleted for its age stays for as much longer.`,
    todo: () =>
      `See that the machine's clock is right. An agent or a TSP server on another machine confirms it as soon as it answers; where there is none, stop the edge and run "bridgehead reset-clock".`,
  },
  "operator-token-weak": {
    title: "The operator's token can be guessed",
    severity: "warn",
    from: ["edge"],
    says: () => "The operator's token is so short, or of so few characters, that it can be guessed.",
    todo: () =>
      "Take another one, and give it to whoever needs it. On your own machine: remove its file (operatorTokenFile), and restart the edge, which makes one.",
  },
  "agent-refused": {
    title: "An agent is refused for its key",
    severity: "warn",
    from: ["relay"],
    says: ({ about, here }) =>
      `Somebody asks to be the agent ${about} of ${here} with a key that the settings do not have for it, and is refused.`,
    todo: ({ about }) =>
      `If it is ${about}: put the line that "bridgehead-agent key" prints on its machine into the settings of the edge. Else find out who uses its name, and stop that: beside the bridge it takes the place of the right one.`,
  },
  "clock-differs": {
    title: "The clock of an agent is far off",
    severity: "warn",
    from: ["relay"],
    says: ({ about, here, why }) => `The clock of the agent ${about} of ${here} is ${why} that of the edge.`,
    todo: () => "Set the clock that is wrong, for example by NTP: where all agents are off alike, it is the edge's.",
  },
} as const satisfies Readonly<Record<string, TroubleRow>>;

export type TroubleKind = keyof typeof rows;
export const troubleKinds = Object.keys(rows) as readonly TroubleKind[];
const rowOf = (kind: TroubleKind): TroubleRow => rows[kind];

export function sourcesOf(kind: TroubleKind): readonly TroubleSource[] {
  return rowOf(kind).from;
}

/** Whether it is found by the edge alone, which dates it by its machine's clock. */
export function isOfEdge(kind: string): boolean {
  return troubleKinds.some((one) => one === kind && sourcesOf(one).every((source) => source === "edge"));
}

export function movesOn(kind: TroubleKind): boolean {
  return rowOf(kind).movesOn === true;
}

/** A sentence for people; `null`: all that is wrong is known. */
export function unknownText(kinds: readonly TroubleKind[]): string | null {
  const titles = kinds.map((kind) => `${rowOf(kind).title[0]?.toLowerCase()}${rowOf(kind).title.slice(1)}`);
  return titles.length === 0 ? null : `It is not known yet whether ${titles.join("; ")}.`;
}

/** Something that is wrong, as people and programs are shown it. */
export const domainTrouble = v.object({
  id: v.pipe(
    v.string(),
    v.description("The same as long as it is about the same thing; part of the path by which it is acknowledged."),
  ),
  kind: v.picklist(troubleKinds),
  severity: v.pipe(
    v.picklist(["down", "bad", "warn"]),
    v.description(
      "`down`: no conference can be held there; `bad`: something is lost, or waits; `warn`: nobody notices yet.",
    ),
  ),
  endsBy: v.pipe(
    v.picklist(["mending", "acknowledgement"]),
    v.description("`acknowledgement`: it has happened, and nothing could mend it; who acknowledges it ends it."),
  ),
  domain: v.pipe(v.nullable(v.string()), v.description("null: it concerns all domains.")),
  bridge: v.nullable(v.string()),
  about: v.pipe(
    v.nullable(v.string()),
    v.description(
      "The subject in addition to its bridge: an agent, a TSP server (for `server-refused` as it was named), an address (for `source-refused`) or a receiver of webhooks. For `caller-refused` the caller's number, as `recordsPersonal` keeps it. For `orphan-conference` its key, or null for several unnamed ones.",
    ),
  ),
  since: v.pipe(v.nullable(time), v.description("Since when, or when it happened first; null: nobody knows.")),
  latest: v.pipe(v.nullable(time), v.description("When it happened last; `since`, where it lasts.")),
  place: v.pipe(
    v.nullable(v.number()),
    v.description("Of what has happened, the place of the last: send it with the acknowledgement. null: it lasts."),
  ),
  count: v.pipe(
    v.number(),
    v.description(
      "How many there are: documents, conferences, webhooks; of `orphan-conference` with a key its callers; of `caller-refused` with a number its calls, with the id `caller-refused:others` callers that are not named.",
    ),
  ),
  title: v.string(),
  says: v.pipe(v.string(), v.description("What is wrong, in a sentence.")),
  todo: v.pipe(v.string(), v.description("What to do.")),
  acknowledged: v.pipe(
    v.nullable(v.object({ by: v.string(), at: time, word: v.string() })),
    v.description("Who has taken it on; null: nobody has, so that it is open."),
  ),
});
export type DomainTrouble = Checked<typeof domainTrouble>;

/** Names it, says it in sentences, and is the same wherever it is shown. */
export function showTrouble(
  { kind, about = null, key, since, latest, count = 1, place, why = "" }: FoundTrouble,
  domain: string | null,
  bridge: string | null,
): DomainTrouble {
  const { title, severity, says, todo, happened } = rowOf(kind);
  const endsBy = happened ? "acknowledgement" : "mending";
  const here = `the bridge ${bridge} of ${domain}`;
  const around = {
    here,
    domain: domain ?? "",
    bridge: bridge ?? "",
    about: about ?? "",
    count,
    why,
  };
  const id = [kind, bridge, key ?? about].filter((part) => part !== null).join(":");
  return {
    ...{
      id,
      kind,
      severity,
      endsBy,
      domain,
      bridge,
      about,
      since,
      latest: latest ?? since,
      place: place ?? null,
      count,
      title,
    },
    ...{ says: says(around), todo: todo(around), acknowledged: null },
  };
}

function receiverText(host: string): string {
  if (host === "") return "other TSP servers";
  return host === BACK_END ? hostText(host) : `the TSP server ${host}`;
}
