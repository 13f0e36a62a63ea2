/** In a file, texts that stand there once, each with what takes its place. */
type Edits = readonly (readonly [before: string, after: string])[];

/** A small change, as somebody would make it. */
export interface Change {
  readonly name: string;
  /** A pattern that fits the name of what it adds, and no other name. */
  readonly adds: string;
  /** How many files of the product it may take. */
  readonly goal: number;
  /** By path. A file that there is not yet begins empty. */
  readonly files: Readonly<Record<string, Edits>>;
  /** Files that `forgotten` misses, and no type. */
  readonly missedByTests?: readonly string[];
}

export const changes: readonly Change[] = [
  {
    name: "an attribute of a message",
    adds: "clientModel",
    goal: 2,
    files: {
      "src/tsp/messages.ts": [
        [
          '"client-passthrough": documented("A2W_CSPClientPassthrough", "2.3.11", { msgId, extConfId, extCallId, data }),',
          '"client-passthrough": documented("A2W_CSPClientPassthrough", "2.3.11", { msgId, extConfId, extCallId, data, clientModel: required("ClientModel", { kind: "text", max: 64, shown: "open" }) }),',
        ],
      ],
      "src/conference/operator-actions.ts": [
        [
          '{ type: "client-passthrough", extCallId, data }',
          '{ type: "client-passthrough", extCallId, data, clientModel: "any" }',
        ],
      ],
    },
  },
  {
    name: "a message from WebEx",
    adds: "ring-bell",
    goal: 2,
    files: {
      "src/tsp/messages.ts": [
        [
          '  "cancel-call-out": assumed(',
          '  "ring-bell": documented("W2A_RingBell", "2.2.7", callRequest),\n  "cancel-call-out": assumed(',
        ],
        [
          '  "call-out-cancelled": assumed(',
          '  "bell-rung": documented("A2W_RspRingBell", "2.3.1", callAnswer),\n  "call-out-cancelled": assumed(',
        ],
        [
          '  "cancel-call-out": "call-out-cancelled",\n',
          '  "cancel-call-out": "call-out-cancelled",\n  "ring-bell": "bell-rung",\n',
        ],
      ],
      "src/conference/requests.ts": [
        [
          '  "call-out": "no-such-conference",\n',
          '  "call-out": "no-such-conference",\n  "ring-bell": "no-such-conference",\n',
        ],
        [
          '  "update-caller": { needs:',
          '  "ring-bell": { needs: () => [], apply: (draft, message) => draft.answer(requestOf(message), "ok") },\n  "update-caller": { needs:',
        ],
      ],
    },
  },
  {
    name: "a command to the bridge",
    adds: "whisper",
    goal: 5,
    files: {
      "src/bridge/commands.ts": [['"unmute", "expel"]), call }),', '"unmute", "expel", "whisper"]), call }),']],
      "src/bridge/command-rules.ts": [
        [
          "  mute: {\n",
          '  whisper: {\n    says: { act: "whisper to a caller", pending: "does CALL not hear it" },\n    needs: () => null,\n    topic: topicOfCall,\n    undoneBy: null,\n    isInEffect: () => false,\n    refusal: needsCall,\n    effect: () => none,\n  },\n  mute: {\n',
        ],
      ],
      "src/conference/requests.ts": [
        [
          '  draft.issue({ type: "expel", call }, request);',
          '  draft.issue({ type: "whisper", call });\n  draft.issue({ type: "expel", call }, request);',
        ],
      ],
      "src/conference/reports.ts": [
        ['    case "move":\n', '    case "whisper":\n      return draft.answer(request, result);\n    case "move":\n'],
      ],
      "bridge-agent/drivers/asterisk/acts/executor.ts": [
        [
          '      case "move":\n',
          '      case "whisper":\n        return refused("not-supported");\n      case "move":\n',
        ],
      ],
      "simulators/bridge/execute-command.ts": [
        ['    case "report-speakers":\n', '    case "whisper":\n      return done;\n    case "report-speakers":\n'],
      ],
    },
    missedByTests: ["src/conference/requests.ts"],
  },
  {
    name: "something that a bridge may be unable to do",
    adds: "moving",
    goal: 2,
    files: {
      "src/bridge/commands.ts": [
        ['"private-rooms", "speakers"] as const', '"private-rooms", "speakers", "moving"] as const'],
      ],
      "src/bridge/command-rules.ts": [
        [
          'pending: "is CALL not in the other room" },\n    needs: () => null,',
          'pending: "is CALL not in the other room" },\n    needs: () => "moving",',
        ],
      ],
    },
    missedByTests: ["src/bridge/command-rules.ts"],
  },
  {
    name: "a driver",
    adds: "silent",
    goal: 1,
    files: {
      "bridge-agent/drivers/silent/kind.ts": [
        [
          "",
          'import * as v from "valibot";\nimport type { DriverKind } from "../driver.ts";\n\nconst settings = v.strictObject({ type: v.literal("silent") });\n\nexport const silent = {\n  settings,\n  example: { type: "silent" },\n  create: () => {\n    throw new Error("it says nothing");\n  },\n  doctor: { connected: "it is there", advice: () => "" },\n} satisfies DriverKind<v.InferOutput<typeof settings>> & { settings: typeof settings };\n',
        ],
      ],
      "bridge-agent/drivers/registry.ts": [
        ["const registered = { generic, asterisk };", "const registered = { generic, asterisk, silent };"],
        [
          'import { generic } from "./generic.ts";\n',
          'import { generic } from "./generic.ts";\nimport { silent } from "./silent/kind.ts";\n',
        ],
      ],
    },
    missedByTests: ["bridge-agent/drivers/registry.ts"],
  },
  {
    name: "an action of operators on a conference",
    adds: "wave",
    goal: 3,
    files: {
      "src/conference/operator-actions.ts": [
        [
          "  unmute: action({",
          '  wave: action({\n    parameters: { call },\n    needs: ["mute"],\n    title: () => "Wave",\n    asked: { says: "wave at a caller", examples: ofCaller, button: { title: "Wave", key: "w" } },\n    refuse: unlessHere,\n    apply: (draft, { call }) => mute(draft, call, true),\n  }),\n  unmute: action({',
        ],
      ],
      "test/simulation/fact-fold.ts": [
        ['  "hybrid-data": ["conference-changed"],\n', '  "hybrid-data": ["conference-changed"],\n  wave: mutes,\n'],
      ],
    },
  },
  {
    name: "a column of the records",
    adds: "mood",
    goal: 2,
    files: {
      "src/records/call-record.ts": [
        [
          "\n} as const satisfies Columns;",
          '\n  mood: column(word, "how the caller was", ""),\n} as const satisfies Columns;',
        ],
      ],
      "src/conference/records.ts": [
        ['dialled: history.dialled ?? "" },', 'dialled: history.dialled ?? "" },\n    mood: "fine",'],
      ],
    },
  },
  {
    name: "a setting of a domain",
    adds: "greeting",
    goal: 2,
    files: {
      "src/settings/domain-settings.ts": [
        ["  recordsDays: v.optional(", '  greeting: v.optional(open(v.string()), "none"),\n  recordsDays: v.optional('],
        ['"passthroughUrl", "policy", "protocol"]', '"passthroughUrl", "policy", "protocol", "greeting"]'],
      ],
      "src/conference/lifecycle.ts": [
        [
          "  const closedUntil = at + draft.context.settings.closedMemoryMs;",
          "  draft.note(draft.context.settings.greeting);\n  const closedUntil = at + draft.context.settings.closedMemoryMs;",
        ],
      ],
    },
    missedByTests: ["src/conference/lifecycle.ts"],
  },
  {
    name: "a metric",
    adds: "kept",
    goal: 1,
    files: {
      "durable-objects/platform/measures.ts": [
        [
          "  readonly webhooks = this.#counter(",
          '  readonly kept = this.#counter("bridgehead_tallies_total", "Tallies that were kept.", () => []);\n  readonly webhooks = this.#counter(',
        ],
        [
          "    for (const { name: domain, settings } of domains)\n",
          '    this.kept.count({ domain: "" });\n    for (const { name: domain, settings } of domains)\n',
        ],
      ],
    },
  },
  {
    name: "an event of webhooks",
    adds: "conference.locked",
    goal: 2,
    files: {
      "docs/webhooks.md": [["```json\n", '```json\n{"type":"conference.locked","data":{}}\n']],
      "src/records/directory-facts.ts": [
        ['"conference-locked": ["listed", "locked"],', '"conference-locked": ["owed", "locked"],'],
      ],
      "src/records/webhooks.ts": [
        [
          '  "conference-not-created": ended,\n',
          '  "conference-not-created": ended,\n  "conference-locked": { type: "conference.locked", data: ({ locked }, { conference }) => ({ conference, locked }) },\n',
        ],
      ],
    },
    missedByTests: ["src/records/webhooks.ts", "docs/webhooks.md"],
  },
];
