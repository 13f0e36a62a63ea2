import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CallId, type CommandId, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { began } from "./asterisk-messages.ts";
import { AsteriskWorld, conference, create } from "./asterisk-world.ts";
import type { FakeAsterisk } from "./fake-asterisk.ts";

/* What Asterisk is asked. `waiting` is in the prompt, `inside` in the main room, `apart` elsewhere. */

/** Results and requests, by the title of a row. */
const expected = new Map(
  readFileSync(new URL("asterisk-commands.txt", import.meta.url), "utf8")
    .split("\n\n")
    .map((text) => [/^.*/.exec(text)?.[0], text.trimEnd()]),
);

const [waiting, inside, apart, gone] = ["waiting", "inside", "apart", "gone"] as CallId[] as [
  CallId,
  CallId,
  CallId,
  CallId,
];
const [room, other] = ["r7", "r8"] as [RoomId, RoomId];
const admit = { type: "admit", muted: false, joinTone: false } as const;
const number = { country: "1", area: "408", local: "5551234", extension: "" };

let world: AsteriskWorld;
let driver: AsteriskDriver;
const execute = (command: BridgeCommand, id = "command", where = conference) =>
  driver.execute(id as CommandId, command.type === "expel" && command.call === waiting ? null : where, command);

beforeEach(async () => {
  world = await AsteriskWorld.start();
  const { answers } = world.asterisk;
  const done = { status: 204 };
  for (const bridge of ["main", "side", "command"]) {
    answers[`POST /bridges/bridgehead-${bridge}/addChannel`] = done;
    answers[`POST /bridges/bridgehead-${bridge}/play`] = { status: 201, body: {} };
    answers[`DELETE /bridges/bridgehead-${bridge}`] = done;
  }
  for (const call of [waiting, inside, apart, gone]) {
    for (const act of ["answer", "variable", "mute", "dial"]) answers[`POST /channels/${call}/${act}`] = done;
    answers[`DELETE /channels/${call}/mute`] = done;
    answers[`DELETE /channels/${call}`] = done;
  }
  answers["POST /bridges"] = { status: 200, body: {} };
  driver = await world.startActive();
  await execute(create, "main");
  await execute({ type: "create-room", room, kind: "sub" }, "side");
  for (const call of [waiting, inside, apart]) world.asterisk.send(began(call));
  await expect.poll(() => world.reports.filter(({ type }) => type === "prompted")).toHaveLength(3);
  await execute({ ...admit, call: inside });
  await execute({ ...admit, call: apart });
  await execute({ type: "move", call: apart, room });
  world.asterisk.requests.length = 0;
});
afterEach(() => world.end());

test.each<[string, readonly BridgeCommand[], FakeAsterisk["answers"]]>([
  ["admits", [{ ...admit, call: waiting }], {}],
  ["admits muted", [{ ...admit, call: waiting, muted: true }], {}],
  [
    "admits no muted caller if Asterisk cannot mute it",
    [{ ...admit, call: waiting, muted: true }],
    { "POST /channels/waiting/mute": { status: 412 } },
  ],
  ["admits nobody into a locked conference", [{ type: "lock" }, { ...admit, call: waiting }], {}],
  ["readmits a caller who is inside", [{ ...admit, call: inside }], {}],
  ["admits nobody who is gone", [{ ...admit, call: gone }], {}],
  ["moves", [{ type: "move", call: inside, room }], {}],
  ["moves back", [{ type: "move", call: apart, room: MAIN_ROOM }], {}],
  ["moves nobody out of the prompt", [{ type: "move", call: waiting, room: MAIN_ROOM }], {}],
  ["moves nobody into an unknown room", [{ type: "move", call: inside, room: other }], {}],
  [
    "mutes and unmutes",
    [
      { type: "mute", call: inside },
      { type: "unmute", call: inside },
    ],
    {},
  ],
  [
    "refuses a mute that Asterisk refuses",
    [{ type: "mute", call: inside }],
    { "POST /channels/inside/mute": { status: 412 } },
  ],
  ["mutes nobody in the prompt", [{ type: "mute", call: waiting }], {}],
  ["expels", [{ type: "expel", call: inside }], {}],
  ["expels out of the prompt", [{ type: "expel", call: waiting }], {}],
  ["expels a caller who is gone", [{ type: "expel", call: inside }], { "DELETE /channels/inside": { status: 404 } }],
  [
    "refuses an expel that Asterisk refuses",
    [{ type: "expel", call: inside }],
    { "DELETE /channels/inside": { status: 500 } },
  ],
  ["cancels no call that dialed in", [{ type: "cancel-dial", call: inside }], {}],
  [
    "cancels a dial",
    [
      { type: "dial", call: gone, number, waitMs: 30_000 },
      { type: "cancel-dial", call: gone },
    ],
    {},
  ],
  ["dials no used ID", [{ type: "dial", call: inside, number, waitMs: 30_000 }], {}],
  [
    "creates a room once",
    [
      { type: "create-room", room: other, kind: "sub" },
      { type: "create-room", room: other, kind: "sub" },
    ],
    {},
  ],
  ["creates no main room", [{ type: "create-room", room: MAIN_ROOM, kind: "sub" }], {}],
  ["closes a room and returns its callers", [{ type: "close-room", room }], {}],
  ["closes no main room", [{ type: "close-room", room: MAIN_ROOM }], {}],
  ["ends a conference, its main bridge last", [{ type: "end-conference" }], {}],
  ["renews no conference that is gone", [{ type: "end-conference" }, { ...create, renews: true }], {}],
  ["reports speakers and stops", [{ type: "report-speakers" }, { type: "stop-reporting-speakers" }], {}],
])("%s", async (title, commands, answers) => {
  Object.assign(world.asterisk.answers, answers);
  const results: string[] = [];
  for (const command of commands) {
    const result = await execute(command);
    results.push(result.done === true ? "done" : "reason" in result ? result.reason : "unknown");
  }
  const asked = world.asterisk.requests.map(({ what, parameters }) => {
    const { channel, variable = "" } = parameters;
    const about = channel ?? (String(variable).startsWith("BRIDGEHEAD") ? "notes" : variable);
    return [what, about].filter((part) => part !== "").join(" ");
  });
  // Requests about two calls may reach Asterisk in either order.
  const ofAnyCall = (what: string) => what.replace(/inside|apart/, "");
  const acts = asked
    .filter((what) => !/^GET|events\/user/.test(what))
    .sort((one, next) => (ofAnyCall(one) === ofAnyCall(next) ? one.localeCompare(next) : 0));
  expect([title, `  => ${results.join()}`, ...acts.map((act) => `  ${act}`)].join("\n")).toBe(expected.get(title));
});
