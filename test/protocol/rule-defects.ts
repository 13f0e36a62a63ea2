import type { Defect } from "../simulation/defects/defect.ts";
import { defects } from "../simulation/defects/defects.ts";

export type RuleDefect = Pick<Defect, "name" | "file" | "before" | "after">;

/** Names of simulation defects that break a rule of the protocol. */
const ofSimulation: Readonly<Record<string, readonly string[]>> = {
  T11: ["an answer goes to the server that has the conference"],
  T24: ["a document with an unknown message is refused", "a message that nobody knows is answered as not supported"],
  T28: ["a document is confirmed before it is on disk"],
  T35: ["the id allocator begins again after a restart"],
  T37: ["a failed transaction is given up at once"],
  T38: ["a repeated document acts again"],
  T40: ["a restart forgets which documents were committed"],
  T46: ["two posts are in flight"],
  "4.3": ["a call that is answered enters before WebEx hears of it"],
  "4.4": ["a call-out that failed enters when it is picked up after all"],
  "4.7": ["a close is answered, and nothing is ended"],
  "4.8": ["a conference without WebEx never ends", "a conference without WebEx stays apart"],
  "4.9": ["a failover announces the conference before it answers"],
  "4.10": ["a lock is told before it is answered"],
  "4.11": ["a mute is told before it is answered"],
  "4.12": ["a dropped caller is told as gone before the answer"],
  "4.13": [
    "the return from a sub-conference is told before the caller's state",
    "a closed sub-conference is answered before its calls are back",
    "a move into a sub-conference is told before it is answered",
  ],
  "4.14": ["who leaves from a sub-conference is told as returned"],
  "4.15": [
    "who is in a sub-conference is told before the callers (F7)",
    "a sub-conference is told after who is in it (F7)",
  ],
  "4.16": ["speakers are reported to a server that did not ask"],
  "4.18": ["an agent that takes over does not know who is a silent monitor"],
  "4.19": ["a merge is told of the wrong caller"],
  "4.21": [
    "the host is left in the room of a talk that is over",
    "an invitee who is left alone stays alone",
    "the host of a private talk comes back unmuted",
  ],
  F1: ["a new server does not hear who is muted (F1)"],
  F2: ["a new server hears of the callers before it hears of the conference (F2)"],
  F4: ["a new server does not hear of those who left (F4)"],
  F5: ["a conference that ended unnoticed is created anew (F5)"],
  F7: ["a new server does not hear of sub-conferences (F7)"],
};

type Text = readonly [file: string, before: string, after: string];

