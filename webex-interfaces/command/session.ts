import { type FilledSequence, filledSequences, meetingOf } from "../client/meeting-view.ts";
import { type Seen, type SessionInfo, visibilityTable } from "../client/xml-api/session-info.ts";
import { type Column, isRecord, type Terminal, table } from "../doors/foundation.ts";
import { wordsOf, wrapped } from "../doors/programs.ts";

const services: Readonly<Record<SessionInfo["service"], string>> = {
  MC: "a meeting",
  SaC: "a sales session",
  TC: "a training session",
  EC: "an event",
  AO: "a meeting of audio alone",
  other: "a session of another service",
};

const modes: Readonly<Record<SessionInfo["mode"], string>> = {
  anonymous: "as everybody sees it",
  password: "by its password",
  "password-refused": "as everybody sees it: the password is not the session's",
  member: "as one of its people see it",
  unknown: "by whose eyes is not known",
};

interface Row {
  readonly path: string;
  readonly seen: Seen<unknown>;
}

/** What a site shows of a session: what is given, what its password would show, what it has none of, and what no such session has. */
export function sessionText(info: SessionInfo, terminal: Terminal): readonly string[] {
  const { service, mode, elements } = info;
  const rows = visibilityTable.map(({ path }): Row => ({ path, seen: elements[path] }));
  const never = rows.filter(({ seen }) => seen.is === "never").map(({ path }) => path);
  const columns: readonly Column<Row>[] = [
    { title: "element", text: ({ path }) => path },
    {
      title: "shown",
      text: textOf,
      style: ({ seen }) => (seen.is === "given" ? null : "dim"),
      cut: true,
    },
  ];
  return [
    `${services[service]}, ${modes[mode]}`,
    "",
    ...table(
      columns,
      rows.filter((row) => row.seen.is !== "never" && !isEmptyGroup(row)),
      terminal,
    ),
    "",
    ...(never.length === 0
      ? []
      : wrapped(wordsOf(`${services[service]} never has ${never.join(", ")}`), terminal.width)),
    ...dialInText(info, terminal),
  ];
}

/** A group whose elements all have rows of their own. */
function isEmptyGroup({ path, seen }: Row): boolean {
  return seen.is === "given" && isRecord(seen.value) && groupText(path, seen.value) === "";
}

const paths: ReadonlySet<string> = new Set(visibilityTable.map(({ path }) => path));

/** What of a group has no row of its own, but for the sequences below. */
function groupText(path: string, value: Readonly<Record<string, unknown>>): string {
  const own = Object.entries(value).filter(
    ([name, part]) => !paths.has(`${path}.${name}`) && typeof part !== "object" && name !== "dialInSequences",
  );
  return own.map(([name, part]) => `${name} ${part}`).join(", ");
}

function textOf({ path, seen }: Row): string {
  switch (seen.is) {
    case "given":
      if (isRecord(seen.value)) return groupText(path, seen.value);
      return [seen.value].flat().map(valueText).join(", ");
    case "needs-password":
      return "needs the session's password";
    case "absent":
      return "has none";
    case "unknown":
      return "not given; why is not known";
    case "wrong":
      return `not readable: ${seen.field.rule}`;
    case "never":
      return "never";
  }
}

function valueText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a telephone keys, with the number and the code of the answer; what is somebody's own keeps its name. */
function dialInText(info: SessionInfo, terminal: Terminal): readonly string[] {
  const meeting = meetingOf(info);
  const { sequences, faults } = filledSequences(meeting, meeting.sessionKey);
  const columns: readonly Column<FilledSequence>[] = [
    { title: "dial-in sequence", text: ({ name }) => name },
    { title: "a telephone keys", text: ({ dialString }) => dialString },
  ];
  return [
    ...(sequences.length === 0 ? [] : ["", ...table(columns, sequences, terminal)]),
    ...faults.flatMap((fault) => ["", fault]),
  ];
}
