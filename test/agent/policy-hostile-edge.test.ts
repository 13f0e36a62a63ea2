import { expect, test } from "vitest";
import { type PolicySettings, policyReasons } from "../../bridge-agent/core/policy.ts";
import { Draws } from "../../simulators/draws.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import { decodeEdgeToAgent } from "../../src/link/messages.ts";
import { AgentWorld } from "./agent-world.ts";

/** At night, 100,000. */
const commands = Number(process.env.COMMANDS ?? 30_000);
const policy = {
  allow: ["+1408", "+44"],
  deny: ["+1408900", "+4490"],
  callsPerMinute: 20,
  callsAtOnce: 8,
  longestCallMinutes: 3,
  longestConferenceMinutes: 5,
  promptCalls: 3,
} as const satisfies PolicySettings;
/** The same, said in another way. */
const allowed = /^(1408(?!900)|44(?!90))\d+$/;
const ours = ["111", "222", "333"];
const foreign = "999" as ConfKey;

/** An edge in wrong hands, or whoever has its place: it has the agent's link, and says what it likes. */
class HostileEdge {
  readonly #draws = new Draws(11, "hostile edge");
  readonly #history: string[] = [];
  /** The calls that it has ever named. */
  readonly #calls: string[] = ["foreign-call"];
  readonly #ids: string[] = [];
  #count = 0;

  get draws(): Draws {
    return this.#draws;
  }

