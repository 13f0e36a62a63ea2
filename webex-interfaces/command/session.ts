import type { DialInSequence } from "../client/dial-in.ts";
import { meetingOf } from "../client/meeting-view.ts";
import type { Seen, SessionInfo } from "../client/session-info.ts";
import { type Column, isRecord, type Terminal, table } from "../doors/foundation.ts";
import { wordsOf, wrapped } from "../doors/programs.ts";
import { visibilityRows } from "../tables/session.ts";

const services: Readonly<Record<SessionInfo["service"], string>> = {
  MC: "a meeting",
  SaC: "a sales session",
  TC: "a training session",
  EC: "an event",
  AO: "an audio-only meeting",
  other: "a session of another service",
};

const modes: Readonly<Record<SessionInfo["mode"], string>> = {
  anonymous: "as everybody sees it",
  password: "with its password",
  "password-refused": "as everybody sees it: the password is not the session's",
  member: "as its host or attendees see it",
  unknown: "with unknown rights",
};

interface Row {
  readonly path: string;
  readonly seen: Seen;
}

/** Returns the elements of a session, and its dial-in sequences. */
export function sessionText(info: SessionInfo, terminal: Terminal): readonly string[] {
  const { service, mode, elements, answer } = info;
  const rows = visibilityRows.map(({ path }): Row => ({ path, seen: elements[path] }));
  const never = rows.filter(({ seen }) => seen.is === "never").map(({ path }) => path);
  const shown = rows.filter((row) => row.seen.is !== "never" && textOf(row) !== "");
  const columns: readonly Column<Row>[] = [
    { title: "element", text: ({ path }) => path },
    { title: "shown", text: textOf, style: ({ seen }) => (seen.is === "given" ? null : "dim"), cut: true },
  ];
  const { sequences, faults } = meetingOf(answer);
  const dialing: readonly Column<DialInSequence>[] = [
    { title: "dial-in sequence", text: ({ name }) => name },
    { title: "a telephone dials", text: ({ dialString }) => dialString },
  ];
  return [
    `${services[service]}, ${modes[mode]}`,
    "",
    ...table(columns, shown, terminal),
    ...(never.length === 0 ? [] : ["", ...wrapped(wordsOf(`never shown: ${never.join(", ")}`), terminal.width)]),
    ...(sequences.length === 0 ? [] : ["", ...table(dialing, sequences, terminal)]),
    ...faults.flatMap((fault) => ["", fault]),
  ];
}

const paths: ReadonlySet<string> = new Set(visibilityRows.map(({ path }) => path));

function textOf({ path, seen }: Row): string {
  switch (seen.is) {
    case "given":
      return isRecord(seen.value) ? groupText(path, seen.value) : [seen.value].flat().map(valueText).join(", ");
    case "needs-password":
      return "needs the session's password";
    case "absent":
      return "has none";
    case "unknown":
      return "not shown, for an unknown reason";
    case "wrong":
      return `not readable: ${seen.field.rule}`;
    case "never":
      return "never";
  }
}

/** Returns a group's fields without their own rows, except the dial-in sequences, which have a table. */
function groupText(path: string, value: Readonly<Record<string, unknown>>): string {
  const own = Object.entries(value).filter(
    ([name, part]) => !paths.has(`${path}.${name}`) && typeof part !== "object" && name !== "dialInSequences",
  );
  return own.map(([name, part]) => `${name} ${part}`).join(", ");
}

function valueText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
