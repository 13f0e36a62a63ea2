import { describe, expect, test } from "vitest";
import { reasonOfDial } from "../../bridge-agent/drivers/asterisk/mirror/apply-event.ts";
import {
  bridgeName,
  digitsOf,
  readBridgeName,
  readCallNotes,
} from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { endpointFor, endpointParts } from "../../bridge-agent/drivers/asterisk/settings.ts";
import type { ConfKey, RoomId } from "../../src/foundation/ids.ts";

describe("names of bridges", () => {
  const room = {
    owner: "acme/bridge-1",
    conference: "987654321" as ConfKey,
    room: "a room 7%" as RoomId,
    kind: "sub",
  } as const;

  test("are read as they were written, whatever stands in them", () => {
    expect(readBridgeName(bridgeName(room))).toEqual(room);
  });

  test.each([
    "",
    "conf-1",
    "bridgehead",
    "bridgehead a b c",
    "bridgehead a b c other",
    "bridgehead %E0 b main main",
    "bridgehead  b main main",
    "bridgehead a b c main",
    "bridgehead a b main sub",
    "other a b main main",
  ])("of others are nobody's of ours: %j", (name) => {
    expect(readBridgeName(name)).toBeNull();
  });
});

test.each(["", "hello", "{}", '{"direction":"in"}'])("notes of others count as none: %j", (text) => {
  expect(readCallNotes(text)).toBeNull();
});

test.each([
  ["14085551234", "14085551234"],
  ["+1 (408) 555-1234", "14085551234"],
  ["anonymous", ""],
  ["line 12", ""],
  ["", ""],
  [undefined, ""],
])("the number %j is %j in digits", (number, digits) => {
  expect(digitsOf(number)).toBe(digits);
});

describe("the end of a dialled call that nobody answered", () => {
  test.each([
    [17, "BUSY", "busy"],
    [0, "BUSY", "busy"],
    [21, "NOANSWER", "rejected"],
    [21, "BUSY", "rejected"],
    [1, "NOANSWER", "invalid-number"],
    [28, null, "invalid-number"],
    [19, null, "no-answer"],
    [0, "RINGING", "no-answer"],
    [0, null, "no-answer"],
    [34, "CONGESTION", "refused"],
    [0, "CONGESTION", "refused"],
    [16, null, "refused"],
    [127, null, "refused"],
  ] as const)("with cause %d and %s is %s", (cause, dialStatus, reason) => {
    expect(reasonOfDial({ cause, dialStatus })).toBe(reason);
  });
});

test.each([
  ["PJSIP/{number}@trunk", "PJSIP/14085551234@trunk", "PJSIP", "trunk"],
  ["PJSIP/trunk/sip:{number}@sip.example.com", "PJSIP/trunk/sip:14085551234@sip.example.com", "PJSIP", "trunk"],
  ["Local/{number}@phones", "Local/14085551234@phones", "Local", "phones"],
  ["DAHDI/g1/{number}", "DAHDI/g1/14085551234", "DAHDI", "g1"],
])("the endpoint %s is dialled as %s, by %s's %s", (pattern, endpoint, technology, resource) => {
  expect(endpointFor(pattern, "14085551234")).toBe(endpoint);
  expect(endpointParts(pattern)).toEqual({ technology, resource });
});
