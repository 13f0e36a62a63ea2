import { expect, test } from "vitest";
import { masked, persons, secretText, shown } from "../../src/foundation/shown.ts";
import { createCodec } from "../../src/tsp/codec.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";

const create = {
  type: "create-conference",
  msgId: "m1",
  replyTo: "https://tsp1.example.com/post?token=7",
  extConfId: "7001",
  confKey: "987654321",
  anonymousId: "161803",
  subscriberCode: "314159",
  participantCode: "271828",
  hybridToken: "token",
  conferenceName: "Berth planning",
  hostAttendeeId: "444",
  maxCallers: 5,
} as unknown as FromWebex;

test("who may read what is personal reads no code, token or query of an address", () => {
  expect(shown(create, persons.full)).toEqual({
    ...create,
    replyTo: "https://tsp1.example.com/post?…",
    anonymousId: secretText,
    subscriberCode: secretText,
    participantCode: secretText,
    hybridToken: secretText,
  });
});

test("names of people are shown as is wanted", () => {
  expect(shown(create, masked)).toMatchObject({ conferenceName: "**********ng", hostAttendeeId: "*44" });
});

test("what is hidden has its place in the text on the wire", () => {
  const text = createCodec({}, "webex").encode("1", [shown(create, masked) as never]).text;

  expect(text).toContain('AnonymousID="(secret)"');
  expect(text).toContain('HybridSDKToken="(secret)"');
  expect(text).not.toMatch(/161803|314159|271828|Berth/);
});
