import { attendeeOperations } from "./attendee.ts";
import { eventOperations } from "./event.ts";
import { historyOperations } from "./history.ts";
import { audioOnlyOperations, meetingOperations } from "./meeting.ts";
import { salesOperations } from "./sales.ts";
import { type AnswerOf, kindOf, type Operation, type ValuesOf } from "./schema.ts";
import { sessionOperations } from "./session.ts";
import { siteOperations } from "./site.ts";
import { trainingOperations } from "./training.ts";
import { userOperations } from "./user.ts";

/** Operations of WebEx's XML API with tables of their fields, by name. */
export const operations = {
  ...userOperations,
  ...sessionOperations,
  ...meetingOperations,
  ...audioOnlyOperations,
  ...trainingOperations,
  ...eventOperations,
  ...salesOperations,
  ...historyOperations,
  ...attendeeOperations,
  ...siteOperations,
} as const;

export type OperationName = keyof typeof operations;
export type RequestOf<N extends OperationName> = ValuesOf<(typeof operations)[N]["request"]>;
export type Answered<N extends OperationName> = AnswerOf<(typeof operations)[N]["answer"]>;

/** Operations of WebEx's schema with open fields: requests are sent, and answers are read, without a table. */
export const openBindings: readonly string[] = [
  ...within("attendee", "GetEnrollmentInfo"),
  ...within("ep", "CreateContacts CreateDistList DelRecording DetectSessionByCallback GetJoinSessionInfo"),
  ...within("ep", "GetOneClickSettings GetRecordingInfo LstContact LstDistList LstOpenSession LstRecording"),
  ...within("ep", "SetDistList SetOneClickSettings SetRecordingInfo SetupOneClickSettings"),
  ...within("event", "LstsummaryProgram SendInvitationEmail UploadEventImage"),
  ...within("history", "LstrecordaccessDetailHistory"),
  ...within("meeting.auo", "SetTeleconferenceSession"),
  ...within("meetingtype", "GetMeetingType LstMeetingType"),
  ...within("sales", "CreateAccount CreateOpportunity DelSalesSession LstAccounts LstOpportunities SetAccount"),
  ...within("sales", "SetOpportunity SetSalesSession"),
  ...within("site", "GetWebACDQueues LstTimeZone SetSite"),
  ...within("supportsession", "CreateSupportSession"),
  ...within("training", "AddScheduledTest CopyLibTests DelLibTests DelScheduledTest LstLibTests LstTrainingSession"),
  ...within("training", "ReserveLab SetScheduledTest UploadIMStest"),
  ...within("user", "DelSessionTemplates LstUser UploadPMRImage"),
];

function within(service: string, names: string): readonly string[] {
  return names.split(" ").map((name) => `${service}.${name}`);
}

/** An operation without a table of its fields. */
export interface OpenOperation extends Pick<Operation, "name" | "binding" | "kind"> {
  readonly request?: never;
}

export type AnyOperation = Operation | OpenOperation;

const typed = new Map(Object.values(operations).map((one): [string, Operation] => [one.name.toLowerCase(), one]));
const open = new Map(openBindings.map((binding) => [nameOf(binding).toLowerCase(), binding]));

/** Finds an operation by name (`getMeeting`) or binding (`meeting.GetMeeting`), in any case. */
export function operationNamed(given: string): AnyOperation | undefined {
  const name = nameOf(given);
  const one = typed.get(name.toLowerCase());
  if (one) return given.includes(".") && one.binding.toLowerCase() !== given.toLowerCase() ? undefined : one;
  const binding = open.get(name.toLowerCase()) ?? (/^\w+(?:\.\w+)+$/.test(given) ? given : undefined);
  if (binding === undefined) return undefined;
  return { name: nameOf(binding), binding, kind: kindOf(nameOf(binding)) };
}

/** Returns `getMeeting` for `meeting.GetMeeting`. */
function nameOf(binding: string): string {
  const last = binding.slice(binding.lastIndexOf(".") + 1);
  return `${last.slice(0, 1).toLowerCase()}${last.slice(1)}`;
}

export function isOpen(operation: AnyOperation): operation is OpenOperation {
  return operation.request === undefined;
}
