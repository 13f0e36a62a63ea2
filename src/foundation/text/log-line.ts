import { isRecord } from "../record.ts";
import { type Mark, type Person, type Show, showFields } from "../shown.ts";

/** Each field of a line of the edge's log, and who may read it. A field that is not here is not written. */
const marks = {
  ...{ msg: "open", droppedBefore: "open" },
  // Whose it is. A conference's key is what callers key in to enter.
  ...{ domain: "open", bridge: "open", conference: "personal", agent: "open", agents: "open", role: "open" },
  ...{ object: "open", objectId: "open", host: "address", receiver: "open", secret: "open" },
  // What it is about.
  ...{ transId: "open", extConfId: "open", commandId: "open", call: "open", actionId: "open", id: "open" },
  ...{ type: "open", command: "open", message: "open", messages: "open", number: "personal", country: "open" },
  ...{ dialled: "open", action: "open", about: "open", refusal: "open", person: "open", from: "open", of: "open" },
  // What became of it.
  ...{ result: "open", status: "open", outcome: "open", by: "open", why: quoted, detail: quoted, note: quoted },
  ...{ error: "open", kind: "open", path: "open", problem: "open", disk: "open", epoch: "open", to: "open" },
  ...{ attempt: "open", at: "open", nextAt: "open", count: "open", lastAt: "open" },
  ...{ callers: "open", conferences: "open", events: "open", kinds: "open", rows: "open", users: "open" },
  ...{ differences: "open", length: "open", ms: "open", tookMs: "open", failedMs: "open", nobodyActedMs: "open" },
  // How often the bridge held something otherwise.
  ...{ entered: "open", left: "open", muted: "open", moved: "open", speaking: "open", reporting: "open" },
  ...{ locked: "open", room: "open", "call-out": "open", lost: "open", over: "open" },
} as const satisfies Record<string, Mark | Show>;

export type LogFacts = { readonly [Name in keyof typeof marks]?: unknown };

const show = showFields<LogFacts>(marks as Readonly<Record<keyof LogFacts, Mark | Show>>);
/** Ids that we made begin with the conference's key, and a handle of WebEx may contain it. */
const withKey: readonly (keyof LogFacts)[] = [
  "note",
  "call",
  "commandId",
  "extConfId",
  "error",
  "why",
  "detail",
  "about",
];

/** What a line says, as it may be written; `person`: how numbers, quoted values and the keys of conferences are shown. */
export function shownFacts(facts: LogFacts, person: Person): LogFacts {
  const { conference, about } = facts;
  const key = isRecord(about) && typeof about.confKey === "string" ? about.confKey : conference;
  const shown: Record<string, unknown> = { ...show(facts, person) };
  if (typeof key !== "string" || key === "") return shown;
  for (const name of withKey) if (name in shown) shown[name] = withoutKey(shown[name], key, person);
  return shown;
}

function withoutKey(value: unknown, key: string, person: Person): unknown {
  if (typeof value === "string") return value.replaceAll(key, person(key));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutKey(part, key, person)]));
}

/** A sentence that may quote what stood in a message. */
function quoted(value: unknown, person: Person): unknown {
  return typeof value === "string" ? value.replace(/"(.*)"/s, (_, text: string) => `"${person(text)}"`) : undefined;
}
