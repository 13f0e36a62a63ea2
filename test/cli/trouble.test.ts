import { expect, test } from "vitest";
import { bridgehead } from "../../cli/bridgehead.ts";
import { edgeStatusText, seenMark, statusOfBridge, troubleText } from "../../cli/operator/trouble.ts";
import { showTrouble, type TroubleKind, troubleKinds } from "../../src/operators/trouble-kinds.ts";
import type { AgentView } from "../../src/rpc/relay.ts";
import { plain } from "./view-examples.ts";

const now = 10_000_000;
const terminal = { ...plain, width: 1_000 };

test.each(troubleKinds)("%s is said with since when, what it is, what to do, and how it is acknowledged", (kind) => {
  const one = showTrouble({ kind, about: "one", since: now - 60_000, count: 2, place: 7, why: "away" }, "acme", "main");
  expect(troubleText([one], now, terminal)).toEqual([
    `${one.title}, ${one.endsBy === "mending" ? "for 1 min 0 s" : "first 1 min 0 s ago"}`,
    `  ${one.says}`,
    `  ${one.todo}`,
    `  bridgehead acknowledge ${one.id} "…" --seen 7`,
  ]);
});

const program = bridgehead({ edge: () => Promise.reject(new Error("nothing is served")) });

test.each(troubleKinds)("where there are several domains, each command that %s says names the domain", (kind) => {
  const one = showTrouble({ kind, about: "14085551234", since: null, why: "open" }, "acme", "main");
  const text = troubleText([one], now, terminal, { named: "other" }).slice(2).join("\n");
  const commands = [...text.matchAll(/\bbridgehead ([a-z-]+)( --domain acme)?/g)];

  expect(text).toContain(`bridgehead acknowledge --domain acme ${one.id} "…"`);
  for (const [command, name, domain] of commands) {
    const taken = program.commands.find((known) => known.name() === name)?.options.map(({ long }) => long);
    expect([command, domain !== undefined]).toEqual([command, taken?.includes("--domain")]);
  }
});

test("what concerns the edge as a whole is acknowledged in the domain whose list has it", () => {
  const one = showTrouble({ kind: "time-in-doubt", since: null }, null, null);
  expect(troubleText([one], now, terminal, { named: "other" }).slice(2)).toEqual([
    `  ${one.todo}`,
    '  bridgehead acknowledge --domain other time-in-doubt "…"',
  ]);
});

test("of what lasts, the command to acknowledge it says since when it has; where that moves on, nothing", () => {
  const marked = (kind: TroubleKind, since: number | null) =>
    troubleText([showTrouble({ kind, since }, "acme", "main")], now, terminal).at(-1);
  const line = '  bridgehead acknowledge no-agent:main "…"';
  expect(marked("no-agent", 7_200_000)).toBe(`${line} --seen 1970-01-01T02:00:00.000Z`);
  expect(marked("no-agent", null)).toBe(line);
  expect(marked("commands-late", 7_200_000)).toBe(line.replace("no-agent", "commands-late"));
});

test("what began at a time of the edge that was ahead is not said to have lasted for less than nothing", () => {
  const one = showTrouble({ kind: "no-agent", since: now + 3 * 86_400_000 }, "acme", "main");
  expect(troubleText([one], now, terminal)[0]).toBe("No agent is connected, since a time that lies 3 days ahead");
});

test("what was seen is a place or a time, as the list shows it, and nothing else", () => {
  expect(seenMark("7")).toEqual({ place: 7 });
  expect(seenMark("1970-01-01T02:00:00.000Z")).toEqual({ since: 7_200_000 });
  for (const text of ["", "-1", "0", "7.5", "yesterday", "1970-01-01", "1970-13-01T02:00:00.000Z"])
    expect(() => seenMark(text)).toThrow("It must be as `bridgehead trouble` shows it.");
});

test("what somebody has taken on is said with who and the word; nothing wrong is said, too", () => {
  const one = showTrouble({ kind: "no-agent", since: null }, "acme", "main");
  const acknowledged = { by: "anna", at: now - 1_000, word: "power cut" };
  expect(troubleText([{ ...one, acknowledged }], now, terminal)).toEqual([
    "No agent is connected",
    `  ${one.says}`,
    "  anna, 1.0 s ago: power cut",
  ]);
  expect(troubleText([], now, terminal)).toEqual(["nothing is wrong"]);
  expect(troubleText([], now, terminal, { unknown: ["posts-wait"] })).toEqual(["nothing is known to be wrong"]);
});

test("of a bridge without an agent, or whose relay does not answer, nobody says that it is away", () => {
  const active = (health: AgentView["health"]) => {
    return [{ agent: "agent-1", role: "active", lastSeen: now, health } as const];
  };
  const up = { bridgeUp: true, portsInUse: 3, ports: 40 };
  const found = [active(up), active({ ...up, bridgeUp: false }), null, [], active(null), active({ ...up, ports: 0 })];
  const bridges = found.map((agents, index) =>
    statusOfBridge({ bridge: `b${index}`, agents, drainedSince: index === 5 ? now : null }),
  );
  const edges = { role: "active", acting: null, edges: [] } as const;
  const status = { edges, figures: [{ domain: "acme", figures: [], bridges }], trouble: [], unknown: [] };
  const text = edgeStatusText(status, now, terminal);
  expect(text.slice(1, 7)).toEqual([
    "  bridge b0: up",
    "  bridge b1: away",
    "  bridge b2: not known, its relay does not answer",
    "  bridge b3: no agent",
    "  bridge b4: not known, its agent has not said",
    "  bridge b5: up, takes no calls, drained",
  ]);
});
