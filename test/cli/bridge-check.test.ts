import { afterEach, beforeEach, expect, test } from "vitest";
import type { DriverPorts } from "../../bridge-agent/drivers/driver.ts";
import type { OpenSocket } from "../../bridge-agent/link/reconnecting-socket.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import { checkBridge } from "../../cli/bridge/bridge-check.ts";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import type { AgentToBridge, BridgeToAgent } from "../../src/bridge/protocol.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { ok } from "../../src/foundation/result.ts";
import { Clock } from "../kit/clock.ts";

const settleMs = 12_345;
const key = "990019900";

let time: Clock;
let bridge: SimulatedBridge;
beforeEach(async () => {
  time = new Clock();
  bridge = await startSimulatedBridge(0, "boot1", time);
});
afterEach(() => bridge.close());

/** What a check prints that is not `ok`, and whether all is well. While the check waits, the bridge's time passes. */
async function check(openSocket: OpenSocket = driverPorts.openSocket) {
  const lines: string[] = [];
  const timers: DriverPorts["timers"] = {
    after: (ms, run) => {
      if (ms !== settleMs) return driverPorts.timers.after(ms, run);
      bridge.machine.setFaults({ delayMs: 0, refuse: [], down: false });
      time.advance(60_000);
      return driverPorts.timers.after(0, run);
    },
  };
  const ports = { ...driverPorts, random: () => 0, openSocket, timers };
  const url = `ws://127.0.0.1:${bridge.port}/bridge`;
  const good = await checkBridge({ url, key, ports, settleMs, print: (line) => lines.push(line) });
  return { good, complaints: lines.filter((line) => !line.startsWith("ok")) };
}

/** A bridge that says other things than the simulated one. */
function changed(change: (message: BridgeToAgent) => BridgeToAgent): OpenSocket {
  return (url, headers, codec, events) =>
    driverPorts.openSocket(url, headers, codec, {
      ...events,
      message: (message) =>
        events.message(message.ok ? (ok(change(message.value as BridgeToAgent)) as typeof message) : message),
    });
}

test("the simulated bridge does all, and holds nothing of the check afterwards", async () => {
  expect(await check()).toEqual({
    good: true,
    complaints: ["33 ok, 0 failed; what needs a telephone was not checked"],
  });
  expect([...bridge.machine.world.conferences.keys()]).toEqual([]);
});

test("a refusal is shown with what was expected and seen, and what a bridge cannot do at all is no fault", async () => {
  bridge.machine.setFaults({ delayMs: 0, refuse: ["unlock", "report-speakers"], down: false });
  let refusals = 0;
  const cannotReport = changed((message) => {
    if (message.type !== "refused" || message.reason !== "refused") return message;
    refusals += 1;
    return refusals === 3 ? { ...message, reason: "not-supported" } : message; // After `create-conference` and `unlock`.
  });

  const { good, complaints } = await check(cannotReport);

  expect(good).toBe(false);
  expect(complaints).toEqual([
    "FAILED unlock: the state says so",
    '       expected [{"done":true},{"locked":false}]',
    '       seen     [{"done":false,"reason":"refused"},{"locked":true}]',
    "32 ok, 1 failed; what needs a telephone was not checked",
  ]);
});

test("what a bridge says that it cannot do is to be refused, in words that are known", async () => {
  await bridge.close();
  bridge = await startSimulatedBridge(0, "boot1", time, ["lock", "sub-rooms"]);
  expect((await check()).complaints).toEqual(["33 ok, 0 failed; what needs a telephone was not checked"]);

  const others = ["speakers", "teleport"];
  const { complaints } = await check((url, headers, codec, events) => {
    const decode = (text: string) =>
      codec.decode(text.replace(/"cannot":\[.*?\]/, `"cannot":${JSON.stringify(others)}`));
    return driverPorts.openSocket(url, headers, { ...codec, decode }, events);
  });
  expect(complaints).toEqual([
    "FAILED `cannot` in the hello names only what this version knows",
    "       expected []",
    '       seen     ["teleport"]',
    "FAILED report-speakers: the state says so",
    '       expected {"done":false,"reason":"not-supported"}',
    '       seen     {"done":true}',
    "FAILED stop-reporting-speakers: the state says so",
    '       expected {"done":false,"reason":"not-supported"}',
    '       seen     {"done":true}',
    expect.stringMatching(/, 3 failed/),
  ]);
});

test("a state that cannot be read is said, with the field", async () => {
  const { good, complaints } = await check((url, headers, codec, events) => {
    const decode = (text: string) => codec.decode(text.replace('"locked":false,', ""));
    return driverPorts.openSocket(url, headers, { ...codec, decode }, events);
  });

  expect(good).toBe(false);
  expect(complaints).toEqual([
    "FAILED create-conference makes a conference with its owner and one room",
    `nothing else can be checked without the state: the bridge at ws://127.0.0.1:${bridge.port}/bridge is lost: it sent what is not of the bridge protocol: state.conferences.0.locked: is missing`,
    expect.stringMatching(/ ok, 1 failed; what needs a telephone was not checked$/),
  ]);
});

test("a bridge of another version is told at once, and nothing more is asked", async () => {
  const { good, complaints } = await check(
    changed((message) => (message.type === "hello" ? { ...message, version: 2 } : message)),
  );

  expect(good).toBe(false);
  expect(complaints).toEqual([
    "FAILED the bridge accepts a connection, and says hello in version 3 first",
    '       expected {"type":"hello","version":3}',
    '       seen     {"type":"hello","version":2}',
    "nothing else can be checked",
    "0 ok, 1 failed; what needs a telephone was not checked",
  ]);
});

test("a bridge that carries out what was called off is found", async () => {
  let connections = 0;
  const { complaints } = await check((url, headers, codec, events) => {
    connections += 1;
    // No connection takes the place of an older one, and one on which commands are held up is not closed: the bridge goes on with them.
    const own = url.replace("check-agent-2", `check-agent-2-${connections}`);
    const socket = driverPorts.openSocket(own, headers, codec, events);
    let isHeldUp = false;
    return {
      send: (message) => {
        const sent = message as AgentToBridge;
        if (sent.type === "command" && sent.command.type === "create-room" && sent.command.room === "check-late-0") {
          bridge.machine.setFaults({ delayMs: 1_000, refuse: [], down: false });
          isHeldUp = true;
        }
        socket.send(message);
      },
      close: (how) => isHeldUp || socket.close(how),
    };
  });

  expect(complaints[0]).toBe("FAILED a command not begun when its connection closes is never carried out");
  expect(complaints.at(-1)).toBe("32 ok, 1 failed; what needs a telephone was not checked");
});

test("somebody's conference of this key is left alone", async () => {
  const url = `http://127.0.0.1:${bridge.port}/conferences/${key}`;
  await fetch(url, { method: "PUT", body: JSON.stringify({ owner: "acme/bridge-1" }) });

  const { good, complaints } = await check();

  expect(good).toBe(false);
  expect(complaints).toContain(
    `nothing else can be checked; if ${key} is somebody's conference, name another by --key`,
  );
  expect([...bridge.machine.world.conferences.keys()]).toEqual([key as ConfKey]);
});

test("what a check that broke off has left is ended before the next one, and not taken for the bridge's fault", async () => {
  const url = `http://127.0.0.1:${bridge.port}/conferences/${key}`;
  await fetch(url, { method: "PUT", body: JSON.stringify({ owner: "bridgehead-check/bridge" }) });

  expect((await check()).good).toBe(true);
});
