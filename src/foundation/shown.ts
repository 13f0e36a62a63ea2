import { isRecord } from "./record.ts";

/**
 * Who may read a value. `open`: all who may read what it is a part of. `personal`: those who may read numbers and names of people.
 * `secret`: nobody, since it lets somebody in or speaks for somebody. `address`: as `open`, but for user, password and query.
 */
type Mark = "open" | "personal" | "secret" | "address";

/** Masks a personal number or name for display. */
export type Person = (text: string) => string;

/** Shows the value of a field, where a mark does not say enough. */
type Show = (value: unknown, person: Person) => unknown;
export type Marks = Readonly<Record<string, Mark | Show>>;

/** Open with all that is in it, under whatever names. */
export const whole: Show = (value) => value;

/** Who may read what, by the name of a field, wherever it stands. A field that is not here is left out. */
export const fields = {
  ...marked(
    "personal",
    "attendeeId attendeeIds conferenceName did hostAttendeeId hostWebexId name number phone roomNames topic",
  ),
  ...marked(
    "secret",
    "adapterSecrets anonymousId connectData data hybridConnectData hybridToken participant participantCode",
    "recordingSequence sequence subscriber subscriberCode",
  ),
  ...marked("address", "appDetection clientUrl host hybridClientUrl passthroughUrl replyTo url webexHost webexHosts"),
  ...marked(
    "open",
    "accessCodes action actionId actionResult actions adhocInstall again agent agents aheadMs alerts allow",
    "announce answerBy answered answeredAt askAttendeeId askers at attached attempt attempts away",
    "began bridge bridges by call call-out caller callers callMinutes callOuts calls callType clockDiffers closedAnswer",
    "closedMemoryMs command commandId commands conference conferences confirmed confKey count country createdAt createTimeoutMs",
    "customerReference deny detail dialled dialledAt dialledOut differences digits direction disk document",
    "documents domain done droppedBefore dueAt element elsewhere end endAt endedAt endedBy entered enteredAt",
    "epoch error event events expired extCallId extCallIds extConfId extConfIds facts failed failedMs failovers",
    "failure foundAt from fromBridge gatherMs givenUp globalNumbers hostCall hostExtCallId hostName hosts hybrid",
    "hybridEnabled id input inside invitee joinMode joinTone journalRetentionDays keepAlive key keypad kind kinds",
    "knownSince label lastAt lastFailed lastFailure lastGivenUpAt late lateSince left leftAlone leftAt length",
    "life locked logs lost maxCallers maxWaitingTime merge message messages minutes mostCallers moved ms msg",
    "msgId mute muteAll muted mutedSeconds mutes nextAt nobodyActedMs note now object objectId of oldestAt on",
    "oneAttempt orphan orphanConferenceMinutes other outages outcome over overdue participantType path paths",
    "person personal phase policy posts privilege probe probeAt problem prompt protocol publicKey queuedAt",
    "rateLimitPerMinute reason receiver record recording recordingNumber recordsDays recordsPersonal refusal",
    "refused renews repairs report reporting reports result retryDelaysMs returned role room rooms rows runningAt",
    "scheme seamlessSwitch seconds secretFrom sent seq sequences silent since speakers speaking speaks stage",
    "status steps subConfId taken talking text timeoutMs timeZone to tollFreeNumber tollNumber tookMs",
    "transactionMemoryMs transId type unacknowledged unfinished unknown unmuteAll unpostable users waitedMs",
    "waiting waitMs was webex webhooks what why withinMs withoutBridge wrongKeys",
  ),
  /** Of the audit's line in the log: parameters of the API, as the audit has them. */
  about: whole,
  /** What an operator asks: the attendee ID of a call-out may be a meeting's AnonymousID. */
  request: (value: unknown, person: Person) => shown(value, person, { attendeeId: "secret" }),
};

type Words<Line extends string> = Line extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Line;

function marked<const One extends Mark, const Line extends string>(mark: One, ...lines: readonly Line[]) {
  const names = lines.flatMap((line) => line.split(" "));
  return Object.fromEntries(names.map((name) => [name, mark])) as { readonly [Name in Words<Line>]: One };
}

/** A copy of an object as it may be read, at any depth; `own`: marks of fields that mean something else in it. */
export function shown<Value>(value: Value, person: Person, own: Marks = {}): Value {
  return within(value, person, own) as Value;
}

function within(value: unknown, person: Person, own: Marks): unknown {
  if (Array.isArray(value)) return value.map((one) => within(one, person, own));
  if (!isRecord(value)) return value;
  const parts: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) {
    const mark = markOf(name, own);
    const said = mark && partShown(part, mark, person, own);
    if (said !== undefined) parts[name] = said;
  }
  return parts;
}

function partShown(part: unknown, mark: Mark | Show, person: Person, own: Marks): unknown {
  if (Array.isArray(part)) return part.map((one) => partShown(one, mark, person, own));
  if (part === null || part === undefined || part === "") return part;
  if (typeof mark === "function") return mark(part, person);
  if (mark === "secret") return secretText;
  if (typeof part === "object") return mark === "personal" ? shownPhone(part, person) : within(part, person, own);
  if (typeof part !== "string" || mark === "open") return part;
  return mark === "personal" ? person(part) : withoutQuery(part);
}

/** Whether all may read what stands at this path, and so what somebody has put there by mistake. */
export function isOpenAt(path: readonly string[], own: Marks): boolean {
  for (const step of path) {
    if (/^\d+$/.test(step)) continue;
    const mark = markOf(step, own);
    if (mark === whole) return true;
    if (mark !== "open") return false;
  }
  return true;
}

const table: ReadonlyMap<string, Mark | Show> = new Map(Object.entries(fields));

function markOf(name: string, own: Marks): Mark | Show | undefined {
  return Object.hasOwn(own, name) ? own[name] : table.get(name);
}

export const secretText = "(secret)";

/** Only its last two characters, so that a reader can tell two apart. */
export function masked(text: string): string {
  if (text.length <= 2) return text === "" ? "" : "**";
  return `${"*".repeat(Math.min(text.length, 12) - 2)}${text.slice(-2)}`;
}

export const persons = { full: (text) => text, masked, none: () => "" } as const satisfies Record<string, Person>;

/** A secret stays one where somebody has keyed it as a name. */
export function exceptSecrets(person: Person, isSecret: (text: string) => boolean): Person {
  return (text) => (isSecret(text) ? secretText : person(text));
}

/** Of a number that is masked, the last part alone shows its last two characters. */
function shownPhone(phone: object, person: Person): unknown {
  const parts = ["country", "area", "local", "extension"].map(
    (name) => [name, String((phone as Record<string, unknown>)[name] ?? "")] as const,
  );
  const last = parts.findLastIndex(([, text]) => text !== "");
  return Object.fromEntries(
    parts.map(([name, text], index) => {
      const shown = person(text);
      return [name, index < last && shown === masked(text) ? "*".repeat(text.length) : shown];
    }),
  );
}

/** An address without user, password and query. */
export function withoutQuery(text: string): string {
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/?#]*@/i, "$1").replace(/[?#].*$/s, "?…");
}
