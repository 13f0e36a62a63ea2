import { expect, test } from "vitest";
import { abilities } from "../../src/bridge/abilities.ts";
import { commandTypes, needsOf } from "../../src/bridge/command-rules.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";

test("each ability is what some command needs", () => {
  const parameters = [
    { kind: "sub", muted: true },
    { kind: "private", muted: false },
  ];
  const commands = commandTypes.flatMap((type) => parameters.map((some) => ({ type, ...some }) as object));
  const needed = new Set(commands.map((command) => needsOf(command as BridgeCommand)));

  expect(abilities.filter((ability) => !needed.has(ability))).toEqual([]);
});
