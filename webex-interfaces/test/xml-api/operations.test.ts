import { expect, test } from "vitest";
import { isSecretName } from "../../client/secret-names.ts";
import type { Fields, Kind, Operation } from "../../client/xml-api/fields.ts";
import { operationNamed, operations } from "../../client/xml-api/operations.ts";

const all: readonly Operation[] = Object.values(operations);

/** The operations of the overview of the APIs and of the page of getSessionInfo. */
const documented = {
  user: "createUser delUser getloginurlUser getlogouturlUser getUser lstsummaryUser setUser",
  session: "getSessionInfo",
  meeting: "createMeeting delMeeting gethosturlMeeting getjoinurlMeeting getMeeting lstsummaryMeeting setMeeting",
  training:
    "checkLabAvailability createTrainingSession delTrainingSession getIMStestDetails getIMStestResult getLabInfo " +
    "getLabSchedule getTestInformation getTrainingSession lstScheduledTests lstsummaryTrainingSession setTrainingSession",
  event: "createEvent delEvent getEvent lstrecordedEvent lstsummaryEvent setEvent",
  sales: "addProducts createSalesSession getSalesSession lstProducts lstsummarySalesSession setProducts",
  history:
    "lsteventsessionHistory lstsalessessionHistory lstsupportsessionHistory lsttrainingsessionHistory " +
    "lsteventattendeeHistory lstmeetingattendeeHistory lstsalesattendeeHistory lstsupportattendeeHistory " +
    "lsttrainingattendeeHistory lstmeetingusageHistory lstrecordaccessHistory",
  attendee: "createMeetingAttendee",
};

test.each(Object.entries(documented))("the %s service has the operations that the documents name", (service, names) => {
  const found = all.filter((entry) => entry.service === service && entry.source === "documented");

  expect(found.map(({ name }) => name).toSorted()).toEqual(names.split(" ").toSorted());
});

test("51 operations are documented, 59 more stand in the schema or on later pages", () => {
  const count = (source: string) => all.filter((entry) => entry.source === source).length;

  expect({ documented: count("documented"), schema: count("schema") }).toEqual({ documented: 51, schema: 59 });
});

test("each entry stands under its name, and its binding is its name with a capital", () => {
  for (const [name, entry] of Object.entries(operations)) {
    expect(entry.name).toBe(name);
    expect(entry.binding.split(".").at(-1)).toBe(`${name[0]?.toUpperCase()}${name.slice(1)}`);
  }
});

test("only what reads has a kind that is tried again", () => {
  const repeated = all.filter(({ kind }) => kind === "get" || kind === "list").map(({ name }) => name);

  expect(repeated.filter((name) => !/^(get|lst|checkLabAvailability)/.test(name))).toEqual([]);
});

test("a list that is read in pages takes listControl and repeats one element", () => {
  const paged = all.filter(({ items }) => items !== undefined);

  expect(paged.length).toBeGreaterThan(20);
  for (const { name, kind, request, response, items = "" } of paged) {
    expect(kind, name).toBe("list");
    expect((request as Fields).listControl?.kind, name).toBe("group");
    expect((response as Fields)[items]?.kind, name).toBe("list");
  }
});

test("a field is a secret if it is one by its name, and only then", () => {
  const open: string[] = [];
  const visit = (fields: Fields, path: string): void => {
    for (const [name, kind] of Object.entries(fields)) look(name, kind, `${path}.${name}`);
  };
  const look = (name: string, kind: Kind, path: string): void => {
    if (kind.kind === "group") visit(kind.fields, path);
    if (kind.kind === "list") look(name, kind.of, path);
    if (["text", "secret"].includes(kind.kind) && isSecretName(name) !== (kind.kind === "secret")) open.push(path);
  };
  for (const { name, request, response } of all) {
    if (request !== "open") visit(request, name);
    if (response !== "open") visit(response, name);
  }

  expect(open).toEqual([]);
});

test("a name from outside finds its entry, and nothing that every object has", () => {
  expect(operationNamed("getUser")?.binding).toBe("user.GetUser");
  expect(operationNamed("getuser")).toBeUndefined();
  expect(operationNamed("constructor")).toBeUndefined();
  expect(operationNamed("__proto__")).toBeUndefined();
});
