import { expect, test } from "vitest";
import { logOf } from "../../durable-objects/platform/log.ts";
import { showsPersonal } from "../../src/settings/load.ts";
import { localDomain } from "../../src/settings/local-domain.ts";

const settings = localDomain({ agents: [{ name: "a", publicKey: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw" }] });
const domains = JSON.stringify({ strict: settings, open: { ...settings, logs: { personal: true } } });
const lines: [level: string, text: string][] = [];
const logWith = (DOMAINS: string) =>
  logOf(
    (level, text) => lines.push([level, text]),
    (domain) => showsPersonal({ DOMAINS }, domain),
    () => 1_000_000_000_000,
  );

const personal = {
  conference: "987654321",
  number: "14085550100",
  call: "987654321.3.abc",
  extConfId: "E987654321",
  note: "WebEx refused to name call 987654321.3.abc: result 5",
  detail: 'W2A_Callout: LocalNumber has the LocalNumber "555-"0100"", must be digits',
};
function written(domain?: string): unknown {
  logWith(domains)({ level: "info", event: "e", ...(domain && { domain }), transId: "52491000001", ...personal });
  return JSON.parse(lines.at(-1)?.[1] ?? "");
}

test.each(["strict", "nobody", undefined])(
  "keys and quoted values are masked for the domain %s, ids are not",
  (domain) => {
    expect(written(domain)).toEqual({
      level: "info",
      time: "2001-09-09T01:46:40.000Z",
      event: "e",
      ...(domain && { domain }),
      transId: "52491000001",
      conference: "*******21",
      number: "*********00",
      call: "*******21.3.abc",
      extConfId: "E*******21",
      note: "WebEx refused to name call *******21.3.abc: result 5",
      detail: 'W2A_Callout: LocalNumber has the LocalNumber "********0"", must be digits',
    });
  },
);

test("a domain that wants it has them as they are", () => {
  expect(written("open")).toMatchObject(personal);
});

test("masks everything if the settings are invalid", () => {
  logWith("{")({ level: "warn", event: "e", domain: "open", conference: "987654321" });

  expect(lines.at(-1)).toEqual([
    "warn",
    '{"time":"2001-09-09T01:46:40.000Z","level":"warn","event":"e","domain":"open","conference":"*******21"}',
  ]);
});

test("masks the conference's key in the line of an operator's action", () => {
  const about = { confKey: "987654321", type: "mute", call: "987654321.3.abc" };
  const writtenOf = (domain: string) => {
    logWith(domains)({ level: "info", event: "operator-action", domain, about });
    return (JSON.parse(lines.at(-1)?.[1] ?? "") as { about: object }).about;
  };
  expect(writtenOf("strict")).toEqual({ confKey: "*******21", type: "mute", call: "*******21.3.abc" });
  expect(writtenOf("open")).toEqual(about);
});

test("writes no query of an address and no unknown field", () => {
  const facts = { host: "https://tsp1.example.com/post?token=7", later: "14085550100" };
  logWith(domains)({ level: "warn", event: "host-refused", domain: "open", ...facts });

  expect(JSON.parse(lines.at(-1)?.[1] ?? "")).toMatchObject({ host: "https://tsp1.example.com/post?…" });
  expect(lines.at(-1)?.[1]).not.toContain("later");
});
