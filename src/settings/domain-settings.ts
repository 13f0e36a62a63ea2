import * as v from "valibot";
import { isLoopback } from "../foundation/loopback.ts";
import { type Marks, type Person, persons, shown, whole } from "../foundation/shown.ts";
import { isTimeZone } from "../foundation/time/zone.ts";
import { overridesFault } from "../tsp/overrides-fault.ts";
import { protocolSettings } from "../tsp/protocol-table.ts";
import {
  address,
  countryCode,
  dialSequence,
  digits,
  duration,
  flag,
  hostPattern,
  keypadCode,
  namesDiffer,
  network,
  numberBegins,
  path,
  paths,
  pause,
  personText,
  plainSequences,
  positive,
  scheme,
  secretName,
  short,
  shownNumber,
} from "./values.ts";

const agent = v.strictObject({
  name: v.pipe(v.string(), v.nonEmpty("must not be empty")),
  /** The agent's raw Ed25519 public key, 32 bytes, base64url. */
  publicKey: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, "must be 43 characters of base64url")),
});

const bridge = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/, "must be 1 to 32 of a-z, 0-9 and -")),
  agents: v.pipe(
    v.array(agent),
    v.minLength(1, "must name at least one agent with its public key"),
    v.check((items) => namesDiffer(items), "must not have two agents of one name"),
  ),
});

const protocol = v.pipe(
  protocolSettings,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { value } = dataset;
    const fault = overridesFault(value);
    if (fault === null) return;
    const place = { type: "object", origin: "value", input: { ...value }, key: fault.setting } as const;
    addIssue({ message: fault.says, path: [{ ...place, value: value[fault.setting] }] });
  }),
);

/** Most digits of a conference key or access code that a caller can enter. */
const MAX_DIALLED = "0".repeat(64);

