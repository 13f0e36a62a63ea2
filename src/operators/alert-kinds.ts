import * as v from "valibot";
import { unnamedProxy } from "../foundation/guard/networks.ts";
import type { EpochMs } from "../foundation/ids.ts";
import { type Checked, time } from "../foundation/schemas.ts";
import { BACK_END, hostText } from "../foundation/text/bare-host.ts";
import { counted } from "../foundation/text/counted.ts";
import { isWholeNumber } from "../foundation/text/spelled.ts";
import { saysAhead } from "../foundation/time/difference-text.ts";

/** An alert as its source finds it. */
export interface FoundAlert {
  readonly kind: AlertKind;
  readonly bridge?: string | null;
  /** The subject in addition to its bridge: an agent, a TSP server, a receiver, a number; `null`: nothing else. */
  readonly about?: string | null;
  /** Replaces `about` in the id, which paths and the audit keep: a caller's number must not be there. */
  readonly key?: string;
  /** Beginning of a condition, first time of an incident; `null`: unknown. */
  readonly since: EpochMs | null;
  /** Last time of an incident. */
  readonly latest?: EpochMs;
  readonly count?: number;
  /** Of an incident: rises with each time that it happens. */
  readonly sequence?: number;
  /** The reason, or a word that the kind defines. */
  readonly why?: string;
}

/** The values for the braces of a sentence. */
interface Subject {
  /** Its bridge and domain. */
  readonly here: string;
  readonly domain: string;
  readonly bridge: string;
  readonly about: string;
  /** `about` as a TSP server or back end, in words. */
  readonly receiver: string;
  readonly count: number;
  readonly why: string;
}

/** Sentences that become one text. */
type Text = string | readonly string[];
type Sentence = Text | ((subject: Subject) => Text);
type Command = readonly [name: string, ...args: string[]];

/** Which part can report it: the edge itself, the relay of a bridge, or an object of the domain. */
type Source = "edge" | "relay" | "directory" | "mailbox";
/** `down`: no conference can be held there. `bad`: something is lost or pending. `warn`: no caller notices yet. */
type Severity = "down" | "bad" | "warn";

interface Texts {
  /** `{count call}` becomes "1 call" or "2 calls". */
  readonly says: Sentence;
  readonly todo: Sentence;
  /** The command of `bridgehead` that helps. */
  readonly command?: Command | ((subject: Subject) => Command | null);
}

interface KindRow extends Texts {
  readonly type: "condition" | "incident";
  readonly severity: Severity;
  /** While one of them does not answer, it is unknown whether the alert is there. */
  readonly from: readonly Source[];
  readonly title: string;
}

/** True now, and ends by itself. */
function condition(severity: Severity, from: readonly Source[], title: string, texts: Texts): KindRow {
  return { type: "condition", severity, from, title, ...texts };
}

/** Has happened, and is listed until a user has seen it. */
function incident(severity: Severity, from: readonly Source[], title: string, texts: Texts): KindRow {
  return { type: "incident", severity, from, title, ...texts };
}

/** `why` of a conference that the edge does not know. */
export const orphanIs = { locked: "locked", open: "open", gone: "gone" } as const;
/** `why` of undelivered documents: the settings lack their server. */
export const serverIsGone = "gone";
/** `why` of a bridge whose active agent has just connected. */
export const unsaid = "unsaid";

const resync = ({ about, why }: Subject): Command | null =>
  about === "" || about === BACK_END || why === serverIsGone ? null : ["resync-server", about];

