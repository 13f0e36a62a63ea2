import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test, vi } from "vitest";
import { freePorts } from "../../simulators/free-ports.ts";

test("a port that another process was given, and does not use yet, is given to nobody else while that lives", async () => {
  const program =
    'const { freePorts } = await import("./simulators/free-ports.ts"); console.log(...(await freePorts(1)));';
  const other = spawn(process.execPath, ["--input-type=module", "-e", `${program} setTimeout(() => {}, 60_000)`]);
  onTestFinished(() => void other.kill("SIGKILL"));
  const [line] = await once(createInterface(other.stdout), "line");
  const theirs = Number(line);
  const draw = (theirs - 10_000 + 0.5) / 10_000;
  const random = vi.spyOn(Math, "random").mockReturnValueOnce(draw);
  expect(await freePorts(1)).not.toEqual([theirs]);

  other.kill("SIGKILL");
  await once(other, "exit");
  random.mockReturnValueOnce(draw);
  expect(await freePorts(1)).toEqual([theirs]);
  random.mockRestore();
});
