import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { OperatorRequest } from "../../src/conference/operator-requests.ts";
import { actionBody } from "../../src/http/api/conferences/actions.ts";
import { requests } from "../simulation/operators.ts";

/** `operators`: people ask for it, everywhere. Else who asks by a request of its own. */
const askers = {
  ...{ mute: "operators", unmute: "operators", expel: "operators", move: "operators", lock: "operators" },
  ...{ unlock: "operators", "mute-all": "operators", "unmute-all": "operators", end: "operators" },
  "call-out": "operators",
  passthrough: "the partner's back end",
  "hybrid-data": "the partner's back end",
  "send-again": "people who look at what was given up",
} as const satisfies Record<OperatorRequest["type"], string>;

const actions = Object.entries(askers).flatMap(([type, by]) => (by === "operators" ? [type] : []));

function inApi(): readonly string[] {
  return actionBody.options.flatMap(({ entries: { type } }) => ("literal" in type ? [type.literal] : type.options));
}

function inCommandLine(): readonly string[] {
  const code = readFileSync("cli/operator/actions.ts", "utf8");
  return actions.filter((type) => code.includes(`["${type}", `) || code.includes(`question(program, "${type} `));
}

function inConsole(): readonly string[] {
  const pages = globSync("src/console/**/*.tsx").filter((file) => !file.endsWith("/action-line.tsx"));
  const code = pages.map((file) => readFileSync(file, "utf8")).join("\n");
  return actions.filter((type) => new RegExp(`type=("${type}"|{[^}]*"${type}")`).test(code));
}

test.each([
  ["src/http/api/conferences/actions.ts", inApi()],
  ["cli/operator/actions.ts", inCommandLine()],
  ["src/console", inConsole()],
  ["test/simulation/operators.ts", Object.keys(requests).filter((type) => type !== "send-again")],
])("operators can ask for each action in %s", (_, there) => {
  expect([...there].sort()).toEqual([...actions].sort());
});
