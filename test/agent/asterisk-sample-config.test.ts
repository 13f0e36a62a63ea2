import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type SampleValues, sampleConfig } from "../../bridge-agent/drivers/asterisk/setup/sample-config.ts";

const values: SampleValues = { ariPassword: "as-drawn" };

test("every place of the sample configuration is filled in", () => {
  const files = sampleConfig(values);

  expect(Object.keys(files)).toContain("extensions.conf");
  expect(Object.entries(files).filter(([, text]) => /@[A-Z_]+@/.test(text))).toEqual([]);
});

test("only ari.conf contains the password", () => {
  const templates = "bridge-agent/drivers/asterisk/setup/config";
  const assigned = (text: string) =>
    [...text.matchAll(/^ *(?:password|secret|auth_pass) *=>? *(.*)$/gm)].map(([, to]) => to);

  expect(Object.values(sampleConfig(values)).flatMap(assigned)).toEqual(["as-drawn"]);
  expect(readdirSync(templates).flatMap((name) => assigned(readFileSync(join(templates, name), "utf8")))).toEqual([
    "@ariPassword@",
  ]);
});

test("nothing listens beyond this machine by default", () => {
  const bound = Object.values(sampleConfig(values)).flatMap((text) =>
    [...text.matchAll(/^ *(?:bind|bindaddr|media_address|match) *=>? *(\S+)$/gm)].map(([, address]) => address),
  );

  expect(bound).toEqual(expect.arrayContaining(["127.0.0.1", "127.0.0.1:5060"]));
  expect(bound.filter((address) => !address?.startsWith("127.0.0.1"))).toEqual([]);
});

test("a listening caller stays connected for an hour without RTP", () => {
  expect(sampleConfig(values)["pjsip.conf"]).toMatch(/^rtp_timeout = 3600$/m);
});

test("each number goes to its application", () => {
  const dialIn = { "18005551234": "bridgehead", "+4989123": "bridgehead-of-beta" };

  expect(sampleConfig({ ...values, dialIn })["extensions.conf"]).toContain(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the dialplan writes its variables like this.
    "exten => 18005551234,1,Gosub(conference,${EXTEN},1(bridgehead))\nexten => +4989123,1,Gosub(conference,${EXTEN},1(bridgehead-of-beta))\n",
  );
});

test("no application that dials out is used or loaded", () => {
  const { "extensions.conf": dialplan = "", "modules.conf": modules = "" } = sampleConfig(values);

  expect(dialplan).not.toMatch(/\b(Dial|Originate|System|TrySystem|AGI|Transfer|SHELL|include)\b *[(=]/);
  expect(modules).not.toMatch(
    /^load = (app_dial|app_originate|app_system|app_transfer|res_agi|func_shell|pbx_spool|pbx_loopback)/m,
  );
});

test.each([
  ["a line of its own", { ariPassword: "x\nread_only = no" }],
  ["a comment", { ariPassword: "secret;1" }],
  ["nothing", { ariPassword: "" }],
  ["a section", { ariUser: "a]b" }],
  ["another application of the dialplan", { dialIn: { "1": "bridgehead),Dial(PJSIP" } }],
  ["another step of the dialplan", { dialIn: { "1,1,System": "bridgehead" } }],
] as const)("a value that would become %s is refused", (_, wrong) => {
  expect(() => sampleConfig({ ...values, ...wrong })).toThrow("cannot be");
});