/** All kinds of alerts, the worst first. A further kind is a row here and a source that finds it. */
const rows = {
  disk: condition("down", ["edge"], "The edge cannot save its state", {
    says: "The edge cannot save its state and does not confirm WebEx's messages: {why}.",
    todo: "Free disk space, or fix the disk or database. The edge then continues by itself.",
  }),
  "no-standby-edge": condition("bad", ["edge"], "No standby edge", {
    says: ({ about }) =>
      about === ""
        ? "There is no standby edge. If the active edge fails, no conference can be held."
        : "The standby edge {about} is silent. If the active edge fails, no conference can be held.",
    todo: "Start the other edge. If it runs, its log says why it does not reach the database.",
    command: ["edges"],
  }),
  "standby-edge-fault": condition("bad", ["edge"], "The standby edge has a fault", {
    says: "The standby edge {about} could not become active: {why}.",
    todo: "Fix it while the other edge is active.",
    command: ["edges"],
  }),
  "relay-unreachable": condition("down", ["edge"], "A relay is unreachable", {
    says: "The relay of {here} does not answer the edge.",
    todo: "Its agents retry by themselves. Read relay-unreachable in the edge's log.",
  }),
  "no-agent": condition("down", ["relay"], "No agent is connected", {
    says: "No agent of {here} is connected. No call can be made or received there.",
    todo: "Run `bridgehead-agent doctor` on the machine of the bridge.",
  }),
  "bridge-unreachable": condition("down", ["relay"], "A bridge is unreachable", {
    says: ({ why }) =>
      why === unsaid
        ? "The agent of {here} has not reported yet if it reaches its bridge."
        : "The agent of {here} does not reach its bridge.",
    todo: "Run `bridgehead-agent doctor` on the machine of the bridge.",
  }),
  "directory-unreachable": condition("bad", ["edge"], "The directory is unreachable", {
    says: [
      "The directory of {domain} does not answer the edge.",
      "Alerts about documents, callers and webhooks are unknown.",
    ],
    todo: "Calls continue without it. Read view-failed in the edge's log.",
  }),
  "mailbox-unreachable": condition("bad", ["edge"], "The mailbox is unreachable", {
    says: "The mailbox of {domain} does not answer the edge. It is unknown if answers to WebEx are pending in it.",
    todo: "Conferences continue without it. Read view-failed in the edge's log.",
  }),
  "conferences-unreachable": condition("bad", ["directory"], "Conferences are unreachable", {
    says: "{count conference} of {domain} did not answer the edge. What lists show of them may be old.",
    todo: "Their calls continue. Read object-broke and not-swept in the edge's log.",
  }),
  "conferences-lost": incident("bad", ["directory"], "A bridge lost conferences", {
    says: [
      "{count conference} lost by {here}, for example by a restart. The callers were cut off.",
      "WebEx is notified as far as its servers answer.",
    ],
    todo: "The log of the bridge says why it stopped. Records show the conferences with the reason `lost`.",
    command: ["records"],
  }),
  "bridge-removed": condition("bad", ["directory"], "A removed bridge has conferences", {
    says: [
      "The settings lack {here}, which has {count conference}.",
      "New callers are refused. Only ending a conference works.",
    ],
    todo: [
      "Put the bridge {bridge} back into the settings until they are over.",
      "If it never returns, end each of them: that notifies WebEx, and hangs up no call.",
    ],
    command: ["end", "KEY"],
  }),
  undelivered: incident("bad", ["directory"], "Documents were not delivered", {
    says: ({ why }) => [
      "Not delivered to {receiver} of {domain}: {count document}. WebEx may lack this information.",
      why === "" || why === serverIsGone ? "" : "Last reason: {why}.",
    ],
    todo: (subject) => {
      if (subject.why === serverIsGone)
        return "The settings lack this server in webex.hosts. Put it back, or acknowledge.";
      const probes = "Resync the server: if it answers, it gets all pending notifications. ";
      return `${resync(subject) ? probes : ""}Read post-given-up in the edge's log, then acknowledge.`;
    },
    command: resync,
  }),
  "documents-refused": incident("bad", ["directory"], "Documents were refused", {
    says: "Confirmed with a failure by {receiver} of {domain}: {count document}. They may have had no effect.",
    todo: "Read refused-by-webex in the edge's log: it names the documents and the code.",
    command: ["explain", "KEY"],
  }),
  "documents-pending": condition("bad", ["directory", "mailbox"], "Documents are pending", {
    says: "{count document} pending for {receiver} of {domain}.",
    todo: (subject) =>
      resync(subject)
        ? "Conferences probe the server at least every five minutes. Resync the server to probe it now."
        : "Read post-failed in the edge's log.",
    command: (subject) => resync(subject) ?? ["servers"],
  }),
  "commands-late": condition("bad", ["directory"], "A bridge is late", {
    says: "{count conference} on {here} did not get an answer in time.",
    todo: "Check the load of the bridge, and run `bridgehead-agent doctor` on its machine.",
    command: ["conferences"],
  }),
  "webhook-fails": condition("bad", ["directory"], "A receiver of webhooks fails", {
    says: ({ why }) =>
      why === ""
        ? "The receiver {about} of {domain} refused {count webhook}."
        : "The receiver {about} of {domain} does not accept webhooks: {why}.",
    todo: "Pending webhooks are retried for three days. Read webhook-refused and webhook-fails in the edge's log.",
  }),
  "webhooks-undelivered": incident("bad", ["directory"], "Webhooks were not delivered", {
    says: "Not delivered to the receiver {about} of {domain}: {count webhook}.",
    todo: "Fix the receiver, and read what it missed from the records.",
    command: ["records"],
  }),
  "server-refused": incident("warn", ["directory"], "A TSP server was refused", {
    says: ({ about }) =>
      about === ""
        ? "Requests of other servers to {domain} were refused: webex.hosts of the settings lacks them."
        : "Requests of {about} to {domain} were refused: webex.hosts of the settings lacks this server.",
    todo: "If it belongs to WebEx, add it to webex.hosts. Read host-refused in the edge's log.",
  }),
  "source-refused": incident("warn", ["directory"], "Documents came from a wrong address", {
    says: ({ about }) =>
      about === ""
        ? "Documents to {domain} with its secret came from other addresses and were refused: webex.from lacks them."
        : about === unnamedProxy
          ? [
              "Documents to {domain} with its secret were refused.",
              "They came through a proxy that trustedProxies lacks, or that named no address.",
            ]
          : "Documents to {domain} with its secret came from {about} and were refused: webex.from lacks this address.",
    todo: [
      "If it is WebEx's address, add it to webex.from.",
      "If it is your proxy, have it set X-Forwarded-For, then add it to trustedProxies.",
      "Otherwise somebody has the secret: change it.",
    ],
  }),
  "caller-refused": incident("warn", ["directory"], "A caller could not get in", {
    says: ({ about, why }) => {
      if (why === "") return "{count further caller} could not get in at {domain}, each three times or more.";
      if (isWholeNumber(about))
        return "The caller {about} could not get in at {domain}, {count time}. Last time: {why}.";
      const whose =
        about === "" ? "with withheld or unknown numbers" : `with numbers that end in ${about.replace(/^\*+/, "")}`;
      return `{count call} ${whose} did not get in at {domain} within a day. Last call: {why}.`;
    },
    todo: "See what the caller entered, and why it did not fit.",
    command: ({ about }) => (about === "" ? ["prompt-calls"] : ["find", about]),
  }),
  "bridge-ends": condition("bad", ["relay"], "A bridge is about to stop", {
    says: "The agent of {here} reports that it is about to stop. It takes no new calls, and keeps those it has.",
    todo: "If this was intended, start it again when its calls are over. Otherwise read its log.",
  }),
  "bridge-full": condition("bad", ["relay"], "A bridge is full", {
    says: "All ports of {here} are in use, or were within the last minute. It turns callers away meanwhile.",
    todo: "Give it more ports, or add another bridge to the settings.",
  }),
  "bridge-drained": condition("warn", ["relay"], "A bridge is drained", {
    says: "New conferences avoid {here}: it is drained. Its conferences continue.",
    todo: "End the drain when the work is over.",
    command: ({ bridge }) => ["drain", bridge, "--end"],
  }),
  "standby-disconnected": condition("warn", ["relay"], "A standby agent is disconnected", {
    says: "The agent {about} of {here} is not connected and could not take over.",
    todo: "Start it. If it runs, run `bridgehead-agent doctor` on its machine.",
  }),
  "standby-without-bridge": condition("warn", ["relay"], "A standby agent does not reach the bridge", {
    says: "The agent {about} of {here} does not reach the bridge and could not take over.",
    todo: "Run `bridgehead-agent doctor` on its machine.",
  }),
  "orphan-conference": condition("warn", ["directory"], "A bridge has an unknown conference", {
    says: ({ about }) =>
      about === ""
        ? "The edge does not know {count further conference} on {here}."
        : "The edge does not know the conference {about} on {here} with {count caller}.",
    todo: ({ why }) => {
      if (why === orphanIs.gone)
        return [
          "The settings lack the bridge {bridge}: put it back, or end the conference at the bridge.",
          "To end it here hangs up no call.",
        ];
      const locked = { [orphanIs.locked]: "It is locked. ", [orphanIs.open]: "It is not locked. " }[why] ?? "";
      return [
        `${locked}It continues when WebEx creates it again.`,
        "If the edge has lost it, it ends by itself (orphanConferenceMinutes).",
        "If another edge uses the bridge, it stays: find that edge, or end it.",
      ];
    },
    command: ({ about }) => ["end", about || "KEY"],
  }),
  "clock-jumped": condition("warn", ["directory"], "The clock of the edge was set", {
    says: [
      "The clock of the edge's machine is {why} the time of the objects of {domain}.",
      "Records have the time of the objects, the audit has the machine's.",
    ],
    // Only plain Node sees a clock that is ahead.
    todo: ({ why }) =>
      saysAhead(why)
        ? [
            "If the clock is wrong, fix it now and let NTP keep it so.",
            "Ten minutes after it was set forward, the objects follow it. If it is right, do nothing.",
          ]
        : [
            "Fix the clock and let NTP keep it so.",
            "On plain Node the objects' time approaches it by 2.4 seconds a minute.",
            "If that is too slow, stop the edge and run `bridgehead reset-clock`.",
            "Conferences that ran before keep their time.",
          ],
  }),
  "time-in-doubt": condition("warn", ["edge"], "The time of the edge is in doubt", {
    says: [
      "The edge's time may be {why} the true one: it was stopped for so long, or its clock was set.",
      "Old data is kept longer by as much.",
    ],
    todo: [
      "Check the machine's clock. An agent or a TSP server on another machine confirms it when it answers.",
      "If there is none, stop the edge and run `bridgehead reset-clock`.",
    ],
  }),
  "operator-token-weak": condition("warn", ["edge"], "The operator's token is weak", {
    says: "The operator's token is too short or has too few different characters. It can be guessed.",
    todo: [
      "Set another token.",
      "On your own machine, remove its file (operatorTokenFile) and restart the edge, which makes one.",
    ],
  }),
  "agent-refused": condition("warn", ["relay"], "An agent with a wrong key was refused", {
    says: "A connection as agent {about} of {here} was refused: its key is not in the settings.",
    todo: [
      "If it is {about}, add the line that `bridgehead-agent key` prints on its machine to the settings.",
      "Otherwise find out who uses its name, and stop that.",
    ],
  }),
  "clock-differs": condition("warn", ["relay"], "The clock of an agent is wrong", {
    says: "The clock of the agent {about} of {here} is {why} that of the edge.",
    todo: "Fix the wrong clock, for example by NTP. If all agents differ alike, it is the edge's.",
  }),
};

