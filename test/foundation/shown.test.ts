import { expect, test } from "vitest";
import type { CallView } from "../../bridge-agent/run.ts";
import type { Note } from "../../bridge-agent/service/log.ts";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { Fact } from "../../src/conference/facts.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { exceptSecrets, type fields, masked, type Person, persons, shown } from "../../src/foundation/shown.ts";
import { shownFacts } from "../../src/foundation/text/log-line.ts";
import type { HostPosts } from "../../src/records/activity.ts";
import type { CallRow, ConferenceRow, PromptRow } from "../../src/records/rows.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import type { WebhookView } from "../../src/rpc/directory.ts";
import type { WaitingDocuments } from "../../src/rpc/directory-feed.ts";
import type { DomainSettings, ofSettings } from "../../src/settings/domain-settings.ts";
import type { FromWebex, ToWebex } from "../../src/tsp/messages.ts";

type Table = typeof fields;
/** Names that decide for all that is in their value. */
type Whole = { [Name in keyof Table]: Table[Name] extends "open" | "address" ? never : Name }[keyof Table];
/** The names of fields at any depth. */
type KeysOf<Value, Stop = Whole> = Value extends string | number | boolean | null | undefined
  ? never
  : Value extends readonly (infer Item)[]
    ? KeysOf<Item, Stop>
    : { [Key in keyof Value & string]-?: Key | (Key extends Stop ? never : KeysOf<Value[Key], Stop>) }[keyof Value &
        string];

type OfConference = Fact | ConferenceInput | IssuedCommand | FromWebex | ToWebex | ConferenceView;
type OfDirectory = CallRow | ConferenceRow | PromptRow | HostPosts | WebhookView | WaitingDocuments;
type OfAgent = Omit<Note, "level"> | CallView;

test("each field that is shown says who may read it", () => {
  const ofTypes: never[] = [] as Exclude<KeysOf<OfConference | OfDirectory | OfAgent>, keyof Table>[];
  const ofRequests: never[] = [] as Exclude<KeysOf<ConferenceInput, Exclude<Whole, "request">>, keyof Table>[];
  type Own = keyof typeof ofSettings;
  const settings: never[] = [] as Exclude<KeysOf<DomainSettings, Whole | Own>, Own | keyof Table>[];
  expect([ofTypes, ofRequests, settings]).toEqual([[], [], []]);
});

const call = {
  call: "c1",
  number: "14085551234",
  subscriber: "4711",
  anonymousId: null,
  callers: [{ topic: "", attendeeId: "44455", muted: true, count: 2 }],
};
const shownCall = (person: Person, more = {}) => shown({ ...call, ...more }, person);

test("of what is personal the last two characters are shown, of a secret nothing", () => {
  const callers = [{ topic: "", attendeeId: "***55", muted: true, count: 2 }];
  expect(shownCall(masked)).toEqual({ ...call, number: "*********34", subscriber: "(secret)", callers });
  expect(shownCall(persons.full)).toEqual({ ...call, subscriber: "(secret)" });
  expect(shownCall(persons.none)).toMatchObject({ number: "", callers: [{ attendeeId: "" }] });
});

test("what nobody has judged is not shown, also where another version has written it", () => {
  const later = { later: "14085551234", callers: [{ later: "4711", call: { later: 1 } }], constructor: "c" };

  expect(shownCall(persons.full, later)).toEqual({ ...call, subscriber: "(secret)", callers: [{ call: {} }] });
});

test("of an address neither user nor password nor query is shown", () => {
  const hosts = ["https://ann:pass@tsp.example.com/a?token=1#x", "tsp.example.com:8080", "tsp.example.com/a?token=1"];

  expect(shown({ webexHosts: hosts, host: true }, persons.full)).toEqual({
    webexHosts: ["https://tsp.example.com/a?…", "tsp.example.com:8080", "tsp.example.com/a?…"],
    host: true,
  });
});

test("a number to be dialled keeps its form", () => {
  const phone = { country: "1", area: "408", local: "5551234", extension: "" };

  expect(shown({ phone }, masked)).toEqual({
    phone: { country: "*", area: "***", local: "*****34", extension: "" },
  });
  expect(shown({ phone }, persons.full)).toEqual({ phone });
});

test("whatever a secret is, and wherever somebody has keyed it as a name, it is shown to nobody", () => {
  const person = exceptSecrets(persons.full, (text) => text === "4711");
  const said = { number: "4711", data: { all: ["4711"] }, adapterSecrets: ["4711"] };

  expect(shown(said, person)).toEqual({ number: "(secret)", data: "(secret)", adapterSecrets: ["(secret)"] });
  expect(shown({ request: { type: "call-out", attendeeId: "4711" } }, persons.full).request.attendeeId).toBe(
    "(secret)",
  );
});

test("a line of the log hides keys of conferences and what it quotes", () => {
  const line = { conference: "98765", call: "98765.2.a", why: 'is "Ann", a name', number: "14085551234" };

  expect(shownFacts(line, masked)).toEqual({
    conference: "***65",
    call: "***65.2.a",
    why: 'is "*nn", a name',
    number: "*********34",
  });
  expect(shownFacts(line, persons.full)).toEqual(line);
});
