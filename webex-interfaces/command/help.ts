import type { Source } from "../client/source.ts";
import type { ArgumentKind } from "../client/url-api/arguments.ts";
import { type Command, type CommandName, commandNames, commands, formNeed, pages } from "../client/url-api/commands.ts";
import { type Fields, type Kind, type Operation, sayChoice, sayKind } from "../client/xml-api/fields.ts";
import { operations } from "../client/xml-api/operations.ts";
import { type Column, type Terminal, table } from "../doors/foundation.ts";
import { wordsOf, wrapped } from "../doors/programs.ts";

export { commands, operations };

/** Help is made from the tables that requests are checked by, so that it cannot say anything else. */
const all = Object.values(operations) as readonly Operation[];

const sources: Readonly<Record<Source, string>> = {
  documented: "in WebEx's overviews",
  schema: "only in later developer pages, the schema or public callers",
};

export function operationsText(terminal: Terminal): readonly string[] {
  const columns: readonly Column<Operation>[] = [
    { title: "operation", text: ({ name }) => name },
    { title: "service", text: ({ service }) => service },
    { title: "kind", text: ({ kind }) => kind },
    { title: "source", text: ({ source }) => source, style: ({ source }) => dimLater(source) },
  ];
  return [...table(columns, all, terminal), "", ...paragraph(sourceText, terminal)];
}

export function commandsText(terminal: Terminal): readonly string[] {
  const columns: readonly Column<CommandName>[] = [
    { title: "command", text: (name) => name },
    { title: "page", text: (name) => pages[commands[name].page].path },
    { title: "AT", text: (name) => commands[name].at },
    { title: "what it does", text: (name) => commands[name].does, cut: true },
  ];
  return table(columns, commandNames, terminal);
}

const sourceText = `documented: ${sources.documented}; schema: ${sources.schema}.`;

export function operationText(operation: Operation, terminal: Terminal): readonly string[] {
  const { name, service, kind, binding, source, request, oneOrMore = [], response, items } = operation;
  const isRepeated = kind === "get" || kind === "list";
  return [
    terminal.style("bold", name),
    ...facts(
      [
        ["service", service],
        ["kind", isRepeated ? `${kind}: tried again after a failure` : `${kind}: sent once`],
        ["binding", binding],
        ["source", `${source}: ${sources[source]}`],
        ["needs", oneOrMore.join(" or ")],
        ["pages", items !== undefined ? `with --all, each ${items} of all pages` : kind === "list" ? "none" : ""],
      ],
      terminal,
    ),
    "",
    ...side("request", request, "required", terminal),
    "",
    ...side("answer", response, "always", terminal),
  ];
}

/** A line for each that there is, its words wrapped behind its name. */
function facts(found: readonly (readonly [name: string, text: string])[], terminal: Terminal): readonly string[] {
  const shown = found.filter(([, text]) => text !== "");
  const begin = Math.max(...shown.map(([name]) => name.length)) + 2;
  return shown.flatMap(([name, text]) => {
    const [line = "", ...more] = wrapped(wordsOf(text), Math.max(terminal.width - begin, 24));
    return [terminal.style("dim", name.padEnd(begin)) + line, ...more.map((part) => " ".repeat(begin) + part)];
  });
}

interface FieldRow {
  readonly name: string;
  readonly need: string;
  readonly form: string;
}

function side(title: string, fields: Fields | "open", need: string, terminal: Terminal): readonly string[] {
  if (fields === "open") return [`${title}: any elements; no public document describes them`];
  const rows = rowsOf(fields, need, "");
  if (rows.length === 0) return [`${title}: nothing`];
  return threeColumns([title, "", "form"], rows, terminal);
}

/** A list shows what its items have. */
function rowsOf(fields: Fields, need: string, indent: string): readonly FieldRow[] {
  return Object.entries(fields).flatMap(([name, kind]): readonly FieldRow[] => {
    const one = kind.kind === "list" ? kind.of : kind;
    const form = one.kind === "group" ? groupForm(kind) : sayKind(kind);
    const row = { name: `${indent}${name}`, need: kind.need === need ? need : "", form };
    return one.kind === "group" ? [row, ...rowsOf(one.fields, need, `${indent}  `)] : [row];
  });
}