export type AlertKind = keyof typeof rows;
export const alertKinds = Object.keys(rows) as readonly AlertKind[];

export function kindOf(kind: AlertKind): KindRow {
  return rows[kind];
}

/** A sentence for users; `null`: all alerts are known. */
export function unknownText(kinds: readonly AlertKind[]): string | null {
  return kinds.length === 0 ? null : `Not known: ${kinds.map((kind) => rows[kind].title).join("; ")}.`;
}

/** An alert as users and programs see it. */
export const shownAlert = v.object({
  id: v.pipe(
    v.string(),
    v.description("The same as long as it is about the same thing; part of the path that acknowledges it."),
  ),
  kind: v.picklist(alertKinds),
  type: v.pipe(
    v.picklist(["condition", "incident"]),
    v.description("`condition`: true now, ends by itself. `incident`: has happened; listed until a user has seen it."),
  ),
  severity: v.pipe(
    v.picklist(["down", "bad", "warn"]),
    v.description(
      "`down`: no conference can be held there; `bad`: something is lost or pending; `warn`: no caller notices yet.",
    ),
  ),
  domain: v.pipe(v.nullable(v.string()), v.description("null: all domains.")),
  bridge: v.nullable(v.string()),
  about: v.pipe(
    v.nullable(v.string()),
    v.description(
      "The subject in addition to its bridge: an agent, a TSP server, an address, a receiver of webhooks, or a conference's key. For `caller-refused` the number, as `recordsPersonal` keeps it.",
    ),
  ),
  since: v.pipe(v.nullable(time), v.description("Beginning of a condition, first time of an incident; null: unknown.")),
  latest: v.pipe(v.nullable(time), v.description("Last time of an incident; null for a condition.")),
  sequence: v.pipe(
    v.nullable(v.number()),
    v.description("Of an incident: rises each time that it happens; null for a condition."),
  ),
  count: v.pipe(
    v.number(),
    v.description("How many documents, conferences, webhooks or calls; of a named `orphan-conference` its callers."),
  ),
  title: v.string(),
  says: v.pipe(v.string(), v.description("What it means, in sentences.")),
  todo: v.pipe(
    v.object({
      text: v.string(),
      command: v.pipe(v.nullable(v.array(v.string())), v.description("Arguments of `bridgehead`, the name first.")),
    }),
    v.description("What to do."),
  ),
  seen: v.pipe(
    v.nullable(v.object({ upTo: v.number(), by: v.string(), at: time, note: v.string() })),
    v.description(
      "Who acknowledged it last, up to which `sequence` or beginning; null: nobody. What is newer is open.",
    ),
  ),
});
export type Alert = Checked<typeof shownAlert>;

