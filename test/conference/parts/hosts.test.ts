import { expect, test } from "vitest";
import { knownHost } from "../../../src/conference/parts/host.ts";
import type { CallId } from "../../../src/foundation/ids.ts";
import { entered } from "../../builders.ts";
import { asked, decided, inside, reported, running } from "./decided.ts";

const invite = {
  type: "call-out",
  extCallId: "77",
  joinMode: "private-talk",
  phone: { country: "1", area: "408", local: "5550123", extension: "" },
};
const chosenHost = { call: "c1" as CallId, attendeeId: "7", number: "4420" };
const comes = (more: object, state: object = {}) =>
  decided({ head: running({ chosenHost }), ...state }, reported(entered({ call: "c2", number: "4420", ...more }))).head
    ?.chosenHost;

test("a host who is known again by its number keeps its attendee ID, and is the host by its call (protocol 4.21)", () => {
  expect(comes({})).toEqual({ ...chosenHost, call: "c2" });
  const [, known] = inside("c1", { number: "4420" });
  expect(knownHost([known], { attendeeIds: [], extCallIds: [] }, chosenHost)).toBe(known);
  const talk = decided(
    { head: running({ chosenHost }), callers: new Map([inside("c1", { number: "4420" })]) },
    asked(invite),
  );
  expect(talk.head?.chosenHost ?? chosenHost).toEqual(chosenHost);
});

test("nobody else is taken for the host: by another number, by none, with an ID of its own, or while others have that number", () => {
  expect(comes({ number: "4421" })).toEqual(chosenHost);
  expect(comes({ attendeeId: "8" })).toEqual(chosenHost);
  expect(comes({ silent: true, muted: true })).toEqual(chosenHost);
  expect(comes({}, { callers: new Map([inside("c3", { number: "4420" })]) })).toEqual(chosenHost);
  const withheld = { ...chosenHost, number: "" };
  expect(comes({ number: "" }, { head: running({ chosenHost: withheld }) })).toEqual(withheld);
});

test("who keys the host's code is the host from the first private talk on", () => {
  expect(comes({ host: true })?.call).toBe("c2");
  expect(comes({ host: true }, { head: running() })).toBeUndefined();
  expect(comes({}, { head: running() })).toBeUndefined();
});

test.each([
  [{ attendeeId: "8" }, {}],
  [{ extCallId: "2" }, {}],
  [{}, { protocol: { host: { attendeeIds: ["8"] } } }],
  [{}, { protocol: { host: { extCallIds: ["2"] } } }],
])("the host is whom the meeting's data name (%j) or the settings (%j)", (namedHost, settings) => {
  const callers = new Map([inside("c1"), inside("c2", { rank: 2, attendeeId: "8", extCallId: "2" })]);
  const { head } = decided({ head: running({ namedHost }), callers }, asked(invite), { settings });
  expect(head?.chosenHost?.call).toBe("c2");
});
