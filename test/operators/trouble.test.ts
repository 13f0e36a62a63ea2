import { expect, test } from "vitest";
import {
  type Acknowledgement,
  bridgeTrouble,
  type FoundBridge,
  type FoundDomain,
  isAnother,
  isDown,
  isOpen,
  type KnownTrouble,
  troubleOf,
  unknownKinds,
} from "../../src/operators/trouble.ts";
import { showTrouble, sourcesOf, troubleKinds, unknownText } from "../../src/operators/trouble-kinds.ts";

const now = 1_000_000_000;
const dayMs = 86_400_000;
const well = { agentConnected: true, bridgeUp: true, portsInUse: 0, ports: 10 };

function knows(more: Partial<KnownTrouble> = {}): KnownTrouble {
  return {
    clock: null,
    givenUp: [],
    refused: [],
    waiting: [],
    late: [],
    orphans: [],
    unreachable: null,
    lost: [],
    serversRefused: [],
    sourcesRefused: [],
    postsRefused: [],
    removed: [],
    webhooks: [],
    acknowledged: [],
    ...more,
  };
}

function inDomain(known: Partial<KnownTrouble>, more: Partial<FoundDomain> = {}, bridges: readonly FoundBridge[] = []) {
  return troubleOf([], bridges, { domain: "local", known: knows(known), mail: [], silent: [], ...more }, now);
}

/** Kind, since when, and how many. */
const shortOf = (known: Partial<KnownTrouble>, more: Partial<FoundDomain> = {}) =>
  inDomain(known, more).map(({ kind, about, since, count }) => [kind, about, since, count]);

const bridgeKinds = (health: FoundBridge["health"]) =>
  bridgeTrouble({ health, unreachableSince: 5 }).map(({ kind, since, why }) => [kind, since, why]);

test("of a bridge that is well nobody hears; of each fault, and since when", () => {
  expect(bridgeKinds(well)).toEqual([]);
  expect(bridgeKinds(null)).toEqual([["relay-unreachable", 5, undefined]]);
  expect(bridgeKinds({ ...well, agentConnected: false, bridgeUp: false, ports: 0, awaySince: 7 })).toEqual([
    ["no-agent", 7, undefined],
  ]);
  expect(bridgeKinds({ ...well, bridgeUp: false, ports: 0, awaySince: 7 })).toEqual([["bridge-away", 7, undefined]]);
  // It has just connected.
  expect(bridgeKinds({ ...well, bridgeUp: false })).toEqual([["bridge-away", null, "unsaid"]]);
  expect(bridgeKinds({ ...well, agentConnected: false })).toEqual([["no-agent", null, undefined]]);
  expect(bridgeKinds({ ...well, ports: 0, endsSince: 8 })).toEqual([["bridge-ends", 8, undefined]]);
  expect(bridgeKinds({ ...well, ports: 0 })).toEqual([["bridge-ends", null, undefined]]);
  expect(bridgeKinds({ ...well, ports: null })).toEqual([]);
  expect(bridgeKinds({ ...well, fullSince: 0, drainedSince: 0 })).toEqual([
    ["bridge-full", 0, undefined],
    ["bridge-drained", 0, undefined],
  ]);
  expect(bridgeKinds({ ...well, trouble: [{ kind: "standby-away", about: "b", since: 9 }] })).toEqual([
    ["standby-away", 9, undefined],
  ]);
});

test("trouble of a bridge names it, and the domain's is of no bridge", () => {
  const bridge: FoundBridge = {
    domain: "local",
    bridge: "east",
    health: { ...well, ports: 0 },
    unreachableSince: null,
  };
  const late = [{ bridge: "west", conferences: 2, since: 4 }];
  const all = troubleOf(
    [{ kind: "disk", since: 1, why: "it is full" }],
    [bridge],
    { domain: "local", known: knows({ late }), mail: null, silent: [{ kind: "mailbox-unreachable", since: 2 }] },
    now,
  );
  expect(all.map(({ id, domain, bridge }) => [id, domain, bridge])).toEqual([
    ["disk", null, null],
    ["mailbox-unreachable", "local", null],
    ["commands-late:west", "local", "west"],
    ["bridge-ends:east", "local", "east"],
  ]);
  expect(all.map(isDown)).toEqual([true, false, false, false]);
});

