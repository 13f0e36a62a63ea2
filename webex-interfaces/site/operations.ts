import { attendees } from "./operations/attendees.ts";
import { events } from "./operations/events.ts";
import { general } from "./operations/general.ts";
import { history } from "./operations/history.ts";
import type { Operation, Service } from "./operations/operation.ts";
import { sales } from "./operations/sales.ts";
import { audioOnly, meeting, support } from "./operations/sessions.ts";
import { meetingTypes, site } from "./operations/site.ts";
import { training } from "./operations/training.ts";
import { users } from "./operations/users.ts";
import { type Prefix, typeNamed } from "./schema.ts";

const services: readonly Service[] = [
  users,
  general,
  meeting,
  audioOnly,
  training,
  events,
  sales,
  history,
  attendees,
  site,
  support,
  meetingTypes,
];

/** An operation as the door finds it. */
export interface Entry extends Operation {
  readonly name: string;
  readonly prefix: Prefix;
  /** Of the request, and of its answer; where no public source shows them, they are as open as can be. */
  readonly request: () => ReturnType<NonNullable<ReturnType<typeof typeNamed>>>;
  readonly answer: () => ReturnType<NonNullable<ReturnType<typeof typeNamed>>>;
}

/** By `xsi:type` without `java:com.webex.service.binding.`. */
export const entries: ReadonlyMap<string, Entry> = new Map(
  services.flatMap(({ binding, prefix, operations }) =>
    Object.entries(operations).map(([name, operation]): [string, Entry] => {
      const type = operation.type === null ? null : `${prefix}.${operation.type ?? name}`;
      const named = (ending: string) => {
        if (type === null) return () => ({ kind: "any" }) as const;
        const found = typeNamed(`${type}${ending}`);
        if (!found) throw new Error(`the schema has no ${type}${ending}`);
        return found;
      };
      const entry = { ...operation, name, prefix: prefix as Prefix, request: named(""), answer: named("Response") };
      return [`${binding}.${name[0]?.toUpperCase()}${name.slice(1)}`, entry];
    }),
  ),
);
