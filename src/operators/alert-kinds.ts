import * as v from "valibot";
import { type Checked, described, time } from "../foundation/schemas.ts";
import { counted } from "../foundation/text/counted.ts";

/** An alert as its source finds it. */
export interface FoundAlert
  extends Pick<Alert, "kind" | "since">,
    Partial<Pick<Alert, "bridge" | "about" | "latest" | "count" | "sequence">> {
  /** Replaces `about` in sentences. */
  readonly name?: string;
  /** Replaces `about` in the id, which paths and the audit keep: a caller's number must not be there. */
  readonly key?: string;
  /** The reason, as the end of a sentence. */
  readonly why?: string;
  /** Replaces the command of the kind; `null`: none helps. */
  readonly command?: readonly string[] | null | undefined;
}

/** `down`: no conference can be held there. `bad`: something is lost or pending. `warn`: no caller notices yet. */
type Severity = "down" | "bad" | "warn";

interface Texts {
  /** `{here}` is the bridge with its domain; `{count call}` becomes "1 call" or "2 calls". */
  readonly says: string;
  readonly todo: string;
  /** Arguments of the command of `bridgehead` that helps. */
  readonly command?: readonly string[];
}

interface KindRow extends Texts {
  readonly type: "condition" | "incident";
  readonly severity: Severity;
  readonly title: string;
}

function condition(severity: Severity, title: string, texts: Texts): KindRow {
  return { type: "condition", severity, title, ...texts };
}

function incident(severity: Severity, title: string, texts: Texts): KindRow {
  return { type: "incident", severity, title, ...texts };
}

