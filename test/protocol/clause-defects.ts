import { allClauses } from "../../conformance/doors/kit.ts";
import { defectsOfRules, type RuleDefect } from "./rule-defects.ts";

type Text = readonly [file: string, before: string, after: string];

/** Changes what the edge writes. */
const writes = (pattern: RegExp, text: string): Text => [
  "src/tsp/codec.ts",
  "body += written.value;",
  `body += written.value.replace(${pattern}, ${JSON.stringify(text)});`,
];

/** Defects for groups of clauses whose rule has none that can be seen from outside. */
const ofOwn: Readonly<Record<string, Text>> = {
  T1: ["durable-objects/node/node-post.ts", 'method: "POST"', 'method: "PUT"'],
  T5: ["src/tsp/codec.ts", "></Confirmation>`", "></Confirmation><A2W_RspCreateConference/>`"],
  T6: [
    "durable-objects/node/http/http-server.ts",
    "async (request, { incoming, outgoing }) => {",
    'async (request, { incoming, outgoing }) => {\n      if (incoming.rawHeaders.includes("CONTENT-TYPE")) return noTarget();',
  ],
  T28: [
    "src/http/webex/adapter.ts",
    "await hooks?.onDisk();",
    "await new Promise((done) => setTimeout(done, 5_000));\n    await hooks?.onDisk();",
  ],
  T30: writes(/(<A2W_Notify.* MsgID=")\d/, "$1"),
  T42: [
    "src/tsp/read.ts",
    'if (!confirmation) return err("',
    'if (!confirmation || root.attributes[0]?.name !== "Name") return err("',
  ],
  T43: [
    "src/conference/decide.ts",
    "applyUndelivered(draft, input.messages, input.of)",
    'draft.issue({ type: "end-conference" })',
  ],
  "1.3": ["src/tsp/codec.ts", 'Version="1.0">', 'Version="1.1">'],
  "2.1": writes(/(<A2W_NotifyUserEnter .*ExtConfID=")/, "$19"),
  "2.2.1": ["src/tsp/fields.ts", "(?:1|true)", "(?:1)"],
  "2.3.1": writes(/(<A2W_RspCallout .*) Result="0"/, '$1 Result="ok"'),
  "2.3.2": writes(/(<A2W_NotifyConferenceChange .*) Status="0"/, '$1 Status="9"'),
  "2.3.3": writes(/(<A2W_NotifyUserEnter .*) ExtCallID="null"/, "$1"),
  "2.3.4": writes(/(<A2W_NotifyUserChange .*) Status="\d"/, "$1"),
  "2.3.5": writes(/SpeakingFlags="Y"/, 'SpeakingFlags="1"'),
  "2.3.6": writes(/(<A2W_NotifySubConferenceChange .*) Status="\d"/, "$1"),
  "2.3.7": writes(/ ActionFlag="\d"/, ""),
  "2.3.8": writes(/(<A2W_NotifyJoinSubConference) MsgID="\d+"/, "$1"),
  "4.2": writes(/ AttendeeID="0+/, ' AttendeeID="'),
  "4.4": writes(/(<A2W_RspCallout .*) Result="(?:6|17)"/, '$1 Result="0"'),
  "4.8": ["src/tsp/messages.ts", '"KeepAlive"', '"KeptAlive"'],
  "4.16": writes(/SpeakingFlags="N"/, 'SpeakingFlags="Y"'),
  "4.18": writes(/ ParticipantType="6"/, ""),
  "4.20": writes(/P0"/, '"'),
  "5.4": [
    "src/tsp/read.ts",
    "} else if (isNeeded(field, message)) {",
    '} else if (element.text === "" && isNeeded(field, message)) {',
  ],
  "5.21": [
    "src/tsp/xml.ts",
    "  const { parser, treeOf } = reader;",
    '  if (/\\s=/.test(text.value)) return err({ line: 1, column: 0, reason: "a blank" });\n  const { parser, treeOf } = reader;',
  ],
  "5.22": ["src/tsp/read.ts", "for (const element of elements) {", "for (const element of elements.slice(0, 1)) {"],
  F2: [
    "src/conference/server/failover.ts",
    "  endTalks(draft);\n",
    '  endTalks(draft);\n  draft.issue({ type: "unlock" });\n',
  ],
  F3: [
    "src/conference/server/failover.ts",
    "else notifyEntered(draft, {",
    "else if (caller.extCallId !== null) notifyEntered(draft, {",
  ],
  T9: [
    "durable-objects/node/node-post.ts",
    "return postBy((url, sent) => exchange(url, sent, mayLeave, asked.isRepeat ? freshAgents : agents), asked);",
    "return new Promise((done) => setTimeout(done, 21_000)).then(() => postBy((url, sent) => exchange(url, sent, mayLeave), asked));",
  ],
};

/** Groups whose defects cannot be planted or seen, and why. */
export const notSeen: Readonly<Record<string, string>> = {
  "1.6": "the page of telephone numbers is not the adapter's",
  "2.3.11": "the edge sends this message only when a partner asks it to",
  T3: "the address is given to the kit",
  T34: "two sequences of numbers may be far apart",
};

/** Clauses that make an adapter send what judged clauses check. */
const traffic: Readonly<Record<string, string>> = {
  "2.3.4": "4.13d",
  "2.3.5": "4.16a",
  "2.3.6": "4.13a",
  "2.3.7": "4.13b",
  "2.3.8": "4.15a",
};

export interface Group {
  readonly name: string;
  /** Ids of its clauses. */
  readonly clauses: readonly string[];
  /** Ids of the clauses to play. */
  readonly plays: readonly string[];
  readonly defects: readonly RuleDefect[];
}

/** The documented clauses by the rules that their ids begin with. */
export const groups: readonly Group[] = [
  ...Map.groupBy(
    allClauses.filter(({ standing, kind }) => standing === "documented" && kind !== "unobservable"),
    ({ id }) => /^[TF]?\d+(?:\.\d+)*/.exec(id)?.[0] ?? id,
  ),
].map(([name, clauses]) => {
  const ids = clauses.map(({ id }) => id);
  const own = ofOwn[name];
  const defects = own ? [{ name, file: own[0], before: own[1], after: own[2] }] : (defectsOfRules.get(name) ?? []);
  return {
    name,
    clauses: ids,
    plays: [...ids, "4.1a", "4.2a", "4.3a", ...(traffic[name] ? [traffic[name]] : [])],
    defects,
  };
});
