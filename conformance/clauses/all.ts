import { accessClauses } from "./access.ts";
import { callInClauses } from "./call-in.ts";
import { callOutClauses } from "./call-out.ts";
import type { Clause } from "./clause.ts";
import { closingClauses } from "./closing.ts";
import { confirmationClauses } from "./confirmations.ts";
import { controlClauses } from "./control.ts";
import { createClauses } from "./create.ts";
import { failoverClauses } from "./failover.ts";
import { globalNumbersClauses } from "./global-numbers.ts";
import { guideDocumentClauses } from "./guide-documents.ts";
import { httpClauses } from "./http.ts";
import { httpsClauses } from "./https.ts";
import { loadClauses } from "./load.ts";
import { openQuestionClauses } from "./open-questions.ts";
import { outageClauses } from "./outage.ts";
import { privateTalkClauses } from "./private-talk.ts";
import { replacedServerClauses } from "./replaced-server.ts";
import { resendingClauses } from "./resending.ts";
import { roomClauses } from "./rooms.ts";
import { silentJoinClauses } from "./silent-join.ts";
import { speakerClauses } from "./speakers.ts";
import { trafficClauses } from "./traffic.ts";
import { transportClauses } from "./transport.ts";
import { unseenClauses } from "./unseen.ts";

/** All clauses, in the order of the report. */
export const allClauses: readonly Clause[] = [
  ...transportClauses,
  ...httpClauses,
  ...guideDocumentClauses,
  ...resendingClauses,
  ...confirmationClauses,
  ...outageClauses,
  ...createClauses,
  ...callInClauses,
  ...accessClauses,
  ...callOutClauses,
  ...silentJoinClauses,
  ...privateTalkClauses,
  ...controlClauses,
  ...speakerClauses,
  ...roomClauses,
  ...failoverClauses,
  ...replacedServerClauses,
  ...closingClauses,
  ...openQuestionClauses,
  ...globalNumbersClauses,
  ...httpsClauses,
  ...loadClauses,
  ...trafficClauses,
  ...unseenClauses,
];