/** All kinds of alerts, the worst first. A new kind needs a row here and a source that finds it. */
const rows = {
  disk: condition("down", "The edge cannot save its state", {
    says: "The edge cannot save its state and does not confirm WebEx's messages: {why}.",
    todo: "Free disk space, or fix the disk or database. The edge then continues by itself.",
  }),
  "no-standby-edge": condition("bad", "No standby edge", {
    says: "If the active edge fails, no conference can be held: {why}.",
    todo: "Start or fix the other edge. Its log says why it is not on standby.",
  }),
  "database-unreplicated": condition("bad", "The database is not replicated", {
    says: "If a machine of the database is lost, what the edge confirmed can be lost: {why}.",
    todo: "Set synchronous_standby_names on the primary (docs/high-availability.md).",
  }),
  "relay-unreachable": condition("down", "A relay is unreachable", {
    says: "The relay of {here} does not answer the edge.",
    todo: "Its agents retry by themselves. Read relay-unreachable in the edge's log.",
  }),
  "no-agent": condition("down", "No agent is connected", {
    says: "No agent of {here} is connected. No call can be made or received there.",
    todo: "Run `bridgehead-agent doctor` on the machine of the bridge.",
  }),
  "bridge-unreachable": condition("down", "A bridge is unreachable", {
    says: "The agent of {here} {why}.",
    todo: "Run `bridgehead-agent doctor` on the machine of the bridge.",
  }),
  "state-unreachable": condition("bad", "State of the domain is unreachable", {
    says: "The {about} of {domain} does not answer the edge. Alerts that it reports are unknown.",
    todo: "Calls continue without it. Read view-failed in the edge's log.",
  }),
  "conferences-unreachable": condition("bad", "Conferences are unreachable", {
    says: "{count conference} of {domain} did not answer the edge. Lists may show old data for them.",
    todo: "Their calls continue. Read object-broke and not-swept in the edge's log.",
  }),
  "conferences-lost": incident("bad", "A bridge lost conferences", {
    says: "{count conference} lost by {here} with all callers. WebEx is notified as far as its servers answer.",
    todo: "The log of the bridge says why it stopped. Records show the conferences with the reason `lost`.",
    command: ["records"],
  }),
  "state-lost": condition("bad", "The edge began with an empty state", {
    says: "The state of {domain} is younger than {count conference} that its bridges hold: the edge began with an empty one.",
    todo: "Unless you wanted an empty state, stop the edge and restore the former one (docs/backup.md).",
  }),
  "bridge-removed": condition("bad", "A removed bridge has conferences", {
    says: "The settings lack {here}, which has {count conference}. New callers are refused.",
    todo: "Put the bridge back until they are over. If it never returns, end them: that hangs up no call.",
    command: ["end", "KEY"],
  }),
  undelivered: incident("bad", "Documents were not delivered", {
    says: "Not delivered to {name} of {domain}: {count document}. WebEx may lack them. Last reason: {why}.",
    todo: "Read post-given-up in the edge's log. A server that answers a resync gets all that is pending.",
    command: ["servers", "--resync", "{about}"],
  }),
  "documents-refused": incident("bad", "Documents were refused", {
    says: "Confirmed with a failure by {name} of {domain}: {count document}. They may have had no effect.",
    todo: "Read refused-by-webex in the edge's log: it names the documents and the code.",
    command: ["explain", "KEY"],
  }),
  "documents-pending": condition("bad", "Documents are pending", {
    says: "{count document} pending for {name} of {domain}.",
    todo: "Read post-failed in the edge's log. Servers are probed every five minutes; a resync probes now.",
    command: ["servers", "--resync", "{about}"],
  }),
  "commands-late": condition("bad", "A bridge is late", {
    says: "{count conference} on {here} did not get an answer in time.",
    todo: "Check the load of the bridge, and run `bridgehead-agent doctor` on its machine.",
    command: ["conferences"],
  }),
  "creates-refused": condition("bad", "The edge is overloaded", {
    says: "The edge could not begin all conferences at once and refused {count create}. WebEx repeats them.",
    todo: "Running meetings continue. Find what else uses the machine's CPU or disk, or give the edge a faster one.",
  }),
  "webhook-fails": condition("bad", "A receiver of webhooks fails", {
    says: "The receiver {about} of {domain} does not accept webhooks: {why}.",
    todo: "Pending webhooks are retried for three days. Read webhook-refused and webhook-fails in the edge's log.",
  }),
  "webhooks-undelivered": incident("bad", "Webhooks were not delivered", {
    says: "Not delivered to the receiver {about} of {domain}: {count webhook}.",
    todo: "Fix the receiver, and read what it missed from the records.",
    command: ["records"],
  }),
  "server-refused": incident("warn", "A TSP server was refused", {
    says: "Requests of {name} to {domain} were refused: webex.hosts of the settings lacks it.",
    todo: "If it belongs to WebEx, add it to webex.hosts. Read host-refused in the edge's log.",
  }),
  "source-refused": incident("warn", "Documents came from a wrong address", {
    says: "Documents with the secret of {domain} came from {name}, which webex.from lacks, and were refused.",
    todo: "If it is WebEx, add it to webex.from; your proxy, to trustedProxies. Otherwise change the secret.",
  }),
  "caller-refused": incident("warn", "A caller could not get in", {
    says: "{count call} from {name} did not get in at {domain}. Last reason: {why}.",
    todo: "See what the caller entered, and why it did not fit.",
    command: ["find", "{about}"],
  }),
  "trunk-fails": condition("bad", "A trunk fails", {
    says: "The trunk of {here} did not take the last call-out: {why}. WebEx is answered that the bridge is unavailable.",
    todo: "Run `bridgehead-agent doctor` on the machine of the bridge. This ends when a call-out reaches somebody.",
  }),
  "numbers-shared": condition("bad", "Domains share numbers of a bridge", {
    says: "Callers of {why} can get into records of {domain}: both use {here}, and its agent has no `dialIn`.",
    todo: "In the settings of each domain's agents, set `dialIn` to the numbers of that domain.",
  }),
  "bridge-ends": condition("bad", "A bridge is about to stop", {
    says: "The agent of {here} reports that it is about to stop. It takes no new calls, and keeps those it has.",
    todo: "If this was intended, start it again when its calls are over. Otherwise read its log.",
  }),
  "bridge-full": condition("bad", "A bridge is full", {
    says: "All ports of {here} are in use, or were within the last minute. It turns callers away meanwhile.",
    todo: "Give it more ports, or add another bridge to the settings.",
  }),
  "bridge-drained": condition("warn", "A bridge is drained", {
    says: "New conferences avoid {here}: it is drained. Its conferences continue.",
    todo: "End the drain when the work is over.",
    command: ["drain", "{bridge}", "--end"],
  }),
  "no-standby-agent": condition("warn", "A standby agent could not take over", {
    says: "The agent {about} of {here} could not take over: it {why}.",
    todo: "Start it. If it runs, run `bridgehead-agent doctor` on its machine.",
  }),
  "orphan-conference": condition("warn", "A bridge has an unknown conference", {
    says: "The edge does not know {name} on {here} with {count caller}: {why}.",
    todo: "The conference continues when WebEx creates it. Otherwise it ends by itself (orphanConferenceMinutes).",
    command: ["end", "{about}"],
  }),
  "clock-jumped": condition("warn", "The clock of the edge was set", {
    says: "The clock of the edge's machine is {why} the time of the records of {domain}.",
    todo: "If the clock is wrong, fix it.",
  }),
  "clock-not-believed": condition("warn", "The clock of the edge is not believed", {
    says: "The clock of the edge's machine is {why} what the edge wrote last, so the edge goes on from there.",
    todo: "Fix the clock, or confirm it: restart the edge with BRIDGEHEAD_TRUST_CLOCK=yes. A start after a day believes it.",
  }),
  "operator-token-weak": condition("warn", "The operator's token is weak", {
    says: "The operator's token is too short or has too few different characters. It can be guessed.",
    todo: "Set another token, or remove its file (operatorTokenFile) and restart the edge, which makes one.",
  }),
  "agent-refused": condition("warn", "An agent with a wrong key was refused", {
    says: "A connection as agent {about} of {here} was refused: its key is not in the settings.",
    todo: "If it is {about}, add what `bridgehead-agent key` prints there to the settings. Otherwise stop it.",
  }),
  "clock-differs": condition("warn", "The clock of an agent is wrong", {
    says: "The clock of the agent {about} of {here} is {why} that of the edge.",
    todo: "Fix the wrong clock, for example by NTP. If all agents differ alike, it is the edge's.",
  }),
};