/** Pauses `Pn` and digits `Dd…`; a missing final `P0` is added (protocol 2.3.2). Names stand for the conference's key and codes. */
const recordingSequence = v.pipe(
  v.string(),
  v.regex(
    /^(?:P\d+|D(?:[\d#*]|\[(?:ConfKey|ParticipantCode|SubscriberCode)\])+)+$/,
    "must be P (pause) and D (digits) items, for example P15D123456789#P0, with [ConfKey], [ParticipantCode] or [SubscriberCode] among the digits",
  ),
  v.transform((text) => (text.endsWith("P0") ? text : `${text}P0`)),
  v.check(
    (text) => text.replaceAll(/\[\w+\]/g, MAX_DIALLED).length <= 255,
    "must have at most 255 characters, the final P0 among them, and 64 for each name in brackets",
  ),
);

/** The numbers that callers of a domain may dial, by country; the first number of a country is shown first (protocol 1.6). */
const globalNumbers = v.pipe(
  v.record(countryCode, v.pipe(v.array(shownNumber), v.minLength(1, "must have at least one number"))),
  v.minEntries(1, "must have at least one country; a domain that shows no numbers leaves the setting out"),
);

export type GlobalNumbers = v.InferOutput<typeof globalNumbers>;

const webhook = v.strictObject({
  /** Records have numbers of people: http only on this machine. */
  url: v.pipe(
    address,
    v.check((text) => {
      const url = URL.parse(text);
      return url === null || url.protocol === "https:" || isLoopback(url.hostname);
    }, "must begin with https://, except on this machine"),
    v.check((text) => {
      const url = URL.parse(text);
      return url === null || (url.username === "" && url.password === "" && url.hash === "");
    }, "must have no user, password or fragment"),
  ),
  secretFrom: secretName,
});

const webhooks = v.pipe(
  v.array(webhook),
  v.maxLength(10, "must have at most 10 receivers"),
  v.check(
    (items) => new Set(items.map(({ url }) => url)).size === items.length,
    "must not have two receivers of one address",
  ),
);

/** Settings of one telephony domain. Names and defaults are those of the local run; a deployment replaces what it must. */
export const domainSettings = v.strictObject({
  webex: v.strictObject({
    /** Host names that may be posted to, any port; `*.example.com` matches each subdomain (protocol T16). */
    hosts: v.pipe(v.array(hostPattern), v.minLength(1, "must name at least one host")),
    /** Addresses and networks from which documents may come; none: from anywhere. */
    from: v.optional(v.array(network), []),
    scheme,
    path,
    /** Begins of paths that WebEx may choose itself, by a full URL in WbxHostName (protocol T15). */
    paths: v.optional(paths, []),
    /** What differs for some hosts: the most specific name or pattern that fits counts (protocol T15). */
    servers: v.optional(
      v.record(
        hostPattern,
        v.strictObject({ scheme: v.optional(scheme), path: v.optional(path), paths: v.optional(paths) }),
      ),
      {},
    ),
    /** How long one attempt may take. */
    timeoutMs: duration,
    /** Attempts for one transaction, including the first (protocol T37). */
    attempts: v.pipe(positive, v.maxValue(100, "must be at most 100")),
    /** Pause before the second, the third … attempt; the last one repeats. */
    retryDelaysMs: v.pipe(v.array(pause), v.minLength(1, "must have at least one pause")),
    /** How long an answer that is ready waits for those to other requests of the same document (protocol T45). */
    gatherMs: v.optional(v.pipe(pause, v.maxValue(5_000, "must be at most 5000")), 300),
  }),
  bridges: v.pipe(
    v.array(bridge),
    v.minLength(1, "must name at least one bridge"),
    v.check((items) => namesDiffer(items), "must not have two bridges of one name"),
  ),
  /** How long a repeated TransID is recognised; below 24 h (protocol T40). */
  transactionMemoryMs: duration,
  /** How long a create for a conference that ended while WebEx was away is answered with code 11 (protocol 4.9 F5). */
  closedMemoryMs: duration,
  /** How long the inputs of a conference are kept, and everything of a conference that has ended. */
  journalRetentionDays: v.optional(v.pipe(positive, v.maxValue(3_650, "must be at most 3650")), 7),
  /** How long the directory keeps the records of calls and conferences that are over. */
  recordsDays: v.optional(v.pipe(positive, v.maxValue(3_650, "must be at most 3650")), 400),
  /** What of people's numbers, IDs and names is shown, and goes into records. */
  recordsPersonal: v.optional(v.picklist(["full", "masked", "none"], 'must be "full", "masked" or "none"'), "full"),
  /** Where its days begin and end, as people and bills count them. */
  timeZone: v.optional(
    v.pipe(v.string(), v.check(isTimeZone, "must be a time zone by its IANA name, such as Europe/Berlin or UTC")),
    "UTC",
  ),
  /** As the books of whoever is billed know the domain: each record has it. */
  customerReference: v.optional(
    v.pipe(
      personText,
      v.regex(/\S/, "must not be blanks alone"),
      v.regex(/^\P{Cc}*$/u, "must not have line breaks or other control characters"),
    ),
  ),
  createTimeoutMs: duration,
  /** A conference on a bridge that the edge does not know, as after a loss of its state, is ended so long after it was found. `leave-alone`: nor locked. */
  orphanConferenceMinutes: v.optional(
    v.union(
      [v.pipe(positive, v.maxValue(10_080, "must be at most 10080")), v.picklist(["never", "leave-alone"])],
      'must be minutes, 1 to 10080, "never" or "leave-alone"',
    ),
    240,
  ),
  keypad: v.pipe(
    v.strictObject({
      merge: keypadCode,
      mute: keypadCode,
      askAttendeeId: v.optional(flag, true),
      sequences: v.optional(
        v.pipe(v.array(dialSequence), v.maxLength(20, "must have at most 20 sequences")),
        plainSequences,
      ),
    }),
    v.check(
      ({ merge, mute }) => !merge.startsWith(mute) && !mute.startsWith(merge),
      "must have two codes of which neither begins with the other",
    ),
  ),
  recording: v.optional(
    v.strictObject({
      number: v.pipe(
        v.strictObject({ country: digits, area: digits, local: digits }),
        v.check(
          ({ country, area, local }) => country.length + area.length + local.length <= 61,
          "must have at most 61 digits in all",
        ),
      ),
      sequence: recordingSequence,
    }),
  ),
  hybrid: v.optional(
    v.strictObject({
      clientUrl: v.pipe(address, v.maxBytes(1024, "must have at most 1024 bytes")),
      connectData: v.optional(short),
      adhocInstall: v.optional(flag),
      appDetection: v.optional(short),
    }),
  ),
  passthroughUrl: v.optional(address),
  /** Who is notified of conferences and calls, by the rules of Standard Webhooks. */
  webhooks: v.optional(webhooks, []),
  /** Numbers that WebEx may have dialled, by how they begin: a country is its code. Absent: all, as far as the agents' own policies go. */
  policy: v.optional(v.strictObject({ allow: v.optional(numberBegins, ["+"]), deny: v.optional(numberBegins, []) })),
  /** The page `/global-numbers/{domain}`; without this setting there is none (protocol 1.6). */
  globalNumbers: v.optional(globalNumbers),
  protocol: v.optional(protocol, {}),
  /** The last part of the adapter URL: one secret, or two while WebEx changes from one to the other. Without any, the URL has no such part. */
  adapterSecrets: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16,32}$/, "must be 16 to 32 of letters, digits, - and _"))),
      v.maxLength(2, "must be at most two secrets"),
    ),
    [],
  ),
  /** Posts to the adapter URL that one isolate accepts in a minute; all of them may come at once. */
  rateLimitPerMinute: v.optional(positive, 60_000),
  /** `personal`: whether names, numbers and conference keys are logged unmasked. */
  logs: v.optional(v.strictObject({ personal: v.optional(flag, false), posts: v.optional(flag, false) }), {}),
});

/** Numbers and names in settings are the domain's own. */
export const ofSettings = {
  name: "open",
  host: "open",
  number: whole,
  servers: whole,
  globalNumbers: whole,
  codes: whole,
  elements: whole,
  attributes: whole,
} as const satisfies Marks;

/** Hides secrets of the settings: with one, a reader could post as WebEx or enter a client's connection. */
export function shownSettings(settings: DomainSettings, person = personShown(settings)): DomainSettings {
  return shown(settings, person, ofSettings);
}

/** How numbers and names of people stand in all that people and programs are given; lines of the log go by `logs.personal`. */
export function personShown(settings: Pick<DomainSettings, "recordsPersonal"> | undefined): Person {
  return persons[settings?.recordsPersonal ?? "none"];
}

/** How they stand in the audit, which is kept for longer than an erased number may be: never whole. */
export function personAudited({ recordsPersonal }: Pick<DomainSettings, "recordsPersonal">): Person {
  return recordsPersonal === "none" ? persons.none : persons.masked;
}

export type DomainSettings = v.InferOutput<typeof domainSettings>;
/** The settings of a domain as an operator writes them, before they are checked. */
export type DomainSettingsInput = v.InferInput<typeof domainSettings>;

/** The settings that decisions use; of others they know nothing. */
const decisive = [
  ...(["transactionMemoryMs", "closedMemoryMs", "createTimeoutMs", "customerReference"] as const),
  ...(["orphanConferenceMinutes"] as const),
  ...(["hybrid", "recording", "passthroughUrl", "policy", "protocol"] as const),
] satisfies readonly (keyof DomainSettings)[];
export type DecisiveSettings = Pick<DomainSettings, (typeof decisive)[number]>;
