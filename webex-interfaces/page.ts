import { type GeneratedPage, inCell, pageTable } from "./doors/programs.ts";
import { exceptions } from "./tables/exceptions.ts";
import { openBindings, operations } from "./tables/operations.ts";
import type { Operation } from "./tables/schema.ts";
import { sessionServices, visibility, visibilityRows } from "./tables/session.ts";
import { commands, pages, reasons } from "./tables/url.ts";

/** Renders docs/webex-interfaces.md from the tables. */
export function interfacesPage(): Pick<GeneratedPage, "text" | "gaps"> & { readonly counts: string } {
  const all: readonly Operation[] = Object.values(operations);
  const marks = Object.entries(visibility).map(([letters, paths]) => [
    ...letters,
    paths.join(" ").replaceAll(" ", ", "),
  ]);
  const cells = visibilityRows.length * sessionServices.length;
  const operationCounts = `${all.length} operations with fields, ${openBindings.length} with open fields`;
  const counts = `${operationCounts}, ${Object.keys(commands).length} commands and ${cells} cells of visibility`;
  const text = `# WebEx's XML API and URL API, entry by entry

This page is generated from \`webex-interfaces/tables\`: \`npm run webex-interfaces\` updates it.
It lists ${counts}. [webex.md](webex.md) explains how to use the interfaces.

## Operations of the XML API

${pageTable(
  ["operation", "binding", "kind"],
  all.map(({ name, binding, kind }) => [code(name), code(binding), kind]),
)}

With open fields: ${openBindings.map(code).join(", ")}.

## What getSessionInfo shows

Y: always; P: with the session's password, or to its host and attendees; X: never.

${pageTable([...sessionServices, "elements"], marks)}

## Exceptions of the XML API

${pageTable(
  ["id", "meaning", "reason"],
  Object.values(exceptions).map(({ id, why, says }) => [id, why, inCell(says)]),
)}

## Commands of the URL API

${pageTable(
  ["command", "page", "AT", "does", "arguments"],
  Object.entries(commands).map(([name, { page, at, does, args, isOpen }]) => [
    code(name),
    pages[page],
    at,
    inCell(does),
    Object.entries(args)
      .map(([entry, { need }]) => entry + (need ? "!" : ""))
      .join(" ") + (isOpen ? " and others" : ""),
  ]),
)}

## Reasons of the URL API

${pageTable(
  ["RS", "meaning"],
  Object.entries(reasons).map(([name, means]) => [name, means]),
)}
`;
  return { text, gaps: [], counts };
}

function code(name: string): string {
  return `\`${name}\``;
}
