import { expect, test } from "vitest";
import { Dialplan, exampleOf, type Way } from "../../bridge-agent/drivers/asterisk/setup/dialplan.ts";
import { sampleConfig } from "../../bridge-agent/drivers/asterisk/setup/sample-config.ts";

const dialIn = { "18005551234": "bridgehead" };
/** Without its comments, which have examples. */
const sample = sampleConfig({ ariPassword: "secret", dialIn })["extensions.conf"]?.replaceAll(/^;.*\n/gm, "") ?? "";
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the dialplan writes its variables like this.
const entry = "exten => 18005551234,1,Gosub(conference,${EXTEN},1(bridgehead))";
const toStasis = "Stasis(bridgehead,in,${EXTEN},${CALLERID(num)})";

function way(text: string, number = "18005551234"): Way {
  return new Dialplan(text).wayOf(number, "from-trunk");
}

const leadsHere = { to: "application", name: "bridgehead" };
const unknown = (at: string) => ({ to: "unknown", at });

test("the sample configuration leads to the application", () => {
  expect(way(sample)).toEqual(leadsHere);
  expect(way(sample, "18005559999")).toEqual({ to: "nowhere" });
});

test("who calls hears that it rings before an agent is tried", () => {
  expect(sample.split("\n").filter((line) => /Ringing|Answer|Stasis/.test(line))).toEqual([
    " same => n,Ringing()",
    expect.stringContaining("n(try),Stasis("),
    " same => n,Answer()",
  ]);
});

test.each([
  [
    "with another step before it",
    `exten => 18005551234,1,NoOp(x)\n same => n,Gosub(conference,\${EXTEN},1(bridgehead))`,
  ],
  ["without a context of its own", `exten => 18005551234,1,Answer()\nexten => 18005551234,n,${toStasis}`],
  ["by a label", `exten => 18005551234,1,Goto(in)\n same => n,Hangup()\n same => n(in),${toStasis}`],
  ["by a pattern", "exten => _1[78]00Z-N.,1,Gosub(conference,${EXTEN},1(bridgehead))"],
  ["by two patterns", `exten => _X.,1,${toStasis}\nexten => _1X.,1,${toStasis}`],
  ["beside a line in a comment", `${entry}\n;-- exten => 18005551234,1,Hangup() --;\n;exten => 18005551234,1,Hangup()`],
  ["beside what other contexts have", `${entry}\ninclude => parkedcalls`],
  ["by the first of two", `${entry}\nexten => 18005551234,1,Hangup()`],
])("a way that is followed: %s", (_, lines) => {
  expect(way(sample.replace(entry, () => lines))).toEqual(leadsHere);
});

test.each<[string, string, string, object]>([
  ["another application", "1(bridgehead)", "1(beta)", { to: "application", name: "beta" }],
  ["a context that was renamed", "[conference]", "[conf]", unknown("[conference], which is not there")],
  ["a Stasis that was taken out", "Stasis(${ARG1}", "NoOp(${ARG1}", { to: "unknown" }],
  ["a Stasis that is not told the number", "in,${EXTEN}", "in,unknown", { to: "end" }],
  ["a line in a comment of several lines", entry, `;--\n${entry}\n--;`, { to: "nowhere" }],
  ["such a comment without an end", entry, `;--\n${entry}`, { to: "nowhere" }],
  ["a comment within a comment", entry, `;-- ;-- --;\n${entry}\n--;`, unknown("a comment within a comment")],
  ["a template", "[from-trunk]", "[from-trunk](!)", unknown("[from-trunk], which is not there")],
  ["what is built from a template", "[from-trunk]", "[from-trunk](all)", unknown("[from-trunk](all)")],
  [
    "a number beside a pattern",
    entry,
    `exten => 18005551234,1,Hangup()\nexten => _X.,1,${toStasis}`,
    { to: "end", at: "Hangup()" },
  ],
  ["two patterns", entry, `exten => _1X.,1,Hangup()\nexten => _X.,1,${toStasis}`, unknown("_1X. beside _X.")],
  [
    "some callers alone",
    entry,
    `${entry}\nexten => 18005551234/4089,1,Hangup()`,
    unknown("exten => 18005551234/4089,1,Hangup()"),
  ],
  ["a number in a variable", entry, "exten => ${NUMBER},1,Hangup()", unknown("exten => ${NUMBER},1,Hangup()")],
  ["another file", entry, `#include "others.conf"\n${entry}`, unknown('#include "others.conf"')],
  ["another context", entry, "include => others", unknown("include => others")],
  ["a condition", entry, "exten => 18005551234,1,GotoIf($[1]?a:b)", unknown("GotoIf($[1]?a:b)")],
  ["a loop", entry, "exten => 18005551234,1,Goto(1)", unknown("18005551234, which goes round")],
  ["an application of long ago", entry, "exten => 18005551234,1,Macro(conference)", unknown("Macro(conference)")],
])("a way that does not lead there, or cannot be followed: %s", (_, from, to, expected) => {
  expect(sample).toContain(from);
  expect(way(sample.replace(from, () => to))).toMatchObject(expected);
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

test.each(["18005551234", "_X.", "_[+0-9]!", "_1[78]00ZN.", "_+1408-NXX!"])("a number that %s fits", (pattern) => {
  const example = exampleOf(pattern);
  expect(example).toMatch(/^\+?\d*$/);
  expect(way(`[from-trunk]\nexten => ${pattern},1,Hangup()`, example)).toEqual({ to: "end", at: "Hangup()" });
});
