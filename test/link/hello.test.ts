import { expect, test } from "vitest";
import { decodeHello, encodeHello, type Hello, helloText, refusal } from "../../src/link/hello.ts";

const hello: Hello = {
  version: 1,
  agent: "agent-1 in Zürich",
  domain: "local",
  bridge: "simulated",
  at: 1_000_000,
  challenge: "c1",
  key: "k",
  signature: "A".repeat(86),
};

test("a hello arrives as it was said, in the characters of a header", () => {
  expect(encodeHello(hello)).toMatch(/^[!-~]+$/);
  expect(decodeHello(encodeHello(hello))).toEqual({ ok: true, value: hello });
});

test("what is signed ties the hello to version, domain, bridge, agent, time and challenge", () => {
  expect(helloText(hello)).toBe("bridgehead-agent\n1\nlocal\nsimulated\nagent-1 in Zürich\n1000000\nc1");
});

test.each<[string, string | null]>([
  ["none", null],
  ["no JSON", "hello"],
  ["half a character", "%E4"],
  ["no object", "null"],
  ["a signature that is too short", encodeHello({ ...hello, signature: "A" })],
  ["a hello without a key", encodeURIComponent(JSON.stringify({ ...hello, key: undefined }))],
])("%s is no hello", (_what, header) => {
  expect(decodeHello(header)).toEqual({ ok: false, error: "badMessage" });
});

test("an edge passes over what a newer agent says in its hello, and takes the hello of an older one", () => {
  const idLimit = { place: 7, by: "a life" };
  expect(decodeHello(encodeHello({ ...hello, idLimit }))).toEqual({ ok: true, value: { ...hello, idLimit } });
  expect(helloText({ ...hello, ...{ idLimit } })).toBe(helloText(hello));
  const newer = { ...hello, laterThanThis: 1 };
  expect(decodeHello(encodeHello(newer))).toEqual({ ok: true, value: hello });
  expect(decodeHello(encodeHello({ ...hello, idLimit: { place: -1, by: "" } }))).toEqual({
    ok: false,
    error: "badMessage",
  });
});

test("of another version it is known that it is one, whatever else it says", () => {
  expect(decodeHello(encodeURIComponent('{"version":2,"who":"me"}'))).toEqual({ ok: false, error: "oldVersion" });
});

test("a refusal says what a close frame would say", () => {
  expect(refusal("wrongKey")).toEqual({ "bridgehead-refusal": "4401 wrongKey" });
  expect(refusal("replayed", "c2")).toEqual({ "bridgehead-refusal": "4402 c2" });
});
