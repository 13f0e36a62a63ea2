import { callInClauses } from "./call-in.ts";
import { callOutClauses } from "./call-out.ts";
import type { Clause } from "./clause.ts";
import { controlClauses } from "./control.ts";
import { createClauses } from "./create.ts";
import { failoverClauses } from "./failover.ts";
import { guideDocumentClauses } from "./guide-documents.ts";
import { privateTalkClauses } from "./private-talk.ts";
import { replacedServerClauses } from "./replaced-server.ts";
import { resendingClauses } from "./resending.ts";
import { roomClauses } from "./rooms.ts";
import { silentJoinClauses } from "./silent-join.ts";
import { speakerClauses } from "./speakers.ts";
import { surroundingsClauses } from "./surroundings.ts";
import { trafficClauses } from "./traffic.ts";
import { transportClauses } from "./transport.ts";

/** All clauses, in the order of the report. */
export const allClauses: readonly Clause[] = [
  ...transportClauses,
  ...guideDocumentClauses,
  ...resendingClauses,
  ...createClauses,
  ...callInClauses,
  ...callOutClauses,
  ...silentJoinClauses,
  ...privateTalkClauses,
  ...controlClauses,
  ...speakerClauses,
  ...roomClauses,
  ...failoverClauses,
  ...replacedServerClauses,
  ...surroundingsClauses,
  ...trafficClauses,
];
