import { expect, test } from "vitest";
import { bridgehead } from "../../cli/bridgehead.ts";
import { alertsText } from "../../cli/operator/alerts.ts";
import { alertKinds, type FoundAlert, showAlert } from "../../src/operators/alert-kinds.ts";
import { plain } from "./view-examples.ts";

const now = 10_000_000;
const terminal = { ...plain, width: 1_000 };
const away: FoundAlert = { kind: "no-agent", bridge: "main", since: now - 60_000 };
const lost: FoundAlert = { kind: "undelivered", about: "tsp", since: now - 60_000, latest: now, count: 2, sequence: 7 };

test("lists what is so now, then what has happened", () => {
  const [condition, incident] = [showAlert(away, "acme"), showAlert(lost, "acme")];
  expect(alertsText([incident, condition], now, terminal)).toEqual([
    "Now",
    "  No agent is connected, began 1 min 0 s ago",
    `    ${condition.says}`,
    `    ${condition.todo.text}`,
    `    bridgehead acknowledge no-agent:main "…" --seen ${now - 60_000}`,
    "",
    "Happened",
    "  Documents were not delivered, first 1 min 0 s ago, last 0 ms ago",
    `    ${incident.says}`,
    `    ${incident.todo.text}`,
    "    bridgehead servers --resync tsp",
    '    bridgehead acknowledge undelivered:tsp "…" --seen 7',
  ]);
});

test("a seen condition is listed with its note and no command", () => {
  const seen = { upTo: 1, by: "anna", at: now - 1_000, note: "power cut" };
  const alert = { ...showAlert({ ...away, since: null }, "acme"), seen };
  expect(alertsText([alert], now, terminal).slice(1)).toEqual([
    "  No agent is connected",
    `    ${alert.says}`,
    "    Seen by anna, 1.0 s ago: power cut",
  ]);
  expect(alertsText([], now, terminal)).toEqual(["no alerts"]);
});

const program = bridgehead({ edge: () => Promise.reject(new Error("nothing is served")) });

test.each(alertKinds)("the commands of %s name the domain where there are several", (kind) => {
  for (const domain of ["acme", null]) {
    const alert = showAlert({ kind, about: "14085551234", bridge: "main", since: null, why: "open" }, domain);
    const text = alertsText([alert], now, terminal, "other").join("\n");
    expect(text).toContain(`bridgehead acknowledge --domain ${domain ?? "other"} ${alert.id} "…"`);
    for (const [, name, given] of text.matchAll(/^ {4}bridgehead ([a-z-]+)( --domain \w+)?/gm)) {
      const options = program.commands.find((known) => known.name() === name)?.options.map(({ long }) => long);
      expect([name, given !== undefined]).toEqual([name, options?.includes("--domain")]);
    }
  }
});
