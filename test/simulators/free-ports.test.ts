import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test, vi } from "vitest";
import { freePorts } from "../../simulators/free-ports.ts";

test("no port is one that browsers and fetch refuse", async () => {
  const random = vi.spyOn(Math, "random").mockReturnValueOnce(0);
  const [lowest] = await freePorts(1);
  random.mockRestore();
  expect(lowest).toBeGreaterThan(10_080);
});

test("a port that another process was given, and does not use yet, is given to nobody else while that lives", async () => {
  const program =
    'const { freePorts } = await import("./simulators/free-ports.ts"); console.log(...(await freePorts(1)));';
  const other = spawn(process.execPath, ["--input-type=module", "-e", `${program} setTimeout(() => {}, 60_000)`]);
  onTestFinished(() => void other.kill("SIGKILL"));
  const [line] = await once(createInterface(other.stdout), "line");
  const theirs = Number(line);
  const draw = (theirs - 10_081 + 0.5) / 9_919;
  const random = vi.spyOn(Math, "random").mockReturnValueOnce(draw);
  expect(await freePorts(1)).not.toEqual([theirs]);

  other.kill("SIGKILL");
  await once(other, "exit");
  random.mockReturnValueOnce(draw);
  expect(await freePorts(1)).toEqual([theirs]);
  random.mockRestore();
});