  /** One message, and how many commands it has. `isNew`: none of it has been said before, or is said again. */
  message(epoch: number, isNew: boolean): { readonly text: string; readonly ids: readonly string[] } {
    const draws = this.#draws;
    const conference = draws.pick([...ours, ...ours, foreign]);
    const commands = Array.from({ length: draws.between(1, 6) }, () => this.#command(isNew));
    const text = JSON.stringify({ type: "commands", epoch, conference, commands });
    if (!isNew) this.#history.push(text);
    return { text, ids: commands.map(({ id }) => `${conference} ${id}`) };
  }

  /** One that was said before, whole or with a character changed. */
  replay(): string {
    const text = this.#draws.pick(this.#history.slice(-200)) ?? "";
    if (this.#draws.chance(0.7)) return text;
    const at = this.#draws.between(0, text.length);
    return text.slice(0, at) + this.#draws.pick([..."0194+\"'}w@"]) + text.slice(at + 1);
  }

  #command(isNew: boolean): { readonly id: string; readonly command: object } {
    const draws = this.#draws;
    const isRepeated = !isNew && this.#ids.length > 0 && draws.chance(0.1);
    // A changed character of a replay must not make the one of the other.
    const id = isRepeated ? (draws.pick(this.#ids) ?? "") : `${isNew ? "new" : "command"}-${++this.#count}`;
    if (!isNew) this.#ids.push(id);
    const more = draws.chance(0.1) ? { again: true } : draws.chance(0.1) ? { withinMs: draws.between(0, 400) } : {};
    return { id, command: this.#body(), ...more };
  }

  #body(): object {
    const draws = this.#draws;
    const call = draws.chance(0.95) ? draws.pick(this.#calls.slice(-30)) : "foreign-call";
    const type = draws.weighted({
      dial: 55,
      expel: 4,
      "cancel-dial": 4,
      admit: 8,
      move: 4,
      mute: 4,
      unmute: 4,
      "create-conference": 6,
      "end-conference": 0.1,
      lock: 1,
      unlock: 3,
      "report-speakers": 1,
      "create-room": 1,
      "close-room": 1,
      "format-disk": 1,
    });
    if (type === "dial") {
      const dialled = draws.chance(0.9) ? `call-${++this.#count}` : call;
      this.#calls.push(dialled ?? "");
      const waitMs = draws.pick([1_000, 60_000, Number.MAX_SAFE_INTEGER]);
      return { type, call: dialled, number: this.#number(), waitMs };
    }
    const entry = { muted: draws.chance(0.5), joinTone: true, attendeeId: null };
    return { type, call, room: draws.pick(["main", "r1"]), kind: "sub", maxCallers: null, anonymousId: null, ...entry };
  }

  #number(): object {
    const draws = this.#draws;
    const local = String(draws.between(1_000_000, 9_999_999));
    const country = draws.pick(["1", "1", "1", "44", "44", "49", "1408", "01144", "", "+1"]);
    const area = draws.pick(["408", "408", "900", "242", "", "90", "408/sip"]);
    const begin = draws.pick(["", "", "", "900", "90"]);
    const end = draws.chance(0.05) ? draws.pick(["@evil.example", "&SIP/2", "w9", " "]) : "";
    return {
      country,
      area,
      local: `${begin}${local}${end}`,
      extension: draws.chance(0.95) ? "" : draws.pick(["1,,2", "12345678901"]),
    };
  }
}

test(`of ${commands} commands of an edge in wrong hands none is carried out against the policy, and none twice`, () => {
  const world = new AgentWorld(policy);
  const edge = new HostileEdge();
  const { draws } = edge;
  const dials: { readonly at: number; readonly number: string; readonly extension: string }[] = [];
  const forbidden = new Set<string>();
  const begun: string[] = [];
  const dialledNow = () => [...world.machine.world.calls.values()].filter(({ direction }) => direction === "out");
  let mostDialled = 0;
  world.onExecute = ({ id, conference, command }) => {
    begun.push(`${conference} ${id}`);
    if (command.type !== "dial") return;
    const { country, area, local, extension } = command.number;
    dials.push({ at: world.now, number: country + area + local, extension });
  };
  const { world: held } = world.machine;
  held.addConference(foreign, "another/owner");
  const theirs = { id: "foreign-call" as CallId, direction: "in", number: "1", dialled: "2", extension: null } as const;
  Object.assign(held.addCall({ ...theirs, conference: foreign, stage: "entered" }), { room: "main" });
  const before = JSON.stringify([held.conferences.get(foreign), held.calls.get(theirs.id)].map(withRooms));
  world.epoch = 10;
  world.activeSince = 10;
  world.connect();
  world.settle();

  let said = 0;
  const delayed: string[] = [];
  while (said < commands) {
    const how = draws.weighted({
      now: 60,
      later: 15,
      replayed: 15,
      outdated: 5,
      unheard: 5,
      restart: 0.02,
      bridge: 0.02,
    });
    const hear = (text: string) => {
      const decoded = decodeEdgeToAgent(text);
      if (!decoded.ok) return;
      if (decoded.value.type === "commands") said += decoded.value.commands.length;
      world.tell(decoded.value);
    };
    if (how === "now") hear(edge.message(world.epoch, false).text);
    else if (how === "later") {
      delayed.push(edge.message(world.epoch, false).text);
      if (delayed.length > 10) hear(delayed.splice(draws.between(0, delayed.length), 1)[0] ?? "");
    } else if (how === "replayed") hear(edge.replay());
    else if (how === "outdated") {
      const { text, ids } = edge.message(world.epoch - draws.between(1, 5), true);
      for (const id of ids) forbidden.add(id);
      hear(text);
    } else if (how === "unheard") {
      // To a standby, or over a link that was given up. Conferences in which nobody stays begin anew by the first.
      if (draws.chance(0.05)) world.connectEdge("standby");
      else world.loseEdge();
      const { text, ids } = edge.message(world.epoch, true);
      for (const id of ids) forbidden.add(id);
      hear(text);
      world.settle();
      world.connectEdge();
    } else if (how === "restart") world.restart();
    else {
      world.loseBridge();
      world.settle();
      world.connectBridge();
    }
    if (draws.chance(0.02)) world.machine.dialIn(draws.pick(["14085550001", ""]) ?? "", "");
    world.settle();
    if (draws.chance(0.2)) world.pass(200);
    if (draws.chance(0.02)) world.pass(draws.between(1, 40) * 1_000);
    if (draws.chance(0.01)) world.machine.setFaults({ delayMs: draws.pick([0, 0, 300]) ?? 0, refuse: [], down: false });
    mostDialled = Math.max(mostDialled, dialledNow().length);
  }

  expect(dials.filter(({ number, extension }) => !allowed.test(number) || extension !== "")).toEqual([]);
  expect(dials.filter(({ at }, n) => at - (dials[n - policy.callsPerMinute]?.at ?? 0) < 60_000)).toEqual([]);
  expect(mostDialled).toBe(policy.callsAtOnce);
  expect(begun.filter((id) => forbidden.has(id))).toEqual([]);
  const done = world.machine.acts.flatMap(({ outcome, conference, commandId }) =>
    outcome === "done" && !commandId.startsWith("keypad-") ? [`${conference} ${commandId}`] : [],
  );
  expect(done.length - new Set(done).size).toBe(0);
  const after = JSON.stringify([held.conferences.get(foreign), held.calls.get(theirs.id)].map(withRooms));
  expect(after).toBe(before);
  // The test is worth something: it was tried in each way, and what is right was done.
  const acts = Map.groupBy(world.policyActs, (reason) => reason);
  expect([...acts.keys()].sort()).toEqual(Object.keys(policyReasons).sort());
  expect(dials.length).toBeGreaterThan(300);
}, 120_000);

function withRooms(value: object | undefined): object {
  return { ...value, ...(value && "rooms" in value && { rooms: [...(value.rooms as Map<string, string>)] }) };
}
