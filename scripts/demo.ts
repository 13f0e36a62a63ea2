import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Request } from "../simulators/webex/client.ts";
import { describe, type Told, WebexServer } from "../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, ExtConfId } from "../src/foundation/ids.ts";
import { BridgeControl } from "./bridge-control.ts";
import { LocalRun } from "./local-run.ts";
import { portFrom } from "./local-settings.ts";
import { SequenceDiagram } from "./sequence-diagram.ts";

/** Plays one meeting against the running system, or against one started for it (`npm run demo`). */

const { values: options } = parseArgs({ options: { help: { type: "boolean" } } });
if (options.help) {
  console.log("npm run demo: plays one meeting between a simulated WebEx, Bridgehead and a simulated bridge");
  process.exit(0);
}

const running = await findRunning();
const system = running ?? (await startOne());
const webex = new WebexServer({ adapterUrl: system.adapterUrl });
try {
  await webex.start();
  await play(webex, new BridgeControl(system.bridgeUrl));
  console.log("\nThe meeting went as it should: each request was confirmed, and each answer came.");
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await webex.stop();
  if (system instanceof LocalRun) await system.stop();
}
process.exit();

async function play(webex: WebexServer, bridge: BridgeControl): Promise<void> {
  const coloured = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;
  const diagram = new SequenceDiagram(console.log, coloured);
  const confKey = String(100_000_000 + (Date.now() % 900_000_000)) as ConfKey;
  const extConfId = `E${confKey}` as ExtConfId;
  const handles = { extConfId, replyTo: webex.host };
  const stopWatching = watchBridge(bridge, confKey, diagram);
  webex.onMessage = ({ at, message }) => diagram.arrow("Adapter", "WebEx", short(message), at);

  const ask = async (message: Request) => {
    diagram.arrow("WebEx", "Adapter", short(message));
    const { result } = await webex.client.post(message);
    if (result !== 0) throw new Error(`${describe(message)} was confirmed with Result ${result} instead of 0`);
  };
  const entered = (attendeeId: string) =>
    webex.waitFor(
      `A2W_NotifyUserEnter of attendee ${attendeeId}`,
      (message) => message.type === "caller-entered" && message.attendeeId === attendeeId,
    );
  const answered = (type: Told["type"]) =>
    webex.waitFor(
      `${type} with Result 0`,
      (message) => message.type === type && "result" in message && message.result === "ok",
    );
  const msgId = () => webex.client.msgId();

  await ask({ type: "create-conference", msgId: msgId(), confKey, maxCallers: 10, ...handles });
  await answered("conference-created");
  await webex.waitFor("conference status running", (it) => it.type === "conference-changed" && it.status === "running");

  diagram.event("Alice dials in, keys the conference and 101");
  await bridge.callIn("14085550101", `${confKey}#101#`);
  await entered("101");
  diagram.event("Bob dials in, keys the conference and 102");
  const bob = await bridge.callIn("14085550102", `${confKey}#102#`);
  await entered("102");

  const carol = "9001" as ExtCallId;
  const phone = { country: "1", area: "408", local: "5550103", extension: "" };
  await ask({
    type: "call-out",
    msgId: msgId(),
    extCallId: carol,
    privilege: "speak",
    maxWaitingTime: 30,
    phone,
    ...handles,
  });
  await answered("called-out");
  await webex.waitFor("Carol entering", (it) => it.type === "caller-entered" && it.extCallId === carol);

  await ask({ type: "update-caller", msgId: msgId(), extCallId: carol, privilege: "listen", ...handles });
  await answered("caller-updated");
  await webex.waitFor(
    "Carol muted",
    (it) => it.type === "caller-changed" && it.status === "muted" && it.extCallId === carol,
  );

  diagram.event("Bob hangs up");
  await bridge.hangUp(bob);
  await webex.waitFor("Bob leaving", (it) => it.type === "caller-changed" && it.status === "left");

  await ask({ type: "close-conference", msgId: msgId(), ...handles });
  await answered("conference-closed");
  await webex.waitFor("conference status ended", (it) => it.type === "conference-changed" && it.status === "ended");
  await stopWatching();
}

/** Draws what the bridge was told to do; returns how to stop, which draws the rest. */
function watchBridge(bridge: BridgeControl, confKey: string, diagram: SequenceDiagram): () => Promise<void> {
  let drawn = 0;
  let watching = true;
  const look = async () => {
    for (const { n, act, call, conference, outcome } of await bridge.acts()) {
      if (n <= drawn || conference !== confKey) continue;
      drawn = n;
      diagram.arrow("Adapter", "Bridge", [act, call, outcome === "done" ? null : outcome].filter(Boolean).join(" "));
    }
  };
  const loop = (async () => {
    while (watching) {
      await look();
      await pause(5);
    }
    await look();
  })();
  loop.catch(() => {}); // Told when we stop.
  return () => {
    watching = false;
    return loop;
  };
}

/** The message in a few words: what WebEx engineers look for first. */
function short(message: Request | Told): string {
  const { type } = message;
  const fields = ["status", "result", "attendeeId", "extCallId", "privilege"] as const;
  const shown = fields.flatMap((field) =>
    field in message ? [String((message as Record<string, unknown>)[field])] : [],
  );
  return [type, ...shown].join(" ");
}

/** The system that `npm start` runs on the usual ports, if it does. */
async function findRunning(): Promise<{ adapterUrl: string; bridgeUrl: string } | null> {
  const edgeUrl = `http://127.0.0.1:${portFrom("PORT", 8787)}`;
  const bridgeUrl = `http://127.0.0.1:${portFrom("SIMULATED_BRIDGE_PORT", 8790)}`;
  const answer = await fetch(`${edgeUrl}/readyz`, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
  if (answer?.status !== 200) return null;
  console.log(`using the system that runs at ${edgeUrl}\n`);
  return { adapterUrl: `${edgeUrl}/tsp/local`, bridgeUrl };
}

async function startOne(): Promise<LocalRun> {
  console.log("nothing runs yet: starting a system of its own for this meeting …\n");
  return LocalRun.start();
}
