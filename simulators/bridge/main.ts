import { randomBytes } from "node:crypto";
import { portFrom } from "../port.ts";
import { mostCalls } from "./most-calls.ts";
import { startSimulatedBridge } from "./server.ts";

const port = portFrom("SIMULATED_BRIDGE_PORT", 8790, fail);

const calls = mostCalls(fail);

/** The longest time that Node's timers can wait. */
const LONGEST_MS = 2 ** 31 - 1;

const bridge = await startSimulatedBridge(port, randomBytes(4).toString("hex"), {
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, LONGEST_MS));
    return () => clearTimeout(timer);
  },
}).catch((error: NodeJS.ErrnoException) =>
  fail(
    error.code === "EADDRINUSE"
      ? `port ${port} is taken; set SIMULATED_BRIDGE_PORT to a free one`
      : `cannot listen on port ${port}: ${error.message}`,
  ),
);
bridge.machine.world.ports = calls;
console.log(`simulated bridge: http://127.0.0.1:${bridge.port}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await bridge.close();
    process.exit(0);
  });
}

function fail(problem: string): never {
  console.error(`simulated bridge: ${problem}`);
  process.exit(1);
}
