import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { allClauses } from "../clauses/all.ts";
import { type Options, program } from "../options.ts";
import { type Rename, renamesOf } from "../player/renames.ts";
import type { HttpRequest } from "../ports.ts";
import { playReference } from "../reference/play.ts";
import { ControlledTelephones } from "../telephones/control.ts";
import { readDocument, writeDocument } from "../xml.ts";
import { VIRTUAL_CLOCK_MS } from "./each-defect.ts";

const folder = mkdtempSync(join(tmpdir(), "conformance-renames-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(...given: string[]): readonly Rename[] | string {
  const said: string[] = [];
  const command = program().configureOutput({ writeErr: (text) => said.push(text) });
  try {
    command.parse(
      given.flatMap((one) => ["--rename", one]),
      { from: "user" },
    );
  } catch {
    return said.join();
  }
  return command.opts<Options>().rename;
}

const element = (name: string, attributes: Readonly<Record<string, string>>) => ({
  name,
  attributes,
  children: [],
  text: "",
});

test("another name or number goes out and comes in", () => {
  const pairs: Rename[] = [
    ["SubConfID", "ExtSubConfID"],
    ["ActionFlag", "Flag"],
    ["subCallAction.added", "2"],
    ["subCallAction.returned", "1"],
    ["privilege.listen", "5"],
  ];
  const renames = renamesOf(pairs);

  expect(
    renames.out({ name: "W2A_Callout", attributes: { SubConfID: "1", Privilege: "1", MsgID: "1" } }).attributes,
  ).toEqual({
    ...{ ExtSubConfID: "1", Privilege: "5", MsgID: "1" },
  });
  expect(renames.in(element("A2W_NotifySubConfCallChange", { ExtSubConfID: "1", Flag: "2" })).attributes).toEqual({
    ...{ SubConfID: "1", ActionFlag: "1" },
  });
});

test("the kit's own number means nothing on the wire where another one has its meaning", () => {
  const renames = renamesOf([["conferenceStatus.locked", "7"]]);
  const status = (Status: string) => renames.in(element("A2W_NotifyConferenceChange", { Status })).attributes.Status;

  expect(["7", "3", "2", "9"].map(status)).toEqual(["2", "3", "1000002", "9"]);
});

test("results may share a number, but not with success", () => {
  const renames = renamesOf([
    ["result.busy", "40"],
    ["result.rejected", "40"],
    ["result.invalid-number", "8"],
  ]);
  const { Result = "" } = renames.in(element("A2W_RspCallout", { Result: "40" })).attributes;

  expect([Result, renames.result("6"), renames.result("17")]).toEqual(["6", "6", "6"]);
  expect(renames.result("8")).toBe("8");
  expect(read("result.busy=0")).toContain("result.ok and result.busy would both be 0");
});

test.each([
  ["Nothing=1", "has no message, attribute or code Nothing"],
  ["conferenceStatus.shut=1", "has no message, attribute or code conferenceStatus.shut"],
  ["conferenceStatus.locked=seven", "conferenceStatus.locked must be a number"],
  ["conferenceStatus.locked=3", "conferenceStatus.locked and conferenceStatus.ended would both be 3"],
  ["no-such-file.json", "a file with elements, attributes and codes in JSON"],
])("%s is refused in one sentence", (given, sentence) => {
  expect(read(given)).toContain(sentence);
});

test("a file has the table as Bridgehead's settings do, and what the kit does not need is left out", () => {
  const file = join(folder, "protocol.json");
  const elements = { W2A_UpdateUser: "W2A_UpdateCall" };
  const codes = { updateAction: { lock: 21 }, result: { "internal-failure": -99, busy: 40 } };
  writeFileSync(file, JSON.stringify({ elements, attributes: { SubConfID: "ExtSubConfID" }, codes }));

  expect(read(file, "updateAction.unlock=22")).toEqual([
    ["W2A_UpdateUser", "W2A_UpdateCall"],
    ["SubConfID", "ExtSubConfID"],
    ["updateAction.lock", "21"],
    ["result.busy", "40"],
    ["updateAction.unlock", "22"],
  ]);
});

/** The reference adapter as if it had these names and numbers: what goes in and out is translated between. */
async function playRenamed(pairs: readonly Rename[], told: readonly Rename[]): Promise<string[]> {
  const between = renamesOf(pairs);
  const translated = ({ url, body }: HttpRequest) => {
    const { transId, messages } = readDocument(body);
    if (messages.length === 0) return body;
    return writeDocument(transId, messages.map(url.includes("adapter") ? between.in : between.out));
  };
  const clauses = allClauses.filter(({ id }) => /^(?:4\.1[03]|4\.4|4\.5|F5)/.test(id));
  const results = await playReference(clauses, [], { renames: renamesOf(told) }, (ports, bridge) => {
    const send = ports.send.bind(ports);
    Object.assign(ports, { send: (request: HttpRequest) => send({ ...request, body: translated(request) }) });
    return new ControlledTelephones(ports, bridge);
  });
  return results.filter(({ outcome }) => outcome === "failed").map(({ id }) => id);
}

test("an adapter with numbers of its own passes when the kit is told, and fails when it is not", {
  timeout: VIRTUAL_CLOCK_MS,
}, async () => {
  const pairs: Rename[] = [
    ["conferenceStatus.locked", "7"],
    ["subCallAction.added", "2"],
    ["subCallAction.returned", "1"],
    ["SubConfID", "ExtSubConfID"],
    ["updateAction.lock", "21"],
    ["result.busy", "40"],
    ["result.rejected", "40"],
    ["result.conference-closed", "111"],
  ];

  expect(await playRenamed(pairs, pairs)).toEqual([]);
  expect(await playRenamed(pairs, [])).toEqual(expect.arrayContaining(["4.10a", "4.13b", "4.4b", "F5"]));
});
