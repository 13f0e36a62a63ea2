import * as fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import {
  type ArgumentsOf,
  type Command,
  type CommandName,
  commandNames,
  commands,
  formNeed,
  pages,
} from "../../client/url-api/commands.ts";
import { formPage, formPost, link } from "../../client/url-api/request.ts";
import { type ReasonWord, readResult, reasonOfText, reasons } from "../../client/url-api/result.ts";
import { csrfOf, type PageCall, reasons as reasonsOfSite } from "../../site/pages/page-call.ts";
import { answerPage, pages as sitePages } from "../../site/pages.ts";
import { SiteOnTest } from "../site/site-on-test.ts";
import { acme as site } from "../url-api/acme.ts";
import { type AnyArguments, argumentsBy, asTexts } from "../url-api/arguments-by-table.ts";
import { readFormPage } from "../url-api/other-parsers.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The site's side of a command, and what it understood of the request. */
function listening(name: CommandName) {
  const world = new SiteOnTest();
  const { page, at } = commands[name];
  const path = pages[page].path;
  const command = sitePages[path]?.[at];
  if (!command) throw new Error(`the site has no ${path}?AT=${at}`);
  const heard: PageCall[] = [];
  vi.spyOn(command, "run").mockImplementation((call) => {
    heard.push(call);
    return {};
  });
  const cookie = world.site.issue("cookie", world.user("anna.berg").user_id);
  const read = (args: URLSearchParams) => {
    const { headers } = answerPage(world.site, path, args, cookie);
    return { heard: heard.pop(), location: headers.location ?? "" };
  };
  return { read, own: { PID: world.site.row.partner_id, CSRF: csrfOf(cookie) } };
}

/** What the site cannot do without, and the sources do not mark so. */
const requiredBySite: Readonly<Record<string, AnyArguments>> = {
  "add-presenter": { MK: "712475001" },
  "delete-presenter": { MK: "712475001" },
  "set-service-type": { SP: "MC" },
};

function argumentsOfSite(name: CommandName): readonly string[] | null {
  const { page, at } = commands[name];
  const args = sitePages[pages[page].path]?.[at]?.args ?? null;
  return args === null ? null : args.split(" ").filter((word) => word !== "");
}

test("client and site have the same commands", () => {
  const ofSite = Object.entries(sitePages).flatMap(([page, table]) => Object.keys(table).map((at) => `${page} ${at}`));
  const ofClient = commandNames.map((name) => `${pages[commands[name].page].path} ${commands[name].at}`);

  expect(ofClient.toSorted()).toEqual(ofSite.toSorted());
});

test("client and site have the same reasons of a failure, but for one that the site has no cause for", () => {
  const ofSite = new Set(reasonsOfSite.map(reasonOfText));

  expect(ofSite).not.toContain("other");
  expect(Object.keys(reasons).filter((word) => !ofSite.has(word as ReasonWord))).toEqual(["scheduling-failed"]);
});

test("where client and site differ is known", () => {
  for (const name of commandNames) {
    const ofSite = argumentsOfSite(name);
    const { arguments: table, others }: Command = commands[name];
    expect(ofSite === null, name).toBe(others === "as-given");
    if (ofSite === null) continue;
    const shared = Object.keys(table).filter((entry) => entry !== "BU" && entry !== "CSRF");
    // The one option of a new account that a change of an account may not have.
    const theirs = ofSite.filter((word) => !(name === "edit-user" && word === "ForceChangeUserPwd?"));
    const required = shared.filter((entry) => table[entry]?.need === "required" || requiredBySite[name]?.[entry]);

    const own = shared.map((entry) => {
      const form = { "yes-no": "?", "whole-number": "+" }[String(table[entry]?.kind.kind)] ?? "";
      return `${entry}${form}${required.includes(entry) ? "!" : ""}`;
    });

    expect(theirs.toSorted(), name).toEqual(own.toSorted());
  }
});

for (const name of commandNames) {
  const { page, at } = commands[name];

  test(`${page}.php?AT=${at} (${name}): the site understands every argument, by link, posted and by form page`, () => {
    const { read, own } = listening(name);
    fc.assert(
      fc.property(argumentsFor(name, own), (given) => {
        const post = formPost(site, name, given);
        const html = formPage(site, name, given);
        const got = link(site, name, given);
        if (!post.ok || !html.ok) throw new Error(JSON.stringify([post, html]));
        const requests = [
          new URLSearchParams(post.value.body),
          new URLSearchParams(readFormPage(html.value.html).fields.map(([key, value]) => [key, value])),
          ...(got.ok ? [new URL(got.value).searchParams] : []),
        ];
        const { BU, CSRF, ...others } = Object.fromEntries(asTexts(given));

        for (const request of requests) {
          const { heard, location } = read(request);
          expect(Object.fromEntries(heard?.args ?? [])).toEqual(others);
          if (BU === undefined) continue;
          expect(new URL(heard?.backUrl ?? "").href).toBe(new URL(BU).href);
          expect(readResult(location, { command: name, backUrl: BU })).toMatchObject(
            Object.values(commands[name].returns).some(({ need }) => need === "required")
              ? { ok: false, error: { kind: "missing", name: "MK" } }
              : { ok: true, value: { status: "success", at } },
          );
        }
        if (formNeed(name) === "always") expect(got.ok).toBe(false);
      }),
      { numRuns: 25 },
    );
  });
}

/** Arguments with the site's own partner id and token, and those that either cannot do without. */
function argumentsFor<Name extends CommandName>(name: Name, own: AnyArguments): fc.Arbitrary<ArgumentsOf<Name>> {
  return argumentsBy(name, { secrets: true }).map((given) => {
    const ofSite = Object.entries(own).filter(([key]) => given[key] !== undefined);
    const values = { ...given, ...requiredBySite[name], ...Object.fromEntries(ofSite) };
    return values as unknown as ArgumentsOf<Name>; // The table made them.
  });
}