export type AlertKind = keyof typeof rows;
export const alertKinds = Object.keys(rows) as readonly AlertKind[];

export function kindOf(kind: AlertKind): KindRow {
  return rows[kind];
}

/** An alert as users and programs see it. */
export const shownAlert = v.object({
  id: described(v.string(), "Stays the same for the same subject. Needed to acknowledge it."),
  kind: v.picklist(alertKinds),
  type: described(
    v.picklist(["condition", "incident"]),
    "`condition`: true now, ends by itself. `incident`: has happened; listed until a user acknowledges it.",
  ),
  severity: described(
    v.picklist(["down", "bad", "warn"]),
    "`down`: no conference can be held there; `bad`: something is lost or pending; `warn`: no caller notices yet.",
  ),
  domain: described(v.nullable(v.string()), "null: all domains."),
  bridge: v.nullable(v.string()),
  about: described(
    v.nullable(v.string()),
    "Its subject: an agent, a server, an address, a receiver, a key, or a caller's number; null: none.",
  ),
  since: described(v.nullable(time), "Start of a condition, first time of an incident; null: unknown."),
  latest: described(v.nullable(time), "Last time of an incident; null for a condition."),
  sequence: described(v.nullable(v.number()), "Rises each time the incident happens; null for a condition."),
  count: described(
    v.number(),
    "Number of documents, conferences, webhooks or calls; for a named `orphan-conference`, of callers.",
  ),
  title: v.string(),
  says: described(v.string(), "What it means, in sentences."),
  todo: described(
    v.object({
      text: v.string(),
      command: described(v.nullable(v.array(v.string())), "Arguments of `bridgehead`, the name first."),
    }),
    "What to do.",
  ),
  seen: described(
    v.nullable(v.object({ upTo: v.number(), by: v.string(), at: time, note: v.string() })),
    "The last acknowledgement: by whom, and up to which `sequence` or start; null: none. Newer ones are open.",
  ),
});
export type Alert = Checked<typeof shownAlert>;

/** Returns the alert with its id and its sentences. */
export function showAlert(found: FoundAlert, domain: string | null): Alert {
  const { kind, bridge = null, about = null, key, since, latest = null, count = 1, sequence = null } = found;
  const { type, severity, title, says, todo, command = null } = kindOf(kind);
  const values: Readonly<Record<string, string>> = {
    here: `the bridge ${bridge} of ${domain}`,
    domain: domain ?? "",
    bridge: bridge ?? "",
    about: about ?? "",
    name: found.name ?? about ?? "",
    why: (found.why || "unknown").replace(/\.$/, ""),
  };
  const filled = (text: string) =>
    text.replaceAll(/\{(\w+)(?: ([a-z]+))?\}/g, (_, name: string, what?: string) =>
      what === undefined ? (values[name] ?? "") : counted(count, what),
    );
  const given = found.command === undefined ? command : found.command;
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
    says: filled(says),
    todo: { text: filled(todo), command: given?.map(filled) ?? null },
    seen: null,
  };
}

/** True if no user has seen all of it. */
export function isOpen({ type, seen }: Alert): boolean {
  return type === "incident" || seen === null;
}

/** Quotes a text for a shell, for example `*back-end`, which is a file pattern. */
export function shellWord(text: string): string {
  return /^[\w.:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
