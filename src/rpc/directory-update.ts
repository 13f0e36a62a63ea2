import type { Post } from "../conference/draft.ts";
import type { BridgeName, CallId, ConfKey, DomainName, EpochMs, WebexHost } from "../foundation/ids.ts";
import type { CallRecord } from "../records/call-record.ts";
import type { DirectoryRecord } from "../records/conference-record.ts";

/** What is wrong with a conference that runs. `posts`: WebEx does not confirm; `commands`: the bridge does not answer in time. */
export type Trouble = "posts" | "commands";

/** Who is in a conference, by what people are looked for: the other end's number, and the attendee ID, if any. */
export interface PersonInside {
  readonly number: string;
  readonly attendeeId: string;
}

/** Who has come into a conference, and who has gone, as far as records may say it. */
export interface PeopleChange {
  /** The row of the conference's journal as of which this is. */
  readonly row: number;
  /** Those who were inside as of this row are changed by it; `null`: `came` are all who are inside. */
  readonly since: number | null;
  readonly came: readonly (readonly [call: CallId, person: PersonInside])[];
  readonly gone: readonly CallId[];
}

/** A conference that is being created or runs, as the list of them shows it. */
export interface RunningConference {
  readonly key: ConfKey;
  /** Which conference of this key: the row of its journal in which it began. */
  readonly life: number;
  readonly createdAt: EpochMs;
  readonly phase: "creating" | "running";
  readonly webexHost: WebexHost;
  readonly bridge: BridgeName | null;
  readonly attached: boolean;
  readonly locked: boolean;
  readonly callers: number;
  /**
   * Who speaks, as far as WebEx has the bridge say so, and as far as records may name them: empty strings else. Absent in what an older
   * version told.
   */
  readonly speakers?: readonly PersonInside[];
  /** Sub-conferences and rooms of private talks. */
  readonly rooms: number;
  readonly trouble: readonly Trouble[];
  /** Documents that wait: without a Confirmation for some seconds, or behind an attempt that failed. */
  readonly documents: number;
  readonly oldestDocumentAt: EpochMs | null;
  /** The same by receiver; absent: none waits. */
  readonly waiting?: readonly WaitingDocuments[];
}

/** Documents that wait for one receiver. */
export interface WaitingDocuments {
  /** The TSP server, or `*back-end`: the partner's. */
  readonly host: Post["host"];
  readonly documents: number;
  readonly oldestAt: EpochMs;
  /** Why the last attempt of one of them failed; `null`: none has. */
  readonly failure: string | null;
}

/** A place in a directory's records: all that were there when it was given. `directory`: a lost directory that began anew has another name. */
export interface DirectoryPlace {
  readonly directory: string;
  readonly id: number;
}

/** The place is behind the records that were told. */
export interface DirectoryAnswer extends DirectoryPlace {
  /** People look at the conference in the list: who speaks is wanted at each change. */
  readonly isShown: boolean;
  /** An update before this one did not arrive, so that the directory does not know who is inside: all of them are wanted. */
  readonly lacksPeople?: true;
}

/** A call that has entered its conference. */
export type JoinedCall = Pick<
  CallRecord,
  "conference" | "life" | "began" | "call" | "extCallId" | "direction" | "number" | "attendeeId" | "participantType"
> & { readonly enteredAt: EpochMs };

/** What a conference tells its domain's directory. */
export interface DirectoryUpdate {
  readonly domain: DomainName;
  readonly key: ConfKey;
  /** `null`: none is being created or runs. */
  readonly running: RunningConference | null;
  /** Absent where none runs, and in what an older version told. */
  readonly people?: PeopleChange;
  /** What has ended, in order. */
  readonly ended: readonly {
    readonly record: DirectoryRecord;
    /** It may have been told before. */
    readonly again: boolean;
  }[];
  /** Who came in, in order, some perhaps once more; only where the domain has webhooks. */
  readonly joined?: readonly JoinedCall[];
  /** What was given up, in order, some perhaps once more. */
  readonly givenUp?: readonly GivenUpPost[];
  /** What is told again can only be behind this place; `null`: anywhere. */
  readonly behind: DirectoryPlace | null;
}

/** A document of a conference that its receiver did not confirm, and that is not tried any more. */
export interface GivenUpPost {
  readonly conference: ConfKey;
  /** Of the conference's journal: where it was given up. */
  readonly row: number;
  readonly at: EpochMs;
  /** The TSP server, or `*back-end`: the partner's. */
  readonly host: string;
  readonly transId: string;
  /** How often it was posted. */
  readonly attempts: number;
  /** Why it is not tried any more. */
  readonly why: string;
  /** By their elements. */
  readonly messages: readonly string[];
}
