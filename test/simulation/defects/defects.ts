import { agentDefects } from "./agent.ts";
import { conferenceDefects } from "./conference.ts";
import type { Defect } from "./defect.ts";
import { nodeDefects } from "./node.ts";
import { durableObjectDefects } from "./objects.ts";
import { recordsDefects } from "./records.ts";
import { relayDefects } from "./relay.ts";
import { shownDefects } from "./shown.ts";
import { webexDefects } from "./webex.ts";

/** Defects that somebody could make; each must be found by the worlds. */
export const defects: readonly Defect[] = [
  conferenceDefects,
  webexDefects,
  durableObjectDefects,
  nodeDefects,
  relayDefects,
  agentDefects,
  recordsDefects,
  shownDefects,
].flatMap((bySubject) =>
  Object.entries(bySubject).flatMap(([file, inFile]) =>
    Object.entries(inFile).map(([name, planted]) => ({ name, file, ...planted })),
  ),
);