/** Returns the alert with its id and its sentences. */
export function showAlert(found: FoundAlert, domain: string | null): Alert {
  const { kind, bridge = null, about = null, key, since, latest = null, count = 1, sequence = null, why = "" } = found;
  const { type, severity, title, says, todo, command = null } = kindOf(kind);
  const subject: Subject = {
    here: `the bridge ${bridge} of ${domain}`,
    domain: domain ?? "",
    bridge: bridge ?? "",
    about: about ?? "",
    receiver: receiverText(about ?? ""),
    count,
    why: why.replace(/\.$/, ""),
  };
  const given = typeof command === "function" ? command(subject) : command;
  return {
    id: [kind, bridge, key ?? about].filter((part) => part !== null).join(":"),
    kind,
    type,
    severity,
    domain,
    bridge,
    about,
    since,
    latest,
    sequence,
    count,
    title,
    says: filled(says, subject),
    todo: { text: filled(todo, subject), command: given && [...given] },
    seen: null,
  };
}

/** True if no user has seen all of it. */
export function isOpen({ type, seen }: Alert): boolean {
  return type === "incident" || seen === null;
}

/** True if no conference can be held there. */
export function isDown({ severity }: Alert): boolean {
  return severity === "down";
}

/** As it is typed at a shell: `*back-end` would be a pattern of file names. */
export function shellWord(text: string): string {
  return /^[\w.:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function filled(sentence: Sentence, subject: Subject): string {
  const text = typeof sentence === "function" ? sentence(subject) : sentence;
  const template = [text].flat().join(" ").trim();
  return template.replaceAll(/\{(\w+)(?: ([a-z ]+))?\}/g, (_, name: keyof Subject, what?: string) =>
    what === undefined ? String(subject[name]) : counted(Number(subject[name]), what),
  );
}

function receiverText(host: string): string {
  if (host === "") return "other TSP servers";
  return host === BACK_END ? hostText(host) : `the TSP server ${host}`;
}
