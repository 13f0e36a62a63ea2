import { existsSync } from "node:fs";
import type { Argument } from "../client/url-api/arguments.ts";
import { type Command, commandAt, commands, pages } from "../client/url-api/commands.ts";
import { reasons } from "../client/url-api/result.ts";
import { dialInNames, globalCallInVariables, placeholders } from "../client/xml-api/dial-in.ts";
import { knownExceptions } from "../client/xml-api/faults.ts";
import type { Fields, Kind, Operation } from "../client/xml-api/fields.ts";
import { operationNamed, operations } from "../client/xml-api/operations.ts";
import { securityFields } from "../client/xml-api/request.ts";
import { sessionServices, visibilityTable } from "../client/xml-api/session-info.ts";
import { type GeneratedPage, inCell, linkTo, type NamedTest, titleFrom, titleOf } from "../doors/programs.ts";
import * as documents from "./documents.ts";

/**
 * docs/webex-interfaces.md: each operation, page, command, argument and error of the documents (`documents.ts`), its
 * entry in `client`, and the tests that show it.
 */
const root = new URL("../../", import.meta.url);

interface Shown extends NamedTest {
  readonly text: string;
}

interface Row {
  /** What the documents name. */
  readonly name: string;
  readonly cells: readonly string[];
  readonly tests?: readonly Shown[];
}

interface Section {
  readonly title: string;
  readonly says?: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** They show each row. */
  readonly tests: readonly Shown[];
}

export function interfacesPage(): GeneratedPage {
  const gaps: string[] = [];
  const sections = [
    ...operationSections(gaps),
    visibilitySection(gaps),
    fieldSection(gaps),
    valueSection(gaps),
    contextSection(gaps),
    headerSection(),
    exceptionSection(gaps),
    dialInSection(gaps),
    pageSection(gaps),
    ...commandSections(gaps),
    backUrlSection(gaps),
    reasonSection(gaps),
    statementSection(),
  ];
  const shownBy = new Map<string, readonly Shown[]>();
  for (const { title, rows, tests } of sections) {
    for (const row of rows) shownBy.set(`${title}: ${row.name}`, [...tests, ...(row.tests ?? [])]);
  }
  for (const [row, tests] of shownBy) {
    if (tests.length === 0) gaps.push(`${row}: no test shows it`);
    for (const { file } of tests) if (!existsSync(new URL(file, root))) gaps.push(`${row}: there is no ${file}`);
  }
  return { text: [head, ...sections.map(sectionText)].join("\n"), gaps: [...new Set(gaps)], shownBy };
}

const head = `# WebEx's XML API and URL API, entry by entry

Each operation, page, command, argument and error that public documents name, with its entry here and the tests that show it. *documented*: in
the overview of WebEx's APIs (2007), the page of getSessionInfo or the overview of the URL API; *schema*: only in the later schema, developer pages, client
libraries or public callers. This page is generated: \`npm run webex-interfaces\` renews it, and \`npm test\` fails where an entry is missing, where no document has it, or where a
test of a row did not run. [webex.md](webex.md) says what of all this WebEx still serves, and how to use it.
`;

function words(text: string): readonly string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** A test below `webex-interfaces/test/`, by its title; `%s` stands for what varies. */
function shown(file: string, title: string): Shown {
  return {
    file: `webex-interfaces/test/${file}`,
    title: titleOf(...title.split("%s")),
    text: title.replaceAll("%s", "…"),
  };
}

/** Tests whose titles begin so. */
function shownFrom(file: string, begin: string): Shown {
  return { file: `webex-interfaces/test/${file}`, title: titleFrom(begin), text: `${begin}…` };
}

const all = Object.values(operations) as readonly Operation[];

function operationSections(gaps: string[]): readonly Section[] {
  const named = new Set<string>();
  const sections = Object.entries(documents.operations).map(([service, names]): Section => {
    const rows = (["documented", "schema"] as const).flatMap((source) =>
      words(names[source]).map((name): Row => {
        named.add(name);
        const entry = operationNamed(name);
        if (entry === undefined) gaps.push(`${name}: client/xml-api/operations has no such operation`);
        else if (entry.service !== service || entry.source !== source) {
          gaps.push(
            `${name}: it is ${entry.service}, ${entry.source} here, but ${service}, ${source} in the documents`,
          );
        }
        const binding = entry?.binding ?? "";
        return {
          name: `\`${name}\``,
          cells: [source, entry === undefined ? "" : `${binding}: ${entry.kind}`],
          tests: [
            shown("together/xml-requests.test.ts", `${name}: the site reads what the client writes`),
            shown("together/xml-answers.test.ts", `${name}: the client reads what the site answers`),
            shown("site/operations.test.ts", `${binding} answers from the site's data, as the schema has its answer`),
          ],
        };
      }),
    );
    return {
      title: `XML API: ${service}`,
      says: `Entries: [webex-interfaces/client/xml-api/operations/${service}.ts](../webex-interfaces/client/xml-api/operations/${service}.ts).`,
      columns: ["operation", "source", "on the wire"],
      rows,
      tests: [],
    };
  });
  for (const { name } of all) if (!named.has(name)) gaps.push(`${name}: no document has this operation`);
  return sections;
}

