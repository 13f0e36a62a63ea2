import { expect, test } from "vitest";
import { pageCommands } from "../site/page-commands.ts";
import { handlers } from "../site/verbs.ts";
import { exceptions } from "../tables/exceptions.ts";
import { openBindings, operationNamed, operations } from "../tables/operations.ts";
import { visibility, visibilityRows } from "../tables/session.ts";
import { commandAt, commands } from "../tables/url.ts";
import { documentedCommands, documentedOperations, documentedVisibility, words } from "./witness.ts";

test("each of the 51 documented operations has a table and a handler of the site", () => {
  const documented = words(documentedOperations);

  expect(documented).toHaveLength(51);
  expect(documented.filter((name) => operationNamed(name)?.request === undefined)).toEqual([]);
  expect(Object.keys(handlers).toSorted()).toEqual(Object.keys(operations).toSorted());
});

test("the tables have exactly the 59 documented commands, and the site a handler for each", () => {
  const documented = Object.entries(documentedCommands).flatMap(([page, codes]) =>
    words(codes).map((at) => `${page} ${at}`),
  );
  const ours = Object.values(commands).map(({ page, at }) => `${page} ${at}`);

  expect(documented).toHaveLength(59);
  expect(ours.toSorted()).toEqual(documented.toSorted());
  expect(Object.keys(pageCommands).toSorted()).toEqual(Object.keys(commands).toSorted());
});

test("the table of visibility equals the documents' in all 285 cells", () => {
  const documented = documentedVisibility
    .trim()
    .split("\n")
    .map((row) => row.split(" "));
  const same = (name = "") => name.toLowerCase().replace("particpant", "participant");
  const ours = Object.entries(visibility).flatMap(([marks, paths]) =>
    paths
      .join(" ")
      .split(" ")
      .map((path) => `${same(path.split(".").at(-1))} ${marks}`),
  );

  expect(documented.length * 5).toBe(285);
  expect(ours.toSorted()).toEqual(documented.map(([name, marks]) => `${same(name)} ${marks}`).toSorted());
  expect(visibilityRows).toHaveLength(57);
});

test.each([
  ["getMeeting", "meeting.GetMeeting", "get"],
  ["GETMEETING", "meeting.GetMeeting", "get"],
  ["meeting.GetMeeting", "meeting.GetMeeting", "get"],
  ["lstRecording", "ep.LstRecording", "list"],
  ["ep.LstRecording", "ep.LstRecording", "list"],
  ["quay.OpenGate", "quay.OpenGate", "other"],
])("finds %s", (given, binding, kind) => {
  expect(operationNamed(given)).toMatchObject({ binding, kind });
});

test.each(["openGate", "event.GetMeeting", ""])("does not find %j", (given) => {
  expect(operationNamed(given)).toBeUndefined();
});

test("no operation is typed and open; exception ids are unique", () => {
  const bindings = [...Object.values(operations).map(({ binding }) => binding), ...openBindings];
  const ids = Object.values(exceptions).map(({ id }) => id);

  expect(new Set(bindings).size).toBe(bindings.length);
  expect(new Set(ids).size).toBe(ids.length);
});

test("finds a command by page and code", () => {
  expect([commandAt("m", "AA"), commandAt("o", "AA"), commandAt("m", "ZZ")]).toEqual([
    "add-attendees",
    "add-contacts",
    undefined,
  ]);
});