function groupForm(kind: Kind): string {
  if (kind.kind === "group") return sayChoice(kind).join("");
  if (kind.kind !== "list") return "";
  const list = kind.most === undefined ? "list" : `list of at most ${kind.most}`;
  return kind.of.kind === "group" ? [list, ...sayChoice(kind.of)].join(", each ") : list;
}

export function commandText(name: CommandName, terminal: Terminal): readonly string[] {
  const command: Command = commands[name];
  const { page, at, does, source, logIn, oneOf, note, others, returns } = command;
  const brought = rowsOfArguments(returns);
  return [
    terminal.style("bold", name),
    ...facts(
      [
        ["does", does],
        ["on the site", `${pages[page].path}?AT=${at}`],
        ["log-in", logIns[logIn]],
        ["goes as", forms[formNeed(name)]],
        ["source", `${source}: ${sources[source]}; so are the arguments that say so`],
        ["one of", oneOf.join(", ")],
        ["others", others === "as-given" ? "taken as given: no public source lists all its arguments" : ""],
        ["note", note],
      ],
      terminal,
    ),
    "",
    ...threeColumns(["argument", "", "form and meaning"], rowsOfArguments(command.arguments), terminal),
    ...(brought.length === 0 ? [] : ["", ...threeColumns(["comes back", "", "form and meaning"], brought, terminal)]),
  ];
}

const logIns: Readonly<Record<Command["logIn"], string>> = {
  none: "not needed",
  needed: "needed",
  "server-to-server": "not needed: WebEx knows the server that asks by its agreement",
};

const forms: Readonly<Record<ReturnType<typeof formNeed>, string>> = {
  always: "a form (--form), since it holds a secret",
  "with-a-secret": "a link, or with a secret a form (--form)",
  never: "a link",
};

function rowsOfArguments(arguments_: Command["arguments"]): readonly FieldRow[] {
  return Object.entries(arguments_).map(([entry, { need, kind, means, most, source }]) => ({
    name: entry.replace("#", "1"),
    need: need === "required" ? need : "",
    form: [
      means,
      formOf(kind),
      entry.endsWith("#") ? (most === undefined ? "numbered" : `numbered to ${most}`) : "",
      source === "documented" ? source : "",
    ]
      .filter((part) => part !== "")
      .join(", "),
  }));
}

/** The form of an argument; of a text without a limit, nothing. */
function formOf(kind: ArgumentKind): string {
  switch (kind.kind) {
    case "text":
      return kind.max === undefined ? "" : `at most ${kind.max} characters`;
    case "secret":
      return kind.max === undefined ? "secret" : `secret of at most ${kind.max} characters`;
    case "whole-number":
      return kind.max === undefined ? `a number from ${kind.min}` : `a number from ${kind.min} to ${kind.max}`;
    case "yes-no":
      return "yes or no";
    case "meeting-key":
      return "digits";
    case "back-url":
      return "http or https";
    case "page-of-site":
      return "GoBack or a page of the site";
  }
}

/** The last column is wrapped, so that nothing is cut. */
function threeColumns(
  titles: readonly [string, string, string],
  rows: readonly FieldRow[],
  terminal: Terminal,
): readonly string[] {
  const first = Math.max(titles[0].length, ...rows.map(({ name }) => name.length));
  const second = Math.max(titles[1].length, ...rows.map(({ need }) => need.length));
  const begin = first + 2 + (second === 0 ? 0 : second + 2);
  const width = Math.max(terminal.width - begin, 24);
  const head = `${titles[0].padEnd(begin)}${titles[2]}`;
  return [
    terminal.style("dim", head),
    ...rows.flatMap(({ name, need, form }) => {
      const [line = "", ...more] = wrapped(wordsOf(form), width);
      const start = name.padEnd(first + 2) + (second === 0 ? "" : need.padEnd(second + 2));
      return [`${start}${line}`.trimEnd(), ...more.map((text) => " ".repeat(begin) + text)];
    }),
  ];
}

function paragraph(text: string, { width }: Terminal): readonly string[] {
  return wrapped(wordsOf(text), width);
}

function dimLater(source: Source): "dim" | null {
  return source === "schema" ? "dim" : null;
}
