import { spawnSync } from "node:child_process";
import { describe } from "vitest";
import { bridgeDriverConformance } from "../conformance/bridge-driver.ts";
import { programOnTest } from "../conformance/controlled-bridge.ts";

/** Where Python itself is: what is found by name may be a program of its own that looks for it each time. */
const found = spawnSync("python3", ["-c", "import sys; assert sys.version_info >= (3, 10); print(sys.executable)"], {
  encoding: "utf8",
});
const python = found.status === 0 ? found.stdout.trim() : null;
if (python === null) console.log("docs/examples/bridge.py is not tested: there is no python3 of version 3.10 or newer");

describe.skipIf(python === null)("docs/examples/bridge.py", () => {
  bridgeDriverConformance("generic, with the example in Python", () =>
    programOnTest(python ?? "", "-S", "docs/examples/bridge.py", "{port}"),
  );
});
