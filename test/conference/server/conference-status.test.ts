import { expect, test } from "vitest";
import { Draft } from "../../../src/conference/draft.ts";
import { answerCreate, setLocked } from "../../../src/conference/server/conference-status.ts";
import { emptyState } from "../../../src/conference/state.ts";
import type { OpenRequest } from "../../../src/tsp/messages.ts";
import { testDomain } from "../../local-domain.ts";
import { Meeting } from "./meeting.ts";

const clientUrl = "https://audio.example.com/client";

/** What a decision without a conference leads to. */
function follows(act: (draft: Draft) => void, hybrid?: object) {
  const settings = { ...testDomain().settings, ...(hybrid && { hybrid }) };
  const draft = new Draft(emptyState(), 0, { confKey: "555", settings, unconfirmed: () => [] } as never);
  act(draft);
  return draft.decision();
}

test.each<[object | undefined, object]>([
  [undefined, {}],
  [{ clientUrl }, { hybridClientUrl: clientUrl }],
  [
    { clientUrl, connectData: "a;b" },
    { hybridClientUrl: clientUrl, hybridConnectData: "a;b" },
  ],
  [
    { clientUrl, adhocInstall: false },
    { hybridClientUrl: clientUrl, adhocInstall: false },
  ],
  [
    { clientUrl, appDetection: "https://x" },
    { hybridClientUrl: clientUrl, appDetection: "https://x" },
  ],
])("the answer to a create has the hybrid attributes of its domain, and no others: %j", (hybrid, attributes) => {
  const request = { type: "create-conference", msgId: "m1", replyTo: "tsp1:80", hybridEnabled: true } as never;
  const { effects } = follows((draft) => answerCreate(draft, request), hybrid);
  const usual = { type: "conference-created", msgId: "m1", result: "ok" };
  expect(effects).toStrictEqual([{ host: "tsp1:80", message: { ...usual, ...attributes } }]);
  const plain = follows((draft) => answerCreate(draft, { ...(request as OpenRequest), hybridEnabled: false }), hybrid);
  expect(plain.effects).toStrictEqual([{ host: "tsp1:80", message: usual }]);
});

test("that a conference is locked or unlocked is a fact; one that does not run is neither", () => {
  const meeting = new Meeting("given a running conference", "B→A lock-changed locked=yes");
  expect(meeting.said("conference-locked")).toMatchObject([{ locked: true }]);
  meeting.go("B→A lock-changed locked=no");
  expect(meeting.said("conference-locked")).toMatchObject([{ locked: false }]);
  expect(follows((draft) => setLocked(draft, true)).facts).toEqual([]);
});
