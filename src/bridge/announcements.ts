import * as v from "valibot";

/** What a caller can hear. Nobody else hears it, and the caller's first key stops it. In which words is the bridge's business. */
export const announcements = [
  /** Key the conference key, and `#`. */
  "welcome",
  /** No conference has this key, or it is unclear what was keyed in a conference: key it again. */
  "key-again",
  /** Key the attendee ID, if there is one, and `#`. */
  "attendee-id",
  /** No conference has the keys that were tried; the call ends. */
  "unknown-conference",
  /** Nobody who knows of new conferences can be reached: wait. Said again and again, for some minutes. */
  "please-wait",
  "locked",
  "full",
  /** The caller is in the conference, where others are. */
  "joined",
  /** The caller is in the conference, and alone there until others come. */
  "alone",
  "muted",
  "unmuted",
  /** The call ends: nothing was keyed for too long, its keys were unclear each time, the caller has waited for too long, the bridge has refused it, or its conference ends by a setting. */
  "goodbye",
] as const;

/** By these a call ends: it lasts until its caller has heard them. */
export const lastWords: ReadonlySet<Announcement> = new Set(["unknown-conference", "locked", "full", "goodbye"]);

const announcement = v.picklist(announcements);
export type Announcement = v.InferOutput<typeof announcement>;
