import { expect, test } from "vitest";
import { type Fact, facts, showFact } from "../../src/conference/facts.ts";
import { head } from "../../src/conference/head.ts";
import { conferenceInput } from "../../src/conference/inputs.ts";
import { caller, callOut, outage, pendingCommand, subConference } from "../../src/conference/state.ts";
import { masked } from "../../src/foundation/shown.ts";
import { activityMinute } from "../../src/records/activity.ts";
import { conferenceView } from "../../src/rpc/conference-view.ts";
import { webhookView } from "../../src/rpc/directory.ts";
import { waitingDocuments } from "../../src/rpc/directory-feed.ts";
import { unjudged } from "../foundation/unjudged.ts";

test("each field of a fact says whether it is personal or secret", () => {
  expect(Object.entries(facts).flatMap(([kind, fields]) => unjudged(fields, kind))).toEqual([]);
});

test("each field of inputs and state says whether it is personal or secret", () => {
  const schemas = { conferenceInput, head, caller, callOut, pendingCommand, subConference, outage };
  expect(Object.entries(schemas).flatMap(([name, schema]) => unjudged(schema, name))).toEqual([]);
});

test("each field of what is shown by its answer's schema says whether it is personal or secret", () => {
  const schemas = { conferenceView, webhookView, waitingDocuments, hosts: activityMinute.entries.hosts };
  expect(Object.entries(schemas).flatMap(([name, schema]) => unjudged(schema, name))).toEqual([]);
});

test("a fact keeps its kind, and shows a number as is wanted", () => {
  const fact: Fact = { kind: "call-out-denied", country: "1", number: "14085551234", by: [{ type: "deadline" }] };

  expect(showFact(fact, masked)).toEqual({ ...fact, number: "*********34" });
});
