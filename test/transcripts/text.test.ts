import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ShortNames } from "./short-names.ts";
import {
  commandLine,
  elementOf,
  parseTranscript,
  postedLine,
  printTranscript,
  stepsOf,
  titleOf,
  withNames,
} from "./transcript.ts";

const flows = globSync("scripts/demo/flows/*.txt");

test("each flow is printed as it was read", () => {
  const texts = flows.map((file) => [file, readFileSync(file, "utf8")] as const);

  expect(flows.length).toBeGreaterThan(30);
  expect(texts.map(([file, text]) => [file, printTranscript(parseTranscript(text))])).toEqual(texts);
});

test("a server and an ExtConfID stand where they change, and are known in full everywhere", () => {
  const text = [
    "# Two servers.",
    "W→A W2A_UpdateUser MsgID=2 ExtCallID=1 Privilege=1 (listen)",
    "    + W2A_MakeCoffee MsgID=3",
    "      A→W A2W_NotifyUserChange ExtCallID=1 Status=1 (muted)",
    "      A→B mute c1",
    "      A→W tsp2 A2W_NotifyUserChange ExtConfID=1002 ExtCallID=1 Status=1 (muted)",
    "      A→W A2W_RspMessageError Result=-12 (unknown-message) ErrMsg=unknown msg received",
    "      A→W A2W_NotifyUserChange ExtCallID=2 Status=2 (left)",
    "      A→W tsp1 A2W_NotifyUserChange ExtConfID=none ExtCallID=2 Status=2 (left)",
    "",
  ].join("\n");

  const transcript = parseTranscript(text);
  expect(titleOf(transcript)).toBe("Two servers.");
  expect(stepsOf(transcript)).toEqual([
    {
      happens: ["W→A W2A_UpdateUser MsgID=2 ExtCallID=1 Privilege=1", "W2A_MakeCoffee MsgID=3"],
      follows: [
        "A→W tsp1 1001 A2W_NotifyUserChange ExtCallID=1 Status=1",
        "A→B mute c1",
        "A→W tsp2 1002 A2W_NotifyUserChange ExtCallID=1 Status=1",
        "A→W tsp2 - A2W_RspMessageError Result=-12 ErrMsg=unknown msg received",
        "A→W tsp2 1002 A2W_NotifyUserChange ExtCallID=2 Status=2",
        "A→W tsp1 none A2W_NotifyUserChange ExtCallID=2 Status=2",
      ],
    },
  ]);
  expect(printTranscript(transcript)).toBe(text);
});

test("a line that follows from nothing is refused", () => {
  expect(() => parseTranscript("# Title\n      A→B mute c1")).toThrow('"A→B mute c1" follows from nothing');
});

describe("a line", () => {
  test.each([
    ["A2W_NotifyUserChange Status=2 ActionCode=3", "A2W_NotifyUserChange Status=2 (left) ActionCode=3 (joined-main)"],
    ["A2W_NotifyConferenceChange Status=2", "A2W_NotifyConferenceChange Status=2 (locked)"],
    ["W2A_UpdateCall Status=1", "W2A_UpdateCall Status=1 (listen)"],
    ["W2A_UpdateUser Privilege=9", "W2A_UpdateUser Privilege=9"],
    ["Confirmation Result=-7", "Confirmation Result=-7 (attribute-missing)"],
    ["A→B dial o1 Result=1", "A→B dial o1 Result=1"],
  ])("%s has the names of its codes", (line, named) => {
    expect(withNames(line)).toBe(named);
  });

  test("shows a post with its server and ExtConfID in front, and says where the ExtConfID is missing", () => {
    expect(postedLine("tsp1", "A2W_NotifyUserChange", ' MsgID="2" ExtConfID="1001"')).toBe(
      "A→W tsp1 1001 A2W_NotifyUserChange MsgID=2",
    );
    expect(postedLine("tsp1", "A2W_NotifyUserChange", ' MsgID="2"')).toBe("A→W tsp1 none A2W_NotifyUserChange MsgID=2");
    expect(postedLine("tsp1", "A2W_RspMessageError", ' MsgID="2"')).toBe("A→W tsp1 - A2W_RspMessageError MsgID=2");
  });

  test("shows a command without what is off", () => {
    expect(commandLine("move", { call: "c1", room: "r1" })).toBe("A→B move c1 to r1");
    expect(commandLine("create-room", { room: "r1", kind: "sub" })).toBe("A→B create-room r1 kind=sub");
    expect(commandLine("admit", { call: "o1", muted: false, joinTone: true })).toBe("A→B admit o1 joinTone");
    expect(commandLine("dial", { call: "o1", number: { country: "1", local: "5550123", extension: "" } })).toBe(
      "A→B dial o1 number=1-5550123",
    );
  });

  test("becomes an element with what goes without saying", () => {
    const real = (_: string, value: string) => (value === "KEY" ? "9<1" : value);
    expect(elementOf("W2A_CreateConference MsgID=1 ExtConfID=1002", real)).toBe(
      '<W2A_CreateConference WbxHostName="tsp1" ExtConfID="1002" ConfKey="9&lt;1" MsgID="1"></W2A_CreateConference>',
    );
  });
});

test("an id that stands within another does not spoil the other's name", () => {
  const names = new ShortNames();
  names.give("987", "KEY");
  names.giveNext("987.1.a", "o");
  names.giveNext("987.2.b", "o");
  names.giveNext("987.1.a", "o");

  expect(names.shorten("dial 987.2.b of 987, not 987.1.a")).toBe("dial o2 of KEY, not o1");
  expect([names.idOf("o2"), names.nameOf("other")]).toEqual(["987.2.b", "other"]);
});
