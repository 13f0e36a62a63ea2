import type { Fields, Operation, PathOf, SideOf, WithOneOf } from "./fields.ts";
import { attendeeOperations } from "./operations/attendee.ts";
import { eventOperations } from "./operations/event.ts";
import { historyOperations } from "./operations/history.ts";
import { meetingOperations } from "./operations/meeting.ts";
import { meetingTypeOperations } from "./operations/meeting-type.ts";
import { salesOperations } from "./operations/sales.ts";
import { sessionOperations } from "./operations/session.ts";
import { siteOperations } from "./operations/site.ts";
import { supportOperations } from "./operations/support.ts";
import { trainingOperations } from "./operations/training.ts";
import { userOperations } from "./operations/user.ts";

/** Every operation of WebEx's XML API that public documents name, by its name. */
export const operations = {
  ...userOperations,
  ...sessionOperations,
  ...meetingOperations,
  ...trainingOperations,
  ...eventOperations,
  ...salesOperations,
  ...historyOperations,
  ...attendeeOperations,
  ...siteOperations,
  ...supportOperations,
  ...meetingTypeOperations,
} as const;

type Operations = typeof operations;

export type OperationName = keyof Operations;

/** The operations that can be read in pages. */
export type ListName = {
  [Name in OperationName]: Operations[Name] extends { items: string } ? Name : never;
}[OperationName];

export type Request<Name extends OperationName> = Operations[Name] extends {
  oneOrMore: readonly (infer Names)[];
}
  ? WithOneOf<SideOf<Operations[Name]["request"], "required">, Names>
  : SideOf<Operations[Name]["request"], "required">;

export type Response<Name extends OperationName> = SideOf<Operations[Name]["response"], "always">;

/** The paths of the fields of an answer, such as `meeting.confName`. */
export type Path<Name extends OperationName> = Operations[Name]["response"] extends infer Side extends Fields
  ? PathOf<Side>
  : string;

/** The item of a list operation's answer. */
export type ItemOf<Name extends ListName> =
  Response<Name> extends infer Whole
    ? Operations[Name] extends { items: infer Items extends keyof Whole }
      ? NonNullable<Whole[Items]> extends readonly (infer Item)[]
        ? Item
        : never
      : never
    : never;

/** The entry of this name, for names that come from outside. */
export function operationNamed(name: string): Operation | undefined {
  return Object.hasOwn(operations, name) ? operations[name as OperationName] : undefined;
}
