import * as v from "valibot";
import type { FilledSequence, Meeting, SiteNumber } from "../../webex-interfaces/doors/edge.ts";
import type { ConfKey, DomainName } from "../foundation/ids.ts";
import { type Checked, text, time } from "../foundation/schemas.ts";
import type { ConferenceIdentity } from "./conference.ts";

/** A conference at its domain's WebEx site. */
export interface MeetingQuestion extends ConferenceIdentity {
  /** By which the site knows it; `null`: that is not known, and only what is cached is shown. */
  readonly sessionKey: string | null;
  readonly attendeeId?: string | undefined;
}

const says = v.string();
const link = v.nullable(v.object({ url: v.string(), needsLogIn: v.boolean() }));

const meeting = v.object({
  sessionKey: v.string(),
  service: text<Meeting["service"]>(),
  topic: v.nullable(v.string()),
  status: v.nullable(v.string()),
  host: v.nullable(v.object({ name: v.string(), webExId: v.string(), email: v.string() })),
  schedule: v.pipe(
    v.nullable(v.object({ startsAt: v.string(), timeZone: v.string(), minutes: v.number() })),
    v.description("`startsAt` is in the time zone beside it."),
  ),
  numbers: v.array(
    v.object({
      kind: v.picklist(["toll", "toll-free", "backup", "local", "global"]),
      number: v.string(),
      label: v.exactOptional(v.string()),
    }),
  ),
  accessCode: v.pipe(
    v.nullable(v.string()),
    v.description("`(secret)`: there is one, and `readAccessCode` answers it; null: none is known."),
  ),
  dialInSequences: v.pipe(
    v.nullable(v.string()),
    v.description("As the site sent it, with `[AccessCode]` for the access code."),
  ),
  missing: v.array(
    v.object({ what: v.string(), why: v.picklist(["never", "needs-password", "absent", "unknown", "wrong"]), says }),
  ),
});

export const meetingAnswer = v.object({
  meeting: v.pipe(v.nullable(meeting), v.description("As the site last said; null: it never did.")),
  knownAt: v.nullable(time),
  dialIn: v.pipe(
    v.array(
      v.object({
        name: text<FilledSequence["name"]>(),
        dialString: v.string(),
        toFill: v.array(text<FilledSequence["toFill"][number]>()),
      }),
    ),
    v.description("As telephones key them, with `[AccessCode]` for the access code."),
  ),
  links: v.nullable(v.object({ start: link, join: link })),
  failure: v.pipe(v.nullable(v.string()), v.description("Why the site did not answer the last look-up; null: it did.")),
  notes: v.array(v.string()),
});
export type MeetingAnswer = Checked<typeof meetingAnswer>;

/** What the last finished provisioning check found. */
const provisioningResult = v.object({
  begunAt: time,
  endedAt: time,
  users: v.number(),
  differences: v.array(v.object({ about: v.string(), says })),
  more: v.pipe(v.number(), v.description("Further differences that are only counted.")),
  notCompared: v.pipe(v.array(v.string()), v.description("What was not compared, and why.")),
});
export type ProvisioningResult = Checked<typeof provisioningResult>;

const runningCheck = v.object({
  begunAt: time,
  users: v.number(),
  of: v.nullable(v.number()),
  waits: v.pipe(
    v.nullable(v.object({ says, until: time })),
    v.description("Why the site keeps it from going on, and when it is asked again; null: it goes on."),
  ),
});
export type RunningCheck = Checked<typeof runningCheck>;

export const provisioningState = v.object({
  last: v.pipe(v.nullable(provisioningResult), v.description("The last check that came to its end; null: none did.")),
  running: v.nullable(runningCheck),
  failure: v.pipe(
    v.nullable(v.object({ at: time, says })),
    v.description("Why the latest check came to no end; null: it did, or none began."),
  ),
  nextAt: v.nullable(time),
});
export type ProvisioningState = Checked<typeof provisioningState>;

/** What a domain knows of its WebEx site. Nothing on the way of a call asks it. Where the domain has no site, nothing is written. */
export interface WebexSiteRpc {
  /** The settings were read, perhaps anew: sees to it that the object wakes for what it does by itself. Asks the site nothing. */
  settingsRead(domain: DomainName): Promise<void>;
  /** Asks the site where what is cached is too old, and waits some seconds for that; what comes later is there for the next question. */
  meeting(question: MeetingQuestion): Promise<MeetingAnswer>;
  /** The participants' access code, for one person who may read it; waits as `meeting` does. `null`: none is known. */
  accessCode(question: MeetingQuestion): Promise<string | null>;
  /** The topics that are cached; asks the site nothing. */
  topics(domain: DomainName, conferences: readonly ConfKey[]): Promise<ReadonlyMap<ConfKey, string>>;
  /** The call-in numbers that are cached; asks the site nothing. */
  numbers(domain: DomainName): Promise<readonly SiteNumber[]>;
  provisioning(domain: DomainName): Promise<ProvisioningState>;
  /** Begins a provisioning check now, unless one runs. */
  beginCheck(domain: DomainName): Promise<ProvisioningState>;
}