const letters = { always: "Y", password: "P", never: "X" } as const;

function visibilitySection(gaps: string[]): Section {
  const rows = Object.entries(documents.visibility).map(([printed, marks]): Row => {
    const entry = visibilityTable.find((row) => row.printed === printed);
    const own = entry && sessionServices.map((service) => letters[entry.shown[service]]).join("");
    if (own !== marks) gaps.push(`getSessionInfo ${printed}: ${own ?? "nothing"} here, but ${marks} in the document`);
    return { name: `\`${printed}\``, cells: ["documented", ...marks, `\`${entry?.path ?? ""}\``] };
  });
  for (const { printed } of visibilityTable) {
    if (!Object.hasOwn(documents.visibility, printed))
      gaps.push(`getSessionInfo ${printed}: the document has no such row`);
  }
  return {
    title: "XML API: what getSessionInfo shows",
    says: "Y: always; P: with the session's password, or to people of the session; X: never. Entries: [session-info.ts](../webex-interfaces/client/xml-api/session-info.ts).",
    columns: ["element", "source", ...sessionServices, "entry"],
    rows,
    tests: [
      shown(
        "xml-api/session-info.test.ts",
        "the table has the 57 elements of the page, each where getSessionInfo reads it",
      ),
      ...sessionServices.map((service) =>
        shown(
          "together/documents.test.ts",
          `${service}: what is given, needs the password, is absent, or never is, in each mode`,
        ),
      ),
      shownFrom("site/session-info.test.ts", "getSessionInfo gives of"),
    ],
  };
}

/** `a(b c) d` → a.b, a.c, d. */
function pathsOf(text: string): readonly string[] {
  return words(
    text.replaceAll(/([\w.]+)\(([^)]*)\)/g, (_, path: string, inner: string) =>
      words(inner)
        .map((one) => `${path}.${one}`)
        .join(" "),
    ),
  );
}

function kindAt(operation: string, side: "request" | "response", path: string): Kind | undefined {
  const entry = operationNamed(operation)?.[side];
  let fields: Fields | undefined = entry === "open" ? undefined : entry;
  let found: Kind | undefined;
  for (const name of path.split(".")) {
    found = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
    const one: Kind | undefined = found?.kind === "list" ? found.of : found;
    fields = one?.kind === "group" ? one.fields : undefined;
  }
  return found;
}

function fieldSection(gaps: string[]): Section {
  const rows = documents.fields.flatMap(({ operation, side, source, paths }) =>
    pathsOf(paths).map((written): Row => {
      const [, path = "", required = "", max] = /^([\w.]+)(!?)(?::(\d+))?$/.exec(written) ?? [];
      const kind = kindAt(operation, side, path);
      const name = `\`${operation}\` ${side} \`${path}\``;
      if (kind === undefined) gaps.push(`${name}: the table has no such field`);
      if (required !== "" && kind?.need !== "required") gaps.push(`${name}: is required in the documents`);
      const own = kind !== undefined && "max" in kind ? kind.max : undefined;
      if (max !== undefined && own !== Number(max))
        gaps.push(`${name}: has at most ${max} characters in the documents`);
      return {
        name,
        cells: [
          source,
          [kind?.kind ?? "", required && "required", max && `at most ${max} characters`].filter(Boolean).join(", "),
        ],
        tests: [
          side === "request"
            ? shown("together/xml-requests.test.ts", `${operation}: the site reads what the client writes`)
            : shown("together/xml-answers.test.ts", `${operation}: the client reads what the site answers`),
        ],
      };
    }),
  );
  return {
    title: "XML API: further fields of the documents",
    says: "In their examples, or for providers of telephony. A limit is the schema's, also that of a field which the documents name without one. Every field that is read or written is in the tables; `bridgehead webex operations NAME` prints one.",
    columns: ["field", "source", "form"],
    rows,
    tests: [],
  };
}