test("a directory that says nothing is no trouble by itself", () => {
  expect(troubleOf([], [], { domain: "local", known: null, mail: null, silent: [] }, now)).toEqual([]);
});

test("documents are trouble once the oldest has waited for half a minute, of each server all together", () => {
  const waits = (host: string, documents: number, oldestAt: number | null) => ({ host, documents, oldestAt });
  const trouble = (...waiting: readonly ReturnType<typeof waits>[]) => shortOf({ waiting });
  expect(trouble(waits("tsp", 2, now - 29_999), waits("other", 1, null))).toEqual([]);
  expect(trouble(waits("tsp", 2, now - 30_000))).toEqual([["posts-wait", "tsp", now - 30_000, 2]]);
  // A clock that was set back since.
  expect(trouble(waits("tsp", 2, now + 1_001))).toEqual([["posts-wait", "tsp", now + 1_001, 2]]);
  expect(shortOf({ waiting: [waits("tsp", 2, now - 9)] }, { mail: [waits("tsp", 3, now - 60_000)] })).toEqual([
    ["posts-wait", "tsp", now - 60_000, 5],
  ]);
});

test("conferences that do not answer are trouble after a minute", () => {
  const unreachable = (since: number) => shortOf({ unreachable: { conferences: 3, since } });
  expect([unreachable(now - 59_999), unreachable(now - 60_000), shortOf({ unreachable: null })]).toEqual([
    [],
    [["conferences-unreachable", null, now - 60_000, 3]],
    [],
  ]);
});

test("a clock that jumped says by how much", () => {
  expect(
    inDomain({ clock: { since: 5, byMs: -360_000 } }).map(({ kind, says }) => [
      kind,
      says.includes("6 minutes behind"),
    ]),
  ).toEqual([["clock-jumped", true]]);
  expect(inDomain({ clock: null })).toEqual([]);
});

