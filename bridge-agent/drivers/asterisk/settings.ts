import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import * as v from "valibot";
import { type Announcement, announcements } from "../../../src/bridge/announcements.ts";
import { isLoopback } from "../../../src/foundation/loopback.ts";
import { utf8Text } from "../../../src/foundation/text/utf8.ts";
import { strictObject } from "../setting-values.ts";

/** The number to dial, in an endpoint pattern. */
const NUMBER = "{number}";

const ariUrl = v.pipe(
  v.string(),
  v.check(
    (text) => /^https?:\/\/[^/@?#]+(\/[^@?#]*)?\/ari$/.test(text) && URL.canParse(text),
    "must be the http:// or https:// address of ARI, ending in /ari, without user and password",
  ),
  v.check(
    (text) => text.startsWith("https:") || !URL.canParse(text) || isLoopback(new URL(text).hostname),
    "must be https:// where Asterisk is on another machine: the password, with which anybody can call at your cost, would be there for all to read",
  ),
);

const text = v.pipe(v.string(), v.nonEmpty("must not be empty"));

/** Of Asterisk's own sounds, those that say an announcement best. */
const stockSounds: Readonly<Record<Announcement, readonly string[]>> = {
  welcome: ["conf-getconfno"],
  "key-again": ["conf-invalid"],
  "attendee-id": ["confbridge-pin"],
  "please-wait": ["one-moment-please"],
  "unknown-conference": ["check-number-dial-again"],
  locked: ["conf-locked"],
  full: ["conf-full"],
  joined: ["conf-placeintoconf"],
  alone: ["conf-onlyperson"],
  muted: ["conf-muted"],
  unmuted: ["conf-unmuted"],
  goodbye: ["vm-goodbye"],
};

const sound = v.pipe(
  v.string(),
  v.regex(/^[\w./+-]+$/, "must be a sound file without its ending, in a language's folder, or a path from the root on"),
);

export const asteriskSettings = v.pipe(
  v.strictObject({
    type: v.literal("asterisk"),
    url: ariUrl,
    /** As in ari.conf. */
    user: text,
    password: v.optional(text),
    /** A file whose first line is the password. */
    passwordFile: v.optional(v.pipe(v.string(), v.check(isAbsolute, "must be a path from the root on"))),
    /** The Stasis application that the dialplan hands callers to: one for each owner. */
    application: v.optional(
      v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "_" or "-"')),
      "bridgehead",
    ),
    /** Where a number is dialled. */
    endpoint: v.optional(
      v.pipe(
        v.string(),
        v.check(
          (pattern) => /^[A-Za-z0-9]+\/./.test(pattern) && pattern.includes(NUMBER),
          `must name a channel technology and have ${NUMBER} where the number goes`,
        ),
      ),
      `PJSIP/${NUMBER}@trunk`,
    ),
    /** The number that those see who are called; absent: none is given. */
    callerId: v.optional(v.pipe(v.string(), v.regex(/^\+?\d{1,32}$/, "must be 1 to 32 digits, after + if you like"))),
    /** How many calls this Asterisk carries at most. */
    ports: v.optional(v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(1, "must be at least 1"))),
    /** Of announcements: a folder among Asterisk's sounds. */
    language: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z][\w-]*$/, "must be a language, such as en or en_GB"))),
    /** What is played instead of Asterisk's own sounds, one file after the other; an empty list: nothing. */
    sounds: v.optional(strictObject(v.entriesFromList(announcements, v.optional(v.array(sound))))),
    /** A caller is silent once nothing louder than `level`, the mean of a sample, was heard for so long. */
    talking: v.optional(
      strictObject({
        silenceMs: v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(20, "must be at least 20")),
        level: v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(1, "must be at least 1")),
      }),
      { silenceMs: 1_200, level: 256 },
    ),
  }),
  v.check(
    ({ password, passwordFile }) => (password === undefined) !== (passwordFile === undefined),
    "must have either password or passwordFile",
  ),
);

export type AsteriskSettings = v.InferOutput<typeof asteriskSettings>;

/** What is played for an announcement. */
export function soundsOf({ sounds }: AsteriskSettings, announcement: Announcement): readonly string[] {
  return sounds?.[announcement] ?? stockSounds[announcement];
}

export function languageOf({ language = "en" }: AsteriskSettings): string {
  return language;
}

/** Throws, with the file's name, where its file cannot be read or has no password. */
export function readPassword({ password = "", passwordFile }: AsteriskSettings): string {
  if (passwordFile === undefined) return password;
  if (statSync(passwordFile).isDirectory()) throw new Error(`${passwordFile} is a folder`);
  const [first = ""] = utf8Text(readFileSync(passwordFile)).split(/\r?\n/, 1);
  if (first === "") throw new Error(`the first line of ${passwordFile} is empty`);
  return first;
}

export function endpointFor(pattern: string, digits: string): string {
  return pattern.replaceAll(NUMBER, digits);
}

/** What of Asterisk a pattern needs: `trunk` of PJSIP for `PJSIP/{number}@trunk` and for `PJSIP/trunk/sip:{number}@host`. */
export function endpointParts(pattern: string): { readonly technology: string; readonly resource: string | null } {
  const [technology = "", ...rest] = pattern.split("/");
  const [first = "", second] = rest;
  const named = second === undefined ? first.slice(first.indexOf("@") + 1) : first;
  return { technology, resource: named === "" || named.includes(NUMBER) ? null : named };
}
