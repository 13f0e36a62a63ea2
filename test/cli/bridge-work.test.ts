import { expect, test } from "vitest";
import { actingOn, drained } from "../../cli/bridge/bridge-work.ts";
import { StartError } from "../../cli/edge/program.ts";
import type { AgentsOfBridge } from "../../cli/operator/operator-client.ts";

const health = { bridgeUp: true, portsInUse: 0, ports: null };
const acts = { agent: "agent-1", role: "active", lastSeen: 1, health } as const;
const bridge: AgentsOfBridge = { domain: "local", bridge: "main", drainedSince: 5, load: null, agents: [acts] };

/** Looks again and again at these, the last one for ever. */
function looks(...found: (Partial<AgentsOfBridge> | Error)[]) {
  let looked = 0;
  return async () => {
    const next = found[Math.min(looked++, found.length - 1)];
    if (next instanceof Error) throw next;
    return { ...bridge, ...next };
  };
}

async function shown(look: () => Promise<AgentsOfBridge>, untilEmpty: boolean) {
  const lines: string[] = [];
  const found = await drained(
    look,
    untilEmpty,
    (line) => lines.push(line),
    async () => {},
  );
  return { lines, load: found.load };
}

const left = (conferences: number, callers: number) => ({ load: { conferences, callers } });

test("a drained bridge is watched until its last conference has ended, each change once", async () => {
  const look = looks(left(2, 9), left(2, 9), new StartError("no edge answers"), left(1, 1), { load: null }, left(0, 0));
  expect(await shown(look, true)).toEqual({
    lines: [
      "main is drained: 2 conferences left, with 9 callers",
      "no edge answers; retrying",
      "main is drained: 1 conference left, with 1 caller",
      "main is drained: conferences left: not known, the directory did not respond",
      "main is drained: no conference is left",
    ],
    load: { conferences: 0, callers: 0 },
  });
});

test("while no agent says what a drained bridge does, nobody knows who is left", async () => {
  const unread = { ...acts, health: { ...health, portsUnread: true as const } };
  const down = { ...acts, health: { ...health, bridgeUp: false } };
  for (const agents of [null, [], [unread], [down], [{ ...acts, role: "standby" as const }]])
    expect((await shown(looks({ ...left(2, 9), agents }), false)).lines).toEqual([
      "main is drained: 2 conferences left, with about 9 callers, not known for main",
    ]);
});

test("looks once without --wait", async () => {
  expect((await shown(looks(left(2, 9), left(0, 0)), false)).load).toEqual({ conferences: 2, callers: 9 });
});

test("a drain that somebody takes back ends the wait", async () => {
  const look = looks(left(2, 9), { ...left(3, 9), drainedSince: null });
  await expect(shown(look, true)).rejects.toThrow("main accepts new conferences again");
});

test("the agent that acts hands over; one whose socket is gone does not act", () => {
  const agent = { agent: "agent-1", role: "active", lastSeen: 5, health } as const;
  const standby = { ...agent, agent: "agent-2", role: "standby" } as const;
  expect(actingOn({ ...bridge, agents: [standby, agent] })).toBe("agent-1");
  for (const agents of [null, [], [standby], [{ ...agent, lastSeen: null }]])
    expect(() => actingOn({ ...bridge, agents })).toThrow("No agent is active on main");
});