test("a clock that was set back is waited for; one that was set forward counts after ten minutes", () => {
  const todo = (byMs: number) => inDomain({ clock: { since: 5, byMs } }).map((one) => one.todo)[0];

  expect(todo(-86_400_000)).toMatch(/objects' time then comes to it, by 2\.4 seconds a minute; .* reset-clock/);
  expect(todo(86_400_000)).toMatch(
    /^If the machine's clock is wrong, set it right at once, .*: ten minutes after it was set forward, the objects go on by it/,
  );
  expect(todo(86_400_000)).not.toMatch(/reset-clock|2\.4 seconds/);
});

test("of orphans the twenty oldest are named, and the others of each bridge are one trouble", () => {
  const orphan = (index: number, more: object = {}) => {
    const bridge = index % 2 ? "odd" : "even";
    return { key: String(index), bridge, since: 100 + index, callers: index, locked: true, ...more };
  };
  const orphans = Array.from({ length: 24 }, (_, index) => orphan(index));
  const all = inDomain({ orphans });
  expect(all.slice(0, 20).map(({ about, count, since }) => [about, count, since])).toEqual(
    orphans.slice(0, 20).map(({ key, callers, since }) => [key, callers, since]),
  );
  expect(all.slice(20).map(({ about, bridge, count, since }) => [about, bridge, count, since])).toEqual([
    [null, "even", 2, 120],
    [null, "odd", 2, 121],
  ]);
  const todoOf = (more: object) => inDomain({ orphans: [orphan(1, more)] })[0]?.todo ?? "";
  expect(todoOf({ locked: true })).toContain("It is locked");
  expect(todoOf({ locked: false })).toContain("It is not locked");
  expect(todoOf({ locked: true, isGone: true })).toContain("do not have the bridge odd any more");
  const further = inDomain({ orphans: [...orphans, orphan(24, { isGone: true })] });
  expect(further.slice(20).map(({ todo }) => todo.includes("any more"))).toEqual([true, false]);
});

const receiver = {
  url: "https://voice.example.com",
  id: "voice",
  refused: 0,
  oldestAt: null,
  failure: null,
  givenUp: 0,
  lastGivenUpAt: null,
};
const acknowledgement = (id: string, more: Partial<Acknowledgement> = {}): Acknowledgement => {
  return { id, since: 5, upTo: 5, place: null, by: "anna", at: now - 1_000, word: "", ...more };
};

test("a receiver of webhooks is trouble where it fails, has refused for a minute, or was never given something", () => {
  const trouble = (more: object, acknowledged: readonly Acknowledgement[] = []) =>
    inDomain({ webhooks: [{ ...receiver, ...more }], acknowledged }).map(
      ({ kind, id, since, latest, count, place }) => [kind, id, since, latest, count, place],
    );
  const failure = { since: 7, why: "it is away." };
  const fails = ["webhook-fails", "webhook-fails:voice"];
  expect(trouble({})).toEqual([]);
  expect(trouble({ failure, refused: 3, oldestAt: 1 })).toEqual([[...fails, 7, 7, 1, null]]);
  expect(trouble({ refused: 3, oldestAt: now - 60_000 })).toEqual([[...fails, now - 60_000, now - 60_000, 3, null]]);
  expect(trouble({ refused: 3, oldestAt: now - 59_999 })).toEqual([]);
  expect(trouble({ refused: 0, oldestAt: now - 60_000 })).toEqual([]);
  expect(trouble({ refused: 3, oldestAt: null })).toEqual([]);
  const never = ["webhooks-given-up", "webhooks-given-up:voice"];
  expect(trouble({ givenUp: 1, lastGivenUpAt: 8 })).toEqual([[...never, 8, 8, 1, 1]]);
  // Since when is known of the last one alone.
  expect(trouble({ givenUp: 3, lastGivenUpAt: 8 })).toEqual([[...never, null, 8, 3, 3]]);
  const known = acknowledgement("webhooks-given-up:voice", { place: 2 });
  expect(trouble({ givenUp: 3, lastGivenUpAt: 8 }, [known])).toEqual([[...never, 8, 8, 1, 3]]);
  expect(trouble({ givenUp: 2, lastGivenUpAt: 8 }, [known])).toEqual([]);
  expect(inDomain({ webhooks: [{ ...receiver, failure }] })[0]?.says).toMatch(/: it is away\.$/);
  const byNumber = { since: 7, why: "192.0.2.7 refuses it" };
  expect(inDomain({ webhooks: [{ ...receiver, failure: byNumber }] })[0]?.says).toContain("192.0.2.7 refuses it");
});

test("what somebody has taken on is open again when it begins anew, and comes last until then", () => {
  const bridge = (endsSince: number): FoundBridge => {
    return { domain: "local", bridge: "east", health: { ...well, ports: 0, endsSince }, unreachableSince: null };
  };
  const openOf = (since: number, more: Partial<Acknowledgement>) =>
    inDomain({ acknowledged: [acknowledgement("bridge-ends:east", more)] }, {}, [bridge(since)]).map(isOpen);
  expect([openOf(5, {}), openOf(4, {}), openOf(6, {})]).toEqual([[false], [true], [true]]);
  // Also where it was acknowledged later.
  expect([openOf(5, { upTo: 9 }), openOf(7, { upTo: 9 })]).toEqual([[false], [true]]);

  const late = [{ bridge: "west", conferences: 2, since: 4 }];
  const acknowledged = [acknowledgement("commands-late:west", { since: 4, word: "we know" })];
  const all = inDomain({ late, acknowledged }, {}, [bridge(1)]);
  expect(all.map(({ kind, acknowledged }) => [kind, acknowledged])).toEqual([
    ["bridge-ends", null],
    ["commands-late", { by: "anna", at: now - 1_000, word: "we know" }],
  ]);
});

test("of what is of several things, what had begun stays taken on, and what began before or later is open", () => {
  const openOf = (since: number) =>
    inDomain({
      late: [{ bridge: "west", conferences: 2, since }],
      acknowledged: [acknowledgement("commands-late:west", { since: 5, upTo: 9 })],
    }).map(isOpen);
  expect([4, 5, 9, 10].map(openOf)).toEqual([[true], [false], [false], [true]]);
  // Of the edge, each process notices for itself.
  const openOfEdge = (since: number) =>
    inDomain(
      { acknowledged: [acknowledgement("mailbox-unreachable", { since: 5, upTo: 9 })] },
      { silent: [{ kind: "mailbox-unreachable", since }] },
    ).map(isOpen);
  expect([4, 9, 10].map(openOfEdge)).toEqual([[false], [false], [true]]);
});

test("what nobody knows the beginning of is open again after a day, whichever way the clock was set", () => {
  const openAt = (at: number) =>
    inDomain({
      late: [{ bridge: "west", conferences: 2, since: null }],
      acknowledged: [acknowledgement("commands-late:west", { at })],
    }).map(isOpen);
  expect([now - dayMs + 1, now - dayMs, now + dayMs - 1, now + dayMs].map(openAt)).toEqual([
    [false],
    [true],
    [false],
    [true],
  ]);
});

test("what has happened is acknowledged where it is counted, and never marked", () => {
  const refused = [{ kind: "caller-refused", about: "1", since: 1, latest: 2, count: 3, place: 4 } as const];
  const acknowledged = [acknowledgement("caller-refused:1", { since: 1, upTo: 9, place: 4 })];
  expect(inDomain({ refused, acknowledged }).map(isOpen)).toEqual([true]);
});

test("a person acknowledges what began when it was seen, where that lasts, and nothing that began since", () => {
  const bridge = showTrouble({ kind: "bridge-ends", since: 5 }, "local", "east");
  expect([isAnother(bridge, 5), isAnother(bridge, 4)]).toEqual([false, true]);
  // Its beginning moves on while it lasts, or it has happened.
  expect(isAnother(showTrouble({ kind: "commands-late", since: 5 }, "local", "east"), 4)).toBe(false);
  expect(isAnother(showTrouble({ kind: "posts-given-up", since: 5 }, "local", null), 4)).toBe(false);
});

test("of who does not answer, all kinds that it could say are unknown, and no other", () => {
  const of = (source: string) => troubleKinds.filter((kind) => (sourcesOf(kind) as readonly string[]).includes(source));
  const known = { known: knows(), mail: [] };
  expect(unknownKinds([{ health: well }], known)).toEqual([]);
  expect(unknownKinds([{ health: well }, { health: null }], known)).toEqual(of("relay"));
  expect(unknownKinds([], { ...known, mail: null })).toEqual(of("mailbox"));
  expect(unknownKinds([], { ...known, known: null })).toEqual(of("directory"));
});

test("what is not known is said by its titles, and nothing where all is known", () => {
  expect(unknownText([])).toBe(null);
  expect(unknownText(["bridge-ends", "bridge-full"])).toBe(
    "It is not known yet whether the bridge is about to end; the bridge is at its limit.",
  );
});

const says = (kind: (typeof troubleKinds)[number], more: object = {}) => {
  const { says, todo } = showTrouble({ kind, since: 1, ...more }, "local", "east");
  return `${says} ${todo}`;
};

test.each<[string, string, string]>([
  ["an edge that is silent", says("no-edge-stands-by", { about: "edge-2" }), ": edge-2 is silent."],
  ["no other edge at all", says("no-edge-stands-by"), "No edge stands by. "],
  ["a bridge that is away", says("bridge-away"), "does not reach its bridge"],
  ["a bridge of which its agent says nothing yet", says("bridge-away", { why: "unsaid" }), "has not said yet"],
  [
    "one conference",
    says("conferences-unreachable", { count: 1 }),
    "1 conference of local does not answer the edge, so what is shown of it may be old.",
  ],
  [
    "two conferences",
    says("conferences-unreachable", { count: 2 }),
    "2 conferences of local do not answer the edge, so what is shown of them may be old.",
  ],
  [
    "an undelivered document",
    says("posts-given-up", { about: "tsp", count: 1 }),
    "1 document for the TSP server tsp of local was not delivered",
  ],
  [
    "undelivered documents",
    says("posts-given-up", { about: "tsp", count: 2, why: "w." }),
    "were not delivered: WebEx may lack what they say. Last reason: w. ",
  ],
  ["what to do with them", says("posts-given-up", { about: "*x y" }), "resync-server '*x y'"],
  ["those of other servers", says("posts-given-up", { about: "" }), "for other TSP servers of local"],
  ["the log for those", says("posts-given-up", { about: "" }), "post-given-up in the log names each one"],
  ["those for the back end", says("posts-given-up", { about: "*back-end" }), "for the partner's back end of local"],
  [
    "a server that is gone",
    says("posts-given-up", { about: "tsp", why: "gone" }),
    "webex.hosts of the settings lacks this server",
  ],
  ["a server that refuses", says("posts-refused", { about: "tsp" }), "The TSP server tsp has confirmed"],
  ["servers that refuse", says("posts-refused", { about: "" }), "Further servers have confirmed"],
  ["a document that waits", says("posts-wait", { about: "tsp" }), "1 document waits for"],
  ["documents that wait", says("posts-wait", { about: "tsp", count: 2 }), "2 documents wait for"],
  ["how to hurry", says("posts-wait", { about: "tsp" }), "resync-server tsp"],
  ["webhooks that are refused", says("webhook-fails", { about: "u", count: 2 }), "has refused 2 webhooks"],
  ["those come again", says("webhook-fails", { about: "u" }), "sent again for three days"],
  ["a receiver that fails", says("webhook-fails", { about: "u", why: "it is away" }), "takes no webhooks: it is away."],
  ["what waits for it", says("webhook-fails", { about: "u", why: "it is away" }), "tried again by itself"],
  ["a webhook that was lost", says("webhooks-given-up", { about: "u" }), "1 webhook was never given"],
  ["webhooks that were lost", says("webhooks-given-up", { about: "u", count: 2 }), "2 webhooks were never given"],
  ["a server that was refused", says("server-refused", { about: "evil" }), "Requests of evil to local"],
  ["servers that were refused", says("server-refused", { about: "" }), "Requests of further servers to local"],
  ["further callers", says("caller-refused", { about: "" }), "1 further caller could not get in"],
  [
    "a caller",
    says("caller-refused", { about: "4420", why: "w", count: 3 }),
    "The caller 4420 could not get in at local, 3 times. The last time: w",
  ],
  ["callers of a masked number", says("caller-refused", { about: "**20", why: "w" }), "from numbers that end in 20"],
  [
    "callers without a number",
    says("caller-refused", { about: "", why: "w" }),
    "whose numbers are withheld or not kept",
  ],
  ["where to look for a number", says("caller-refused", { about: "4420", why: "w" }), '"bridgehead number 4420"'],
  ["where to look for none", says("caller-refused", { about: "", why: "w" }), '"bridgehead prompt-calls"'],
  ["an orphan", says("orphan-conference", { about: "5", count: 2 }), "holds the conference 5 with 2 callers"],
  ["how to end it", says("orphan-conference", { about: "5" }), '"bridgehead end 5"'],
  ["further orphans", says("orphan-conference", { count: 2 }), "holds 2 further conferences"],
  ["how to end those", says("orphan-conference", { count: 2 }), '"bridgehead end KEY"'],
])("trouble is said as it is: %s", (_what, text, part) => {
  expect(text).toContain(part);
});

test("of the back end, and of other servers, nobody is told to hurry", () => {
  for (const about of ["", "*back-end"]) expect(says("posts-wait", { about })).not.toContain("--server");
});

test("its id is the same as long as it is about the same, and names nobody's number", () => {
  const idOf = (more: object, domain: string | null, bridge: string | null) =>
    showTrouble({ kind: "caller-refused", since: 1, ...more }, domain, bridge).id;
  expect([
    idOf({ about: "4420", key: "k" }, "local", null),
    idOf({ about: "4420" }, "local", "east"),
    idOf({}, null, null),
  ]).toEqual(["caller-refused:k", "caller-refused:east:4420", "caller-refused"]);
  const lasts = showTrouble({ kind: "bridge-ends", since: 5 }, "local", "east");
  expect([lasts.latest, lasts.place, lasts.count, lasts.endsBy]).toEqual([5, null, 1, "mending"]);
  const happened = showTrouble({ kind: "posts-given-up", since: 5, latest: 7, place: 0, count: 4 }, "local", null);
  expect([happened.latest, happened.place, happened.count, happened.endsBy]).toEqual([7, 0, 4, "acknowledgement"]);
});
