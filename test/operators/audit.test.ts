import { expect, test } from "vitest";
import { type AuditEntry, counted, refusalKind, unknownOutcome, wasDone } from "../../src/operators/audit.ts";

const refused: AuditEntry = {
  at: 1_000,
  person: "anna",
  role: "operator",
  by: "token",
  action: "act",
  actionId: "k1",
  about: { type: "mute", confKey: "5", call: "c1" },
  status: 403,
  refusal: "not allowed",
  from: "192.0.2.1",
};

test.each<[string, Partial<AuditEntry>]>([
  ["at another time", { at: 2_000 }],
  ["under another key", { actionId: "k2" }],
  ["about another call", { about: { type: "mute", confKey: "6", call: "c2" } }],
  ["as another role", { role: "viewer" }],
])("a refusal %s is of the same kind", (_, more) => {
  expect(refusalKind({ ...refused, ...more })).toBe(refusalKind(refused));
  expect(refusalKind(refused)).not.toBeNull();
});

test.each<[string, Partial<AuditEntry>]>([
  ["of another person", { person: "bert" }],
  ["who had signed in otherwise", { by: "session" }],
  ["of another request", { action: "eraseNumber" }],
  ["of another action", { about: { ...refused.about, type: "lock" } }],
  ["with another status", { status: 409 }],
  ["for another reason", { refusal: "too many requests" }],
  ["from another network", { from: "192.0.2.2" }],
])("a refusal %s is of another kind", (_, more) => {
  expect(refusalKind({ ...refused, ...more })).not.toBe(refusalKind(refused));
});

test("refusals from one network of IPv6 are of one kind", () => {
  const from = (address: string) => refusalKind({ ...refused, from: address });
  expect(from("2001:db8::1")).toBe(from("2001:db8::2"));
  expect(from("2001:db8::1")).not.toBe(from("2001:db8:0:1::1"));
});

test("what was done is no refusal, nor is what nobody knows yet", () => {
  expect(refusalKind({ ...refused, status: 202, refusal: null })).toBeNull();
  expect(refusalKind({ ...refused, ...unknownOutcome })).toBeNull();
});

test("two refusals are one entry, the first one's, until when the last was asked", () => {
  const later = { ...refused, at: 5_000, actionId: "k2", from: "" };
  expect(counted(refused, later)).toEqual({ ...refused, count: 2, lastAt: 5_000 });
});

test("entries that stand for several refusals are added up", () => {
  const first = { ...refused, count: 3, lastAt: 2_000 };
  const later = { ...refused, at: 5_000, count: 4, lastAt: 9_000 };
  expect(counted(first, later)).toEqual({ ...refused, count: 7, lastAt: 9_000 });
});

test.each<[string, boolean, Partial<AuditEntry>]>([
  ["what was carried out", true, { status: 202, refusal: null }],
  ["what may have been, as nobody knows yet", true, unknownOutcome],
  ["what was unavailable for another reason", false, { status: 503, refusal: "not written down" }],
  ["what was refused", false, {}],
  ["what was done before under its key", false, { status: 202, refusal: null, repeat: true }],
  ["what may have been, though it was asked before", true, { ...unknownOutcome, repeat: true }],
])("%s counts as done: %j", (_, isDone, more) => {
  expect(wasDone({ ...refused, ...more })).toBe(isDone);
});
