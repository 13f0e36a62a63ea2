import { expect, test } from "vitest";
import type { DefectName } from "../reference/defects.ts";
import { playReference } from "../reference/play.ts";
import { allowed, variants } from "../reference/variants.ts";
import type { ClauseResult } from "../run.ts";
import { ControlledTelephones } from "../telephones/control.ts";
import type { PhoneNumber } from "../telephones/telephones.ts";
import { mostClauses as clauses, SHARE, VIRTUAL_CLOCK_MS } from "./each-defect.ts";

function documentedFailures(results: readonly ClauseResult[]): string[] {
  return results
    .filter(({ standing, outcome }) => standing === "documented" && outcome === "failed")
    .map(({ id, why }) => `${id}: ${why}`);
}

/** Each clause is played with some of the variants; with SHARE=1, as in `npm run test:night`, with all. */
const shareOf = (place: number) => clauses.filter((_, index) => SHARE === 1 || (index + place) % 4 === 0);

test.each(allowed)(
  "no documented clause fails for an adapter with $variants and $options",
  { timeout: VIRTUAL_CLOCK_MS },
  async (one) => {
    const results = await playReference(shareOf(allowed.indexOf(one)), one.variants, one.options);

    expect(documentedFailures(results)).toEqual([]);
    // It can be certified, too.
    const isOpen = ({ kind, standing, outcome }: ClauseResult) =>
      kind === "played" && standing === "documented" && outcome === "not-testable";
    expect(one.options ? [] : results.filter(isOpen).map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
  },
);

test.each(["status-told-again", "slow-bridge"] as const)(
  "no clause at all fails for an adapter with %s",
  { timeout: VIRTUAL_CLOCK_MS },
  async (variant) => {
    const results = await playReference(clauses, [variant]);

    expect(results.filter(({ outcome }) => outcome === "failed").map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
  },
);

test("each variant is played", () => {
  const played = new Set<string>(allowed.flatMap((one) => one.variants));

  expect(Object.keys(variants).filter((name) => !played.has(name))).toEqual([]);
});

test("a person who takes long to dial spoils no time limit", async () => {
  const few = clauses.filter(({ id }) => /^(?:4\.2|4\.9|T9)/.test(id));

  const results = await playReference(few, [], { patienceMs: 60_000, atOnce: 1 }, (ports, bridge) => {
    const telephones = new ControlledTelephones(ports, bridge);
    const dialIn = async (from: string, keys: string) => {
      const call = await ControlledTelephones.prototype.dialIn.call(telephones, from, keys);
      await ports.sleep(11_000);
      return call;
    };
    return Object.assign(telephones, { isPerson: true, dialIn });
  });

  expect(documentedFailures(results)).toEqual([]);
  // Only by those whom WebEx called: both times are the adapter's.
  expect(results.find(({ id }) => id === "T9b")?.outcome).toBe("passed");
});

test.each([
  [[], "passed"],
  [["callouts-repeated"], "failed"],
] satisfies [DefectName[], string][])(
  "who is called and hangs up at once was called again only by %j",
  async (defects, outcome) => {
    const few = clauses.filter(({ id }) => id === "T38b");

    const [result] = await playReference(few, defects, {}, (ports, bridge) => {
      const telephones = new ControlledTelephones(ports, bridge);
      const called = async (number: PhoneNumber) => {
        const call = await ControlledTelephones.prototype.called.call(telephones, number);
        if (call !== null) await telephones.hangUp(call);
        return call;
      };
      return Object.assign(telephones, { called });
    });

    expect(result).toMatchObject({ outcome, why: outcome === "passed" ? "" : expect.stringContaining("rang again") });
  },
);

test("the check of a proxy at the door of WebEx is nobody's failure", async () => {
  const few = clauses.filter(({ id }) => /^(?:T|1\.3|4\.1)/.test(id));

  const results = await playReference(few, [], {}, (ports, bridge) => {
    void ports.sleep(50).then(() => ports.send({ method: "GET", url: "http://webex1/", body: "" }));
    return new ControlledTelephones(ports, bridge);
  });

  expect(results.filter(({ outcome }) => outcome === "failed").map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
});

test("who is the host by a code is known when it is keyed", async () => {
  const talks = clauses.filter(({ id }) => /^4\.21[bc]$/.test(id));

  const without = await playReference(talks, ["host-by-code"], { hostKeys: undefined });
  const withCode = await playReference(talks, ["host-by-code"], { hostKeys: "{key}#{attendee}#99#" });

  expect(without.map(({ outcome }) => outcome)).toEqual(["not-testable", "not-testable"]);
  expect(withCode.map(({ outcome }) => outcome)).toEqual(["passed", "passed"]);
});

test("without keys to mute or to name themselves, what callers key is not tested", async () => {
  const keyed = clauses.filter(({ id }) => /^(?:F1|4\.19|2\.3\.4b)$/.test(id));

  const results = await playReference(keyed, [], { muteKeys: undefined, mergeKeys: undefined });

  expect(results.map(({ id, why }) => [id, why])).toEqual([
    ["4.19", expect.stringContaining("--merge-keys")],
    ["2.3.4b", expect.stringContaining("--mute-keys")],
    ["F1", expect.stringContaining("--mute-keys")],
  ]);
});
