import { describe, expect, test } from "vitest";
import { Durations, Policy, type PolicySettings } from "../../bridge-agent/core/policy.ts";
import type { Execution } from "../../bridge-agent/drivers/driver.ts";
import type { PhoneNumber } from "../../src/foundation/ids.ts";

const minute = 60_000;
const nothing: PolicySettings = { allow: [], deny: [] };

function number(text: string, change: Partial<PhoneNumber> = {}): PhoneNumber {
  return { country: text.slice(0, 1), area: text.slice(1, 4), local: text.slice(4), extension: "", ...change };
}

function dial(to: PhoneNumber, call = "o1"): Execution {
  return { id: `dial ${call}`, conference: "1", command: { type: "dial", call, number: to, waitMs: 1 } } as never;
}

/** A policy beside which so many dialled calls are up; `saved` is what it has written of its dials. */
function policyWith(settings: Partial<PolicySettings>, dials: readonly number[] = [], dialledCount = 0) {
  const saved: number[] = [];
  const journal = { saveDials: (dials: readonly number[]) => void saved.splice(0, saved.length, ...dials) };
  const durations = new Durations({ saveStart() {}, deleteStart() {} }, []);
  const parts = { journal, pending: { find: () => null }, legs: { dialledCount, views: [] }, durations };
  return { policy: new Policy({ ...nothing, ...settings }, dials, parts), saved };
}

/** What the policy says of one dial, if only one is up to it. */
function verdict(settings: Partial<PolicySettings>, to: PhoneNumber): string {
  const permitted = policyWith(settings).policy.permit(dial(to), 0);
  return permitted.ok ? "allowed" : permitted.error;
}

describe("which numbers may be dialled", () => {
  test("none, unless the settings name some", () => {
    expect(verdict({}, number("14085551234"))).toBe("number-denied");
    expect(verdict({ allow: ["+"] }, number("14085551234"))).toBe("allowed");
  });

  test.each([
    ["14085551234", "allowed"],
    ["14095551234", "number-denied"],
    ["441632960961", "number-denied"],
    ["448001234567", "allowed"],
    ["448002234567", "number-denied"],
    ["448002234999", "allowed"],
  ])("%s is %s: the longest begin counts", (to, says) => {
    const settings = { allow: ["+1408", "+44800", "+448002234999"], deny: ["+44", "+448002"] };

    expect(verdict(settings, number(to))).toBe(says);
  });

  test("where both lists have the same begin, it is denied", () => {
    expect(verdict({ allow: ["+1408"], deny: ["+1408"] }, number("14085551234"))).toBe("number-denied");
  });

  test("how a number is cut into its parts does not matter", () => {
    const settings = { allow: ["+1408"], deny: ["+14089"] };
    expect(verdict(settings, { country: "14089", area: "", local: "1", extension: "" })).toBe("number-denied");
    expect(verdict(settings, { country: "1", area: "40", local: "8555", extension: "" })).toBe("allowed");
  });

  test.each([
    ["900", "12345"],
    ["0900", "12345"],
    ["", "0090012345"],
    ["0", "90012345"],
  ])("a denied number is denied with zeros of national dialling, too: area %j and local number %j", (area, local) => {
    const settings = { allow: ["+49"], deny: ["+49900"] };
    expect(verdict(settings, { country: "49", area, local, extension: "" })).toBe("number-denied");
    expect(verdict(settings, { country: "49", area: "030", local, extension: "" })).toBe("allowed");
  });

  test.each([
    ["4", "9", "0900123456"],
    ["490", "900", "123456"],
    ["4", "90", "900123456"],
    ["490", "", "0900123456"],
    ["10", "900", "1234567"],
  ])("a denied number with such a zero is denied however it is cut: %j %j %j", (country, area, local) => {
    const settings = { allow: ["+49", "+1"], deny: ["+49900", "+1900"] };
    expect(verdict(settings, { country, area, local, extension: "" })).toBe("number-denied");
  });

  test("zeros of national dialling do not make a number an allowed one", () => {
    expect(verdict({ allow: ["+4930"] }, { country: "49", area: "030", local: "1", extension: "" })).toBe(
      "number-denied",
    );
    expect(verdict({ allow: ["+3906"] }, { country: "39", area: "06", local: "1", extension: "" })).toBe("allowed");
  });

  test.each([
    ["1", "408", "55512345678", "allowed"],
    ["1", "408", "555123456789", "long-number"],
    ["49", "030", "12345678901", "allowed"],
    ["49", "0", "30123456789012", "long-number"],
    ["49", "", "0301234567890", "allowed"],
    ["49", "", "0030123456789012", "long-number"],
    ["1", "", "4".repeat(100), "long-number"],
  ])(
    "a number has 15 digits at most, without a zero of national dialling: +%s %s %s is %s",
    (country, area, local, says) => {
      expect(verdict({ allow: ["+"] }, { country, area, local, extension: "" })).toBe(says);
    },
  );

  test("an extension has ten digits at most", () => {
    expect(verdict({ allow: ["+"] }, number("14085551234", { extension: "1234567890" }))).toBe("allowed");
    expect(verdict({ allow: ["+"] }, number("14085551234", { extension: "12345678901" }))).toBe("long-extension");
  });

  test.each([
    ["without a country", { country: "" }],
    ["whose country begins with 0", { country: "0" }],
    ["without a local number", { local: "" }],
    ["with a host", { local: "5551234@evil.example" }],
    ["with another trunk", { area: "408/trunk" }],
    ["with keys to press", { local: "5551234w9" }],
    ["with keys to press in its extension", { extension: "9*1" }],
    ["with a line end", { extension: "12\n" }],
  ])("a number %s is none", (_, change) => {
    expect(verdict({ allow: ["+"] }, number("14085551234", change))).toBe("malformed-number");
  });
});