function valueSection(gaps: string[]): Section {
  const rows = Object.entries(documents.values).map(([where, listed]): Row => {
    const [operation = "", side = "", path = ""] = where.split(" ");
    const found = kindAt(operation, side as "request" | "response", path);
    const kind = found?.kind === "list" ? found.of : found;
    const own = kind?.kind === "one-of" ? kind.values : [];
    const wanted = words(listed);
    if (String([...own].sort()) !== String([...wanted].sort()))
      gaps.push(`${where}: ${own.join(" ") || "no values"} here`);
    return { name: where, cells: ["schema", wanted.map((word) => `\`${word}\``).join(" ")] };
  });
  return {
    title: "XML API: values of the documents",
    columns: ["field", "source", "values"],
    rows,
    tests: [
      shown("together/xml-requests.test.ts", "client and site have the same fields, limits, counts and needs"),
      shownFrom("xml-api/fields.test.ts", "read"),
    ],
  };
}

function contextSection(gaps: string[]): Section {
  if (String(Object.keys(securityFields)) !== String(Object.keys(documents.securityContext))) {
    gaps.push(`security context: it is ${Object.keys(securityFields).join(" ")} here`);
  }
  return {
    title: "XML API: security context",
    says: "Entries: [request.ts](../webex-interfaces/client/xml-api/request.ts).",
    columns: ["element", "source"],
    rows: Object.entries(documents.securityContext).map(([name, source]) => ({
      name: `\`${name}\``,
      cells: [source],
    })),
    tests: [
      shown("xml-api/request.test.ts", "security context"),
      shown(
        "together/documents.test.ts",
        "an e-mail address stands for the name; a ticket or a token for the password",
      ),
      shown("together/documents.test.ts", "the link for an attendee comes by site id and partner id"),
    ],
  };
}

function headerSection(): Section {
  return {
    title: "XML API: header of an answer",
    says: "Entries: [response.ts](../webex-interfaces/client/xml-api/response.ts).",
    columns: ["element", "source"],
    rows: Object.entries(documents.answerHeader).map(([name, source]) => ({
      name: `\`${name}\``,
      cells: [source],
    })),
    tests: [
      shown("xml-api/response.test.ts", "a refusal"),
      shown("xml-api/response.test.ts", "the link for an attendee, as the overview of the APIs shows it"),
    ],
  };
}

function exceptionSection(gaps: string[]): Section {
  const rows = Object.entries(documents.exceptions).map(([id, { why, of }]): Row => {
    const entry = knownExceptions[id];
    if (entry?.why !== why) gaps.push(`${id}: it means ${entry?.why ?? "nothing"} here, but ${why} in the documents`);
    return {
      name: `\`${id}\``,
      cells: [entry?.source ?? "", of, why],
      tests: [shown("together/exceptions.test.ts", `${id} of the site is known by the client`)],
    };
  });
  for (const id of Object.keys(knownExceptions)) {
    if (!Object.hasOwn(documents.exceptions, id)) gaps.push(`${id}: no document has this exception id`);
  }
  return {
    title: "XML API: exception ids",
    says: "The overviews have none. *schema*: on developer pages or in release notes; *callers*: only in programs that call the API. They are all that we have found for the operations above; any other id is kept as text. Entries: [faults.ts](../webex-interfaces/client/xml-api/faults.ts).",
    columns: ["id", "source", "what it says", "meaning here"],
    rows,
    tests: [],
  };
}

function dialInSection(gaps: string[]): Section {
  const { templates, placeholders: named, globalCallIn } = documents.dialIn;
  const groups = [
    [
      "template of dialInSequences",
      templates,
      dialInNames,
      "together/documents.test.ts",
      "its dial-in sequences are keyed with the session's number and code",
    ],
    [
      "placeholder",
      named,
      placeholders,
      "together/documents.test.ts",
      "its dial-in sequences are keyed with the session's number and code",
    ],
    [
      "variable of the global call-in page",
      globalCallIn,
      Object.keys(globalCallInVariables),
      "together/documents.test.ts",
      "the address of the global call-in page has the numbers and codes of the account in use",
    ],
  ] as const;
  const rows = groups.flatMap(([what, listed, own, file, title]) => {
    if (String(words(listed)) !== String(own)) gaps.push(`${what}: ${own.join(" ")} here`);
    return words(listed).map(
      (name): Row => ({ name: `\`${name}\``, cells: ["documented", what], tests: [shown(file, title)] }),
    );
  });
  return {
    title: "XML API: dial-in sequences and the global call-in page",
    says: "Entries: [dial-in.ts](../webex-interfaces/client/xml-api/dial-in.ts).",
    columns: ["name", "source", "what it is"],
    rows,
    tests: [],
  };
}

