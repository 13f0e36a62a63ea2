import { expect, test } from "vitest";
import { executionForLog } from "../../bridge-agent/log.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey, RoomId } from "../../src/foundation/ids.ts";

const conference = "987654321" as ConfKey;
const id = "987654321.2.abc" as CommandId;
const call = "c" as CallId;
const number = { country: "1", area: "408", local: "5551234", extension: "9911" };
const commands: BridgeCommand[] = [
  { type: "move", call: "987654321.3.abc" as CallId, room: "987654321.4.abc" as RoomId },
  { type: "dial", call, number, waitMs: 1 },
  { type: "admit", call, muted: false, joinTone: true, attendeeId: "44455" },
  { type: "create-conference", maxCallers: 5, anonymousId: "77788" },
];

test("the log shows no phone number, attendee ID or key, but two of them can be told apart", () => {
  const shown = commands.map((command) => executionForLog({ id, conference, command }, false));

  expect(shown).toEqual([
    {
      id: "*******21.2.abc",
      conference: "*******21",
      command: "move",
      call: "*******21.3.abc",
      room: "*******21.4.abc",
    },
    { id: "*******21.2.abc", conference: "*******21", command: "dial", call: "c", number: "*********34", waitMs: 1 },
    {
      id: "*******21.2.abc",
      conference: "*******21",
      command: "admit",
      call: "c",
      muted: false,
      joinTone: true,
      attendeeId: "***55",
    },
    {
      id: "*******21.2.abc",
      conference: "*******21",
      command: "create-conference",
      maxCallers: 5,
      anonymousId: "***88",
    },
  ]);
});

test("where the settings want it, the log shows them as they are", () => {
  const shown = commands.map((command) => executionForLog({ id, conference, command }, true));

  expect(shown).toMatchObject([
    { call: "987654321.3.abc" },
    { number: "14085551234", conference },
    { attendeeId: "44455" },
    { anonymousId: "77788" },
  ]);
});

test("a caller who is in no conference yet has none in the log", () => {
  expect(executionForLog({ id, conference: null, command: { type: "expel", call } }, false)).toEqual({
    id,
    conference: null,
    command: "expel",
    call: "c",
  });
});

test("a short code is hidden whole", () => {
  const admit: BridgeCommand = { type: "admit", call, muted: false, joinTone: true, attendeeId: "42" };

  expect(executionForLog({ id, conference, command: admit }, false)).toMatchObject({ attendeeId: "**" });
});
