import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createCodec } from "../../src/tsp/codec.ts";
import { xmlLimits } from "../../src/tsp/xml.ts";
import { costMs } from "../cost.ts";

/** One document of many like pieces; `{n}` in `repeat` is the number of the piece. */
interface Recipe {
  readonly start: string;
  readonly repeat: string;
  readonly times: number;
  readonly end: string;
}

interface HostileDocument {
  readonly verdict: string;
  readonly reason: string;
  readonly huge: boolean;
  readonly bytes: () => Uint8Array;
}

const corpus = new URL("corpus/hostile/", import.meta.url);
const documents = readdirSync(corpus).flatMap((verdict) =>
  readdirSync(new URL(`${verdict}/`, corpus)).map((file) => documentIn(verdict, file)),
);
const codec = createCodec({});

test("the corpus is whole", () => {
  expect(documents.length).toBeGreaterThanOrEqual(269);
  expect(new Set(documents.map(({ reason }) => reason)).size).toBe(documents.length);
});

describe.each([...Map.groupBy(documents, ({ verdict }) => verdict)])("the verdict is %s:", (verdict, its) => {
  test.each(its)("$reason", ({ bytes }) => {
    const prototype = Object.getOwnPropertyNames(Object.prototype);

    const decoded = codec.decode(bytes());

    expect(decoded.ok ? "ok" : decoded.result).toBe(verdict);
    // The answer to a stranger and the log line are short, whatever came.
    if (!decoded.ok) expect(decoded.transId.length + decoded.detail.length).toBeLessThan(1_000);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototype);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});

test("the slowest document of the largest size costs no more than ten times a harmless one", () => {
  const message = '<W2A_DropUser MsgID="52491000123" ExtConfID="7001234" ExtCallID="c-9" Reason="of no interest"/>\n';
  const start = "<WbxTSPSchema><TransID>1</TransID>";
  const times = Math.floor((xmlLimits.bytes - 200) / message.length);
  const harmless = cost(written({ start, repeat: message, times, end: "</WbxTSPSchema>" }));

  const costs = documents
    .filter(({ huge }) => huge)
    .map(({ reason, bytes }) => ({ reason, times: cost(bytes()) / harmless }));

  expect(costs.filter((one) => one.times > 10)).toEqual([]);
});

function documentIn(verdict: string, file: string): HostileDocument {
  const place = new URL(`${verdict}/${file}`, corpus);
  const [, reason = "", kind] = /^(.*)\.(xml|recipe\.json)$/.exec(file) ?? [];
  if (kind === "xml") return { verdict, reason, huge: false, bytes: () => readFileSync(place) };
  return { verdict, reason, huge: true, bytes: () => written(JSON.parse(readFileSync(place, "utf8"))) };
}

function written({ start, repeat, times, end }: Recipe): Uint8Array {
  const numbered = repeat.includes("{n}");
  const piece = (_: unknown, index: number) => repeat.replaceAll("{n}", String(index));
  const middle = numbered ? Array.from({ length: times }, piece).join("") : repeat.repeat(times);
  return new TextEncoder().encode(start + middle + end);
}

/** Milliseconds; the best of three, since the first may compile. */
function cost(bytes: Uint8Array): number {
  return Math.min(...Array.from({ length: 3 }, () => costMs(() => codec.decode(bytes))));
}