function pageSection(gaps: string[]): Section {
  const own = Object.values(pages).map(({ path }) => path);
  const named = Object.keys(documents.commands);
  for (const path of named) if (!own.some((one) => one === path)) gaps.push(`${path}: client/url-api has no such page`);
  for (const path of own) if (!named.includes(path)) gaps.push(`${path}: no document has this page`);
  return {
    title: "URL API: pages",
    says: "Entries of pages, commands and arguments: [commands.ts](../webex-interfaces/client/url-api/commands.ts). The overview of the URL API also names a service for questions and answers; no public document has a command for it.",
    columns: ["page", "source", "what it is"],
    rows: Object.values(pages).map(({ path, source, is }) => ({ name: `\`${path}\``, cells: [source, is] })),
    tests: [
      shown("url-api/commands.test.ts", "the table has each command of the documents once, and no other"),
      shown("together/url-commands.test.ts", "client and site have the same commands"),
    ],
  };
}

function commandSections(gaps: string[]): readonly Section[] {
  return Object.entries(documents.commands).flatMap(([path, ofPage]) => {
    const letter = path.replace(".php", "") as Command["page"];
    const own = Object.values(commands as Readonly<Record<string, Command>>).filter((entry) => entry.page === letter);
    for (const { at } of own) if (!Object.hasOwn(ofPage, at)) gaps.push(`${path} ${at}: no document has this command`);
    return Object.entries(ofPage).flatMap(([at, listed]) => {
      const name = commandAt(letter, at);
      if (name === undefined) {
        gaps.push(`${path} ${at}: client/url-api has no such command`);
        return [];
      }
      return [commandSection(`${path}?AT=${at}`, name, commands[name], listed, gaps)];
    });
  });
}