test("so many calls a minute are dialled within any 60 seconds, also after a restart", () => {
  const settings = { allow: ["+"], callsPerMinute: 2 };
  const dialAt = (policy: Policy, at: number) => policy.permit(dial(number("14085551234")), at).ok;
  const { policy: before, saved } = policyWith(settings);

  expect([dialAt(before, 0), dialAt(before, 59_000), dialAt(before, 59_999), dialAt(before, 60_000)]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  const { policy: after } = policyWith(settings, saved);
  expect([dialAt(after, 118_999), dialAt(after, 119_000)]).toEqual([false, true]);
});

test("a clock that was set back between two lives makes nobody wait longer than a minute", () => {
  const { policy } = policyWith({ allow: ["+"], callsPerMinute: 1 }, [1_000 * minute]);

  expect(policy.permit(dial(number("14085551234")), 0).ok).toBe(false);
  expect(policy.permit(dial(number("14085551234")), minute).ok).toBe(true);
});

test("so many dialled calls are up at once", () => {
  const permittedBeside = (dialledCount: number) =>
    policyWith({ allow: ["+"], callsAtOnce: 2 }, [], dialledCount).policy.permit(dial(number("14085551234")), 0);

  expect(permittedBeside(1).ok).toBe(true);
  expect(permittedBeside(2)).toEqual({ ok: false, error: "calls-at-once" });
});

test("a dial counts from when it is permitted until its result is known, and never against itself", () => {
  const results = new Set<string>();
  const parts = {
    journal: { saveDials() {} },
    pending: { find: (_: string, id: string) => (results.has(id) ? null : {}) },
    legs: { dialledCount: 0, views: [] },
    durations: new Durations({ saveStart() {}, deleteStart() {} }, []),
  };
  const policy = new Policy({ ...nothing, allow: ["+"], callsAtOnce: 1 }, [], parts as never);
  const dialOf = (call: string) => policy.permit(dial(number("14085551234"), call), 0).ok;

  expect([dialOf("o1"), dialOf("o1"), dialOf("o2")]).toEqual([true, true, false]);
  results.add("dial o1");
  expect(dialOf("o2")).toBe(true);
});

test("a caller at the prompt is no call that lasts too long, whatever it has keyed", () => {
  const view = (stage: string, conference: string | null = "k") => ({ call: stage, conference, since: 0, stage });
  const parts = {
    journal: { saveDials() {} },
    pending: { find: () => null },
    legs: { dialledCount: 0, views: [view("prompted"), view("entered"), view("dialled"), view("none", null)] },
    durations: new Durations({ saveStart() {}, deleteStart() {} }, []),
  };
  const policy = new Policy({ ...nothing, longestCallMinutes: 1 }, [], parts as never);

  expect(policy.overdue([], minute)).toEqual([
    { conference: "k", call: "entered" },
    { conference: "k", call: "dialled" },
  ]);
  // It looks each five seconds.
  expect([policy.overdue([], minute + 4_999), parts.durations.isDue(minute + 5_000)]).toEqual([[], true]);
});

test("other commands are no matter of numbers", () => {
  const expel = { id: "1", conference: "1", command: { type: "expel", call: "c1" } } as never;

  expect(policyWith({ callsAtOnce: 1 }, [], 5).policy.permit(expel, 0)).toEqual({ ok: true, value: expel });
});

describe("how long calls and conferences last", () => {
  const settings = { ...nothing, longestCallMinutes: 10, longestConferenceMinutes: 60 };
  const call = (id: string, since: number) => ({ call: id, conference: "k", since }) as never;

  function world(known = new Map<string, number>()) {
    const begins = {
      saveStart: (name: string, at: number) => void known.set(name, at),
      deleteStart: (name: string) => void known.delete(name),
    };
    const entries = [...known].map(([name, at]) => ({ name, at }));
    return { known, durations: new Durations(begins, entries) };
  }

  test("one that has lasted too long is named, and again after 30 s if it is still there", () => {
    const { durations } = world();
    const at = (ms: number) => durations.overdue(settings, [call("c1", 0)], ["k" as never], ms);

    expect(at(0)).toEqual([]);
    expect(at(10 * minute - 1)).toEqual([]);
    expect(at(10 * minute)).toEqual([{ conference: "k", call: "c1" }]);
    expect(at(10 * minute + 5_000)).toEqual([]);
    expect(at(10 * minute + 30_000)).toEqual([{ conference: "k", call: "c1" }]);
    expect(at(60 * minute)).toContainEqual({ conference: "k" });
  });

  test("the time goes on over a restart, whatever the new life takes for the begin", () => {
    const before = world();
    before.durations.overdue(settings, [call("c1", 0)], ["k" as never], 0);

    const after = world(before.known);
    const found = after.durations.overdue(settings, [call("c1", 10 * minute)], ["k" as never], 10 * minute);

    expect(found).toEqual([{ conference: "k", call: "c1" }]);
  });

  test("a stop of more than ten minutes does not count, of which one clock alone says how long it was", () => {
    const before = world();
    for (const at of [0, 5, 9]) before.durations.overdue(settings, [call("c1", 0)], ["k" as never], at * minute);
    expect(before.known.get("looked")).toBe(5 * minute);

    const day = 24 * 60;
    const at = (minutes: number, { durations }: typeof before) => {
      durations.passed(minutes * minute);
      return durations.overdue(settings, [call("c1", day * minute)], ["k" as never], minutes * minute);
    };
    const after = world(before.known);
    expect(at(day + 5, after)).toEqual([]);
    // By then the time before the stop counts again.
    expect(at(day + 6, world(after.known))).toEqual([]);
    expect(at(day + 10, world(after.known))).toEqual([{ conference: "k", call: "c1" }]);
  });

  test("a stop of nine minutes counts, also where the clock is behind by then", () => {
    for (const looked of [0, 40]) {
      const { durations } = world(
        new Map([
          ["call c1", 0],
          ["looked", looked * minute],
        ]),
      );
      durations.passed(9 * minute);

      expect(durations.overdue(settings, [call("c1", 0)], [], 10 * minute)).toEqual([{ conference: "k", call: "c1" }]);
    }
  });

  test("while an agent stands by, time passes", () => {
    const { durations } = world(
      new Map([
        ["call c1", 0],
        ["looked", 4 * minute],
      ]),
    );
    for (const at of [5, 60]) durations.passed(at * minute);

    expect(durations.overdue(settings, [call("c1", 0)], [], 60 * minute)).toEqual([{ conference: "k", call: "c1" }]);
  });

  test("a call that began by a clock which was ahead is ended after its minutes all the same", () => {
    const { durations } = world(new Map([["call c1", 1_000 * minute]]));
    const at = (ms: number) => durations.overdue(settings, [call("c1", 0)], [], ms).length;

    expect([at(0), at(10 * minute - 1), at(10 * minute)]).toEqual([0, 0, 1]);
  });

  test("what is over is kept no longer", () => {
    const { known, durations } = world();
    durations.overdue(settings, [call("c1", 0)], ["k" as never], 0);
    expect([...known.keys()]).toEqual(["conference k", "call c1", "looked"]);

    durations.overdue(settings, [], [], 5_000);

    expect([...known.keys()]).toEqual([]);
  });

  test("since when calls are inside is none of its matters, and stays written down", () => {
    const [found, seen] = ["inside c1", "entered c2"];
    const { known, durations } = world(new Map([found, seen].map((name) => [name, 0])));
    durations.overdue(settings, [], [], 5_000);

    expect([...known.keys()]).toEqual([found, seen]);
  });

  test("without limits nothing is written down", () => {
    const { known, durations } = world();

    expect(durations.overdue(nothing, [call("c1", 0)], ["k" as never], 1_000 * minute)).toEqual([]);
    expect(known.size).toBe(0);
  });
});
