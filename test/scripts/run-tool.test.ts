import { expect, test } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { runTool } from "../../scripts/run-tool.ts";

const limitMs = 60_000;
/** Writes when the system has told that the tool itself is over. */
const late = "(while kill -0 $$ 2>/dev/null; do :; done; echo late) &";

test("the output of a tool is read to its end", async () => {
  expect(await runTool("/bin/sh", ["-c", `echo first; ${late} exit 1`], { timers, limitMs })).toEqual({
    ok: false,
    output: "first\nlate\n",
  });
});

test("a tool that hangs is ended in time, also where a process beyond its reach holds its output", async () => {
  let end = () => {};
  let stray = 0;
  const { ok, output } = await runTool("/bin/sh", ["-c", "setsid tail -f /dev/null & echo $!; wait"], {
    limitMs,
    timers: {
      after: (_, run) => {
        end = run;
        return () => {};
      },
    },
    watch: (text) => {
      stray = Number(text);
      end();
    },
  });
  process.kill(stray);

  expect(ok).toBe(false);
  expect(output).toContain("/bin/sh was ended because it had not finished after 1 minutes");
});

test("a tool that is not there is said to be so", async () => {
  expect(await runTool("/nowhere/tool", [], { timers, limitMs })).toEqual({
    ok: false,
    output: "cannot run /nowhere/tool: spawn /nowhere/tool ENOENT\n",
  });
});