/** The other defects by rule: file, text, and the text in its place. */
const ofOwn: Readonly<Record<string, Text>> = {
  T1: ["src/http/webex/adapter.ts", "))?\\/?(?:[?#]|$)/;", "))?(?:[?#]|$)/;"],
  T2: ["src/routing/target-url.ts", "return given;", 'return "http";'],
  T3: ["src/settings/check-domains.ts", "const maxAdapterPath = 45;", "const maxAdapterPath = 100;"],
  T4: ["src/http/webex/adapter.ts", 'return confirm(transId, "ok");', 'return confirm("", "ok");'],
  T5: ["src/routing/deliver.ts", "  else append(unrouted, request.replyTo, answerTo(request, result));\n", ""],
  T6: ["src/tsp/xml.ts", "if (isUtf8(bytes))", "if (bytes.length === 0)"],
  T7: ["src/tsp/xml.ts", "if (!externalDtd.test(text))", 'if (text !== "")'],
  T8: ["src/http/webex/adapter.ts", "status: 405, headers", "status: 404, headers"],
  T10: ["src/routing/deliver.ts", 'if (message.type === "caller-named" || message.type', "if (message.type"],
  T12: ["src/conference/draft.ts", "this.#send(ongoing.host, {", "this.#send(undefined, {"],
  T13: [
    "src/conference/requests.ts",
    "  apply(draft, message, live);\n}",
    "  if (message.replyTo) draft.update({ host: message.replyTo });\n  apply(draft, message, live);\n}",
  ],
  T14: ["src/conference/draft.ts", "else this.#send(host ?? own, answer);", "else this.#send(host, answer);"],
  T15: ["src/routing/target-url.ts", 'const isKept = path !== "/"', 'const isKept = path === "/"'],
  T16: ["src/routing/target-url.ts", "if (!isAllowedHost(settings.hosts, host))", "if (settings.hosts.length === 0)"],
  T20: ["src/tsp/read.ts", "} else if (isNeeded(field, message)) {", "} else if (message.type === undefined) {"],
  T21: ["src/tsp/read.ts", "if (!read.ok) return read;", "if (!read.ok) continue;"],
  T22: ["src/tsp/read.ts", "for (const element of elements) {", "for (const element of elements.toReversed()) {"],
  T23: ["src/tsp/read.ts", "if (!read.ok) return read;", "if (!read.ok) continue;"],
  T25: ["src/tsp/read.ts", "if (!match) continue;", "if (!match) throw new Error(name);"],
  T26: ["src/tsp/vocabulary.ts", "names.get(foldedKey(name)) : undefined", "undefined : undefined"],
  T27: [
    "src/conference/requests.ts",
    "if (!isPossible(needs(message), draft.context.cannot))",
    "if (!isPossible(needs(message), []))",
  ],
  "2.1": ["src/tsp/messages.ts", '"conf-key", max: 64', '"conf-key", max: 5'],
  "2.2.1": ["src/tsp/fields.ts", 'const keysOfLetters = ["abc", "def"', 'const keysOfLetters = ["abd", "cef"'],
  "2.2.4": ["src/tsp/fields.ts", "const separators = /[\\s()./", "const separators = /[\\s"],
  "2.2.8": [
    "src/tsp/messages.ts",
    'aliases: ["ExtSubConfID", "SubConferenceID", "SubExtConfID"]',
    'aliases: ["ExtSubConfID"]',
  ],
  "2.2.9": [
    "src/tsp/messages.ts",
    '  unknown: "message-error",\n} as const',
    '  unknown: "message-error",\n  "caller-named": "caller-updated",\n} as const',
  ],
  "2.3": ["src/tsp/codec.ts", "vocabulary.hostName !== null && server ?", "vocabulary.hostName === null && server ?"],
  "2.3.1": ["src/tsp/messages.ts", "const answer = { msgId, result };", "const answer = { msgId, extConfId, result };"],
  T30: ["src/tsp/fields.ts", "/^[\\w-]{1,32}$/", "/^[\\w-]{11,32}$/"],
  T31: ["src/tsp/id-scheme.ts", "const sequences = 1_000_000;", "const sequences = 100_000;"],
  T32: ["src/tsp/id-scheme.ts", "const firstDay = 2_440_587;", "const firstDay = 2_440_588;"],
  T33: ["simulators/webex/client.ts", "digits(secondsOfDay, 5)", "digits(secondsOfDay, 6)"],
  T34: ["durable-objects/conference/conference-commit.ts", 'nextId("transIds") as', 'nextId("msgIds") as'],
  T36: [
    "durable-objects/ids/id-allocator.ts",
    "    this.#nextTrans = transEnd;\n    this.#isBehind = false;",
    "    this.#isBehind = false;",
  ],
  T39: ["src/tsp/xml.ts", "    reader = newReader();\n    if (!(error", "    if (!(error"],
  T41: ["src/settings/local-domain.ts", "retryDelaysMs: [0, 2_000]", "retryDelaysMs: [0, 3_000]"],
  T42: ["durable-objects/conference/document-post.ts", "if (transId !== row.transId)", 'if (transId === "")'],
  T43: ["src/conference/draft.ts", "    this.debts.set(debtKey(message), message);\n", ""],
  T44: [
    "src/tsp/messages.ts",
    "return { type: answerTypes[type], msgId, result };",
    "return { type: answerTypes[type], msgId: type, result };",
  ],
  T45: [
    "src/conference/server/queue.ts",
    "length > 1);\n  for (const all of shared)",
    "length > 99);\n  for (const all of shared)",
  ],
  "4.1": ["src/conference/lifecycle.ts", "  notifyRunning(draft, running);\n  for", "  for"],
  "4.2": ["src/conference/parts/call-outs.ts", "return isFull ?", "return isFull === null ?"],
  "4.5": [
    "src/conference/parts/call-outs.ts",
    '    draft.answer(request, "ok");\n    return drop(',
    "    return drop(",
  ],
  "4.6": [
    "src/conference/parts/callers.ts",
    '  notifyChange(draft, { ...caller, left: true }, { status: "left" });\n',
    "",
  ],
  "4.17": [
    "src/conference/parts/call-outs.ts",
    'participantType !== "silent-monitor";',
    "participantType !== undefined;",
  ],
  "4.20": ["src/conference/server/conference-status.ts", "  if (!recording) return;", "  if (recording) return;"],
  "4.22": [
    "src/conference/requests.ts",
    "if (settings.passthroughUrl === undefined)",
    "if (settings.passthroughUrl !== undefined)",
  ],
  "6.6": ["src/bridge/dial-sequences.ts", 'if (end !== closing) return closing.startsWith(end) ? "begun" : null;', ""],
  F3: ["src/conference/parts/callers.ts", "...(caller.extCallId !== null && { extCallId: caller.extCallId }),", ""],
  F6: ["src/conference/server/failover.ts", "  endTalks(draft);\n", ""],
  "row 1": [
    "src/tsp/xml.ts",
    'treeOf(blanks === "" ? text.value :',
    "treeOf(blanks === \"\" ? text.value.replaceAll('\";', '\"') :",
  ],
  "row 2": [
    "src/tsp/read.ts",
    "const message: WritableMessage = { type: plan.type };",
    'if (element.children.some(({ name }) => name === "Result")) throw new Error();\n  const message: WritableMessage = { type: plan.type };',
  ],
  "row 3": [
    "src/tsp/xml.ts",
    'treeOf(blanks === "" ? text.value :',
    'treeOf(blanks === "" ? text.value.replaceAll(/[\u201c\u201d]/g, \'"\') :',
  ],
  "row 4": [
    "src/tsp/read.ts",
    "} else if (isNeeded(field, message)) {",
    '} else if (element.text === "" && isNeeded(field, message)) {',
  ],
  "row 5": ["src/routing/target-url.ts", "const host = givenHost.toLowerCase();", "const host = givenHost;"],
  "row 6": ["src/tsp/fields.ts", 'value.toLowerCase() === "null"', 'value === "NULL"'],
  "row 7": [
    "src/conference/parts/speakers.ts",
    "extCallIds: changed.map(({ extCallId }) => extCallId),",
    "extCallIds: changed.map(({ call }) => call),",
  ],
  "row 8": ["src/tsp/fields.ts", "/^[\\w-]{1,32}$/", "/^[\\w-]{11,32}$/"],
  "row 9": ["src/tsp/read.ts", "!name.startsWith(documentName)", "name !== documentName"],
  "row 10": [
    "src/tsp/read.ts",
    'transIds[0]?.text.trim() ?? "";\n  if',
    'root.attributes.find(({ name }) => name === "TransID")?.value ?? transIds[0]?.text.trim() ?? "";\n  if',
  ],
  "row 11": ["src/tsp/messages.ts", 'documented("A2W_RspMessageError"', 'documented("A2W_RspUnknownMessage"'],
  "row 12": ["src/tsp/messages.ts", 'assumed("A2W_RspAddToSubConference"', 'assumed("A2W_RspAddSubConference"'],
  "row 13": ["src/conference/server/failover.ts", "|| includesAll) notifyMuteState", ") notifyMuteState"],
  "row 14": ["src/conference/server/failover.ts", "  notifyRunning(draft, running); // Also", "  // Also"],
  "row 15": [
    "src/conference/requests.ts",
    'message.privilege === "listen" ? "mute"',
    'message.privilege === "speak" ? "mute"',
  ],
  "row 16": ["src/tsp/codec.ts", "sends: ({ type }) => !silent.has(type)", "sends: ({ type }) => type !== undefined"],
  "row 17": [
    "src/conference/server/failover.ts",
    "for (const extCallId of left) draft.notify(",
    "for (const extCallId of []) draft.notify(",
  ],
  "row 18": ["src/tsp/id-scheme.ts", "const prefixes = 100_000;", "const prefixes = 1_000_000;"],
  "row 19": ["simulators/webex/client.ts", "digits(serverId, 2) +", "digits(serverId, 3) +"],
  "row 20": ["src/conference/lifecycle.ts", "if (!notifiesOfEnd(draft, head, message)) return", "return"],
  "row 21": ["src/tsp/codec.ts", 'Version="1.0">', 'Version="1.0" >'],
  "row 24": [
    "src/conference/server/conference-status.ts",
    "if (!hybrid || !request.hybridEnabled)",
    "if (!hybrid || request.hybridEnabled)",
  ],
  "row 25": [
    "src/conference/parts/callers.ts",
    "  if (isAnother) repeatUnderName(draft, named, held);",
    "  if (!isAnother) notifyMuteState(draft, named);\n  else repeatUnderName(draft, named, held);",
  ],
};

/** Visible consequences of breaking a rule that no single change of text can break. */
export const seenInstead: Readonly<Record<string, string>> = {
  T9: "a conference takes longer than 20 s: `npm run bench` measures it",
  "rows 22, 23": "nothing: slips of the page's author, of which nothing follows",
  "rows 26 to 29": "nothing: they are about interfaces that an adapter does not speak",
};

/** Defects by rule. At least one test of the rule must fail with each. */
export const defectsOfRules = new Map<string, readonly RuleDefect[]>([
  ...Object.entries(ofSimulation).map(([rule, names]) => [rule, names.map(ofName)] as const),
  ...Object.entries(ofOwn).map(
    ([rule, [file, before, after]]) => [rule, [{ name: rule, file, before, after }]] as const,
  ),
]);

function ofName(name: string): RuleDefect {
  const defect = defects.find((one) => one.name === name);
  if (!defect) throw new Error(`no planted defect is called "${name}"`);
  return defect;
}