function commandSection(where: string, name: string, entry: Command, listed: string, gaps: string[]): Section {
  const { source, does, logIn, others } = entry;
  const isOpen = listed.includes("…");
  if (isOpen !== (others === "as-given")) gaps.push(`${where}: whether all its arguments are public is another here`);
  const named = words(listed.replace("…", "")).map((word) => {
    const [, argument = "", hash = "", most] = /^(\w+)(#?)(\d*)[!*]*$/.exec(word) ?? [];
    return { argument: argument + hash, most: most === "" ? undefined : Number(most), word };
  });
  const rows = named.map(({ argument, most, word }): Row => {
    const own = Object.hasOwn(entry.arguments, argument) ? entry.arguments[argument] : undefined;
    const facts = {
      need: word.includes("!") ? "required" : "optional",
      source: word.includes("*") ? "documented" : "schema",
      most,
    };
    if (own === undefined) gaps.push(`${where} ${argument}: the command has no such argument`);
    else if (own.need !== facts.need || own.source !== facts.source || own.most !== facts.most) {
      gaps.push(
        `${where} ${argument}: ${own.need}, ${own.source}, to ${own.most} here, but ${JSON.stringify(facts)} in the documents`,
      );
    }
    return {
      name: `\`${argument}\``,
      cells: [facts.source, facts.need, own === undefined ? "" : formOf(own), own?.means ?? ""],
    };
  });
  for (const argument of Object.keys(entry.arguments)) {
    if (!named.some((one) => one.argument === argument))
      gaps.push(`${where} ${argument}: no document has this argument`);
  }
  const more = isOpen ? " Not all its arguments are public: others are taken as given." : "";
  return {
    title: `URL API: \`${where}\`, ${name}`,
    says: `${source}: ${does}. Log-in: ${logIn}.${more}`,
    columns: ["argument", "source", "need", "form", "meaning"],
    rows,
    tests: [
      shown("url-api/round-trip.test.ts", `${where} (${name})`),
      shown(
        "together/url-commands.test.ts",
        `${where} (${name}): the site understands every argument, by link, posted and by form page`,
      ),
    ],
  };
}

function formOf({ kind, most }: Argument): string {
  const min = "min" in kind ? ` from ${kind.min}` : "";
  const max = "max" in kind && kind.max !== undefined ? ` to ${kind.max}` : "";
  return `${kind.kind}${min}${max}${most === undefined ? "" : `, numbered to ${most}`}`;
}

function backUrlSection(gaps: string[]): Section {
  const basic = ["AT", "ST", "RS"].map(
    (name): Row => ({
      name: `\`${name}\``,
      cells: ["schema", "every command"],
      tests: [shownFrom("url-api/result.test.ts", "each command's result is read from any back URL")],
    }),
  );
  const data = Object.entries(documents.returned).flatMap(([where, listed]) =>
    words(listed).map((word): Row => {
      const [path = "", at = ""] = where.split(" ");
      const name = commandAt(path.replace(".php", ""), at);
      const own: Command["returns"] = name === undefined ? {} : commands[name].returns;
      const argument = word.replace("!", "");
      if (own[argument]?.need !== (word.endsWith("!") ? "required" : "optional")) {
        gaps.push(`back URL of ${where}: ${argument} is another one here`);
      }
      return {
        name: `\`${argument}\` of ${where}`,
        cells: ["schema", own[argument]?.means ?? ""],
        tests: [
          shown(
            "url-api/result.test.ts",
            at === "SM"
              ? "a scheduled meeting's number comes back"
              : "a log-in's token comes back, on sites that hand one out",
          ),
        ],
      };
    }),
  );
  for (const [name, entry] of Object.entries(commands as Readonly<Record<string, Command>>)) {
    const named = words(documents.returned[`${pages[entry.page].path} ${entry.at}`] ?? "").map((word) =>
      word.replace("!", ""),
    );
    const more = Object.keys(entry.returns).filter((one) => !named.includes(one));
    if (more.length > 0) gaps.push(`back URL of ${name}: no document has ${more.join(" ")}`);
  }
  return {
    title: "URL API: what the back URL brings",
    says: "Entries: [result.ts](../webex-interfaces/client/url-api/result.ts).",
    columns: ["name", "source", "what it is"],
    rows: [...basic, ...data],
    tests: [],
  };
}

function reasonSection(gaps: string[]): Section {
  const own = Object.entries(reasons);
  const groups = words(documents.reasons).map((group) => group.split(","));
  const rows = groups.flatMap((wires) => {
    const found = own.find(([, entry]) => String(entry.wires) === String(wires));
    if (found === undefined)
      gaps.push(`RS=${wires.join(", ")}: webex-interfaces/client/url-api/result.ts has no such reason`);
    const [word = "", entry] = found ?? [];
    return wires.map(
      (wire): Row => ({
        name: `\`${wire}\``,
        cells: [entry?.source ?? "", word, entry?.means ?? ""],
        tests: [shown("url-api/result.test.ts", `the reason ${wire} is ${word}, in any case of its letters`)],
      }),
    );
  });
  for (const [word, { wires }] of own) {
    if (!groups.some((group) => String(group) === String(wires)))
      gaps.push(`RS ${word}: no document has ${wires.join(", ")}`);
  }
  return {
    title: "URL API: reasons of a failure (RS)",
    says: "Any other reason is kept as text.",
    columns: ["reason", "source", "entry", "meaning"],
    rows,
    tests: [],
  };
}

function statementSection(): Section {
  return {
    title: "What the documents say beside",
    columns: ["rule or example", "source"],
    rows: documents.statements.map(({ says, source, shownBy }) => ({
      name: says,
      cells: [source],
      tests: Object.entries(shownBy).flatMap(([file, titles]) => titles.map((title) => shown(file, title))),
    })),
    tests: [],
  };
}

function sectionText({ title, says, columns, rows, tests }: Section): string {
  const hasOwn = rows.some((row) => row.tests !== undefined);
  const header = hasOwn ? [...columns, "shown by"] : columns;
  const lines = rows.map(({ name, cells, tests: own = [] }) => {
    const shownIn = hasOwn ? [own.map(linkToTest).join("<br>")] : [];
    return `| ${[name, ...cells.map(inCell), ...shownIn].join(" | ")} |`;
  });
  const shownAbove = tests.length === 0 ? [] : ["", `Shown by ${tests.map(linkToTest).join("; ")}.`];
  return [
    `## ${title}`,
    ...(says === undefined ? [] : ["", says]),
    ...shownAbove,
    "",
    `| ${header.join(" | ")} |`,
    `| ${header.map(() => "---").join(" | ")} |`,
    ...lines,
    "",
  ].join("\n");
}

function linkToTest({ file, text }: Shown): string {
  return linkTo(file, text);
}
