import { expect, test } from "vitest";
import { issuedCommand } from "../../src/bridge/commands.ts";
import { bridgeEvent, numberedReport } from "../../src/bridge/events.ts";
import { unjudged } from "../foundation/unjudged.ts";

test("each field of a command, an event and a report says whether it is personal or secret", () => {
  expect([issuedCommand, bridgeEvent, numberedReport].flatMap((schema) => unjudged(schema))).toEqual([]);
});
