import { type Column, type Terminal, table } from "../doors/foundation.ts";
import { wordsOf, wrapped } from "../doors/programs.ts";
import { type AnyOperation, isOpen, openBindings, operations } from "../tables/operations.ts";
import type { Fields, Kind, Operation } from "../tables/schema.ts";
import { type Argument, type Command, type CommandName, commands, pages } from "../tables/url.ts";
import { boundsRule } from "../wire/codec.ts";

export function operationsText(terminal: Terminal): readonly string[] {
  const all: readonly Operation[] = Object.values(operations);
  const columns: readonly Column<Operation>[] = [
    { title: "operation", text: ({ name }) => name },
    { title: "binding", text: ({ binding }) => binding },
    { title: "kind", text: ({ kind }) => kind },
  ];
  const open = `With open fields: ${openBindings.join(", ")}, and any other by its binding.`;
  return [...table(columns, all, terminal), "", ...wrapped(wordsOf(open), terminal.width)];
}

export function commandsText(terminal: Terminal): readonly string[] {
  type Row = readonly [string, Command];
  const columns: readonly Column<Row>[] = [
    { title: "command", text: ([name]) => name },
    { title: "page", text: ([, { page }]) => pages[page] },
    { title: "AT", text: ([, { at }]) => at },
    { title: "what it does", text: ([, { does }]) => does, cut: true },
  ];
  return table(columns, Object.entries(commands), terminal);
}

interface Row {
  readonly name: string;
  readonly form: string;
}

const columns: readonly Column<Row>[] = [
  { title: "name", text: ({ name }) => name },
  { title: "form", text: ({ form }) => form, cut: true },
];

export function operationText(operation: AnyOperation, terminal: Terminal): readonly string[] {
  const { name, binding, kind } = operation;
  const repeats = kind === "get" || kind === "list" ? "resent if there is no response" : "sent once";
  const head = [terminal.style("bold", name), `${binding}, ${repeats}`];
  if (isOpen(operation)) return [...head, "", "request and answer: any elements; no table lists them"];
  const side = (title: string, fields: Fields) =>
    Object.keys(fields).length === 0
      ? [`${title}: nothing`]
      : [`${title}:`, ...table(columns, rowsOf(fields, ""), terminal)];
  const { anyOf = [] } = operation;
  return [
    ...head,
    ...(anyOf.length === 0 ? [] : [`needs ${anyOf.join(" or ")}`]),
    "",
    ...side("request", operation.request),
    "",
    ...side("answer", operation.answer),
  ];
}

function rowsOf(fields: Fields, indent: string): readonly Row[] {
  return Object.entries(fields).flatMap(([name, kind]): readonly Row[] => {
    const row = { name: indent + name, form: [kind.need ? "needed" : "", formOf(kind)].filter(Boolean).join(", ") };
    const one = kind.is === "list" ? kind.of : kind;
    return one.is === "group" ? [row, ...rowsOf(one.of, `${indent}  `)] : [row];
  });
}

function formOf(kind: Kind): string {
  switch (kind.is) {
    case "text":
    case "secret":
      return kind.max === undefined ? kind.is : `${kind.is} of at most ${kind.max} characters`;
    case "whole":
      return boundsRule(kind).replace("must be a ", "");
    case "decimal":
      return "number";
    case "flag":
      return "true or false";
    case "time":
      return "time, such as 2026-11-28T10:10:00";
    case "word":
      return kind.of.join(", ");
    case "group":
      return kind.anyOf ? `with ${kind.anyOf.join(" or ")}` : "";
    case "list":
      return [kind.max ? `list of at most ${kind.max}` : "list", formOf(kind.of)].filter(Boolean).join(": ");
    case "open":
      return "any elements";
    case "digits":
      return "digits, as text";
  }
}

export function commandText(name: CommandName, terminal: Terminal): readonly string[] {
  const { page, at, does, logIn, args, oneOf, isOpen: takesOthers, back, note } = commands[name];
  const rows = Object.entries(args).map(([entry, argument]): Row => {
    const last = entry.endsWith("#") ? `numbered${argument.last === undefined ? "" : ` to ${argument.last}`}` : "";
    const parts = [argument.need ? "needed" : "", argument.means, argumentForm(argument), last];
    return { name: entry.replace("#", "1"), form: parts.filter(Boolean).join(", ") };
  });
  const facts = [
    `${does}: ${pages[page]}?AT=${at}`,
    logIn === "needed" ? "after a log-in" : logIn === "none" ? "without a log-in" : "from a server that WebEx knows",
    oneOf.length > 0 ? `needs one of ${oneOf.join(", ")}` : "",
    takesOthers ? "accepts any other arguments" : "",
    back.length > 0 ? `back URL: ${back.join(", ").replaceAll("!", "")}` : "",
    note,
  ];
  return [terminal.style("bold", name), ...facts.filter(Boolean), "", ...table(columns, rows, terminal)];
}

function argumentForm({ is, min = 0, max }: Argument): string {
  if (is === "whole") return `a number from ${min}${max === undefined ? "" : ` to ${max}`}`;
  if (is === "text" && max === undefined) return "";
  const forms = { text: is, secret: is, flag: "yes or no", key: "digits", back: "http or https", page: "a page" };
  return max === undefined ? forms[is] : `${is} of at most ${max} characters`;
}
