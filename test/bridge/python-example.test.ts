import { spawnSync } from "node:child_process";
import { bridgeDriverConformance, programOnTest } from "bridgehead/driver-suite";
import { describe, expect, test } from "vitest";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import { checkBridge } from "../../cli/bridge/bridge-check.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { startProgram } from "../conformance/controlled-bridge.ts";

/** Where Python itself is: what is found by name may be a program of its own that looks for it each time. */
const found = spawnSync("python3", ["-c", "import sys; assert sys.version_info >= (3, 10); print(sys.executable)"], {
  encoding: "utf8",
});
const python = found.status === 0 ? found.stdout.trim() : null;
if (python === null) console.log("docs/examples/bridge.py is not tested: there is no python3 of version 3.10 or newer");
const args = ["-S", "-B", "docs/examples/bridge.py", "{port}"];

describe.skipIf(python === null)("docs/examples/bridge.py", () => {
  bridgeDriverConformance("generic, with the example in Python", () => programOnTest(python ?? "", ...args));

  test("bridge check finds nothing wrong", async () => {
    const [port = 0] = await freePorts(1);
    const program = await startProgram(port, python ?? "", args);
    const lines: string[] = [];
    const url = `ws://127.0.0.1:${port}/bridge`;
    await checkBridge({ url, key: "990019900", ports: driverPorts, settleMs: 50, print: (line) => lines.push(line) });
    await program.stop();

    expect(lines.filter((line) => !line.startsWith("ok"))).toEqual([
      `${lines.length - 1} ok, 0 failed; what needs a telephone was not checked`,
    ]);
  });
});

test("a bridge program that does not run is named with what became of it", async () => {
  await expect(programOnTest(process.execPath, "-e", "process.exit(7)", "{port}")).rejects.toThrow(
    /^the bridge program \S+ -e process.exit\(7\) \d+ does not run: it has ended \(code 7\)$/,
  );
});
