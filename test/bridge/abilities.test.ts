import { expect, test } from "vitest";
import { abilities, abilityFor } from "../../src/bridge/abilities.ts";
import type { BridgeCommand, CommandType } from "../../src/bridge/commands.ts";

/** Those that abilities depend on, of each type; the compiler asks for a new one. */
const commands: Readonly<Record<CommandType, readonly object[]>> = {
  "create-conference": [{}],
  "end-conference": [{}],
  lock: [{}],
  unlock: [{}],
  "report-speakers": [{}],
  "stop-reporting-speakers": [{}],
  "create-room": [{ kind: "sub" }, { kind: "private" }],
  "close-room": [{}],
  dial: [{}],
  "cancel-dial": [{}],
  mute: [{}],
  unmute: [{}],
  expel: [{}],
  admit: [{ muted: false }, { muted: true }],
  move: [{}],
};

test("each ability is what some command needs", () => {
  const all = Object.entries(commands).flatMap(([type, some]) => some.map((more) => ({ type, ...more })));
  const needed = new Set(all.map((command) => abilityFor(command as object as BridgeCommand)));

  expect(abilities.filter((ability) => !needed.has(ability))).toEqual([]);
});
