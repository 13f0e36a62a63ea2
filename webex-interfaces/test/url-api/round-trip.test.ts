import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ArgumentsOf,
  type Command,
  type CommandName,
  commandNames,
  commands,
  formNeed,
} from "../../client/url-api/commands.ts";
import { formPage, formPost, link } from "../../client/url-api/request.ts";
import { acme as site } from "./acme.ts";
import { type AnyArguments, argumentsBy, asTexts } from "./arguments-by-table.ts";
import { type Pairs, readForm, readFormPage } from "./other-parsers.ts";

for (const name of commandNames) {
  const { page, at } = commands[name];
  const address = `https://acme.webex.com/acme/${page}.php`;

  describe(`${page}.php?AT=${at} (${name})`, () => {
    if (formNeed(name) !== "always")
      test("a link is read back with the same values, whatever they are", () => {
        fc.assert(
          fc.property(argumentsBy(name, { secrets: false }), (given) => {
            const built = link(site, name, typed(name, given));
            if (!built.ok) expect(built.error.kind).toBe("too-long");
            if (!built.ok) return;
            const [before, query = ""] = built.value.split("?");

            expect(before).toBe(address);
            expect(built.value).toMatch(/^[\w\-.~:/?=&%]+$/);
            expect(sorted(readForm(query))).toEqual(sorted([["AT", at], ...asTexts(given)]));
            expect([...new URL(built.value).searchParams]).toEqual(readForm(query));
          }),
          { numRuns: 50 },
        );
      });

    if (formNeed(name) !== "never")
      test("no link is made with a secret in it", () => {
        fc.assert(
          fc.property(argumentsBy(name, { secrets: true, all: true }), (given) => {
            expect(link(site, name, typed(name, given))).toMatchObject({
              ok: false,
              error: { kind: "secret-in-link" },
            });
          }),
          { numRuns: 5 },
        );
      });

    test("a posted form and a form page are read back with the same values, secrets included", () => {
      fc.assert(
        fc.property(argumentsBy(name, { secrets: true }), (given) => {
          const post = formPost(site, name, typed(name, given));
          const htmlPage = formPage(site, name, typed(name, given));
          if (!post.ok || !htmlPage.ok) throw new Error(JSON.stringify([post, htmlPage]));
          const expected = sorted([["AT", at], ...asTexts(given)]);

          expect(post.value.url).toBe(address);
          expect(sorted(readForm(post.value.body))).toEqual(expected);
          const form = readFormPage(htmlPage.value.html);
          expect(form).toMatchObject({ method: "post", action: address });
          expect(sorted(form.fields)).toEqual(expected);
          expect(form.fields).toEqual(readForm(post.value.body));
        }),
        { numRuns: 50 },
      );
    });

    test("every argument at once is posted", () => {
      const [given = {}] = fc.sample(argumentsBy(name, { secrets: true, all: true }), 1);
      const post = formPost(site, name, typed(name, given));
      if (!post.ok) throw new Error(post.error.says);

      expect(sorted(readForm(post.value.body))).toEqual(sorted([["AT", at], ...asTexts(given)]));
      const entries = Object.keys(commands[name].arguments).filter((entry) => !isAlternative(name, entry));
      for (const entry of entries) expect(post.value.body).toContain(`&${entry.replace("#", "1")}=`);
    });
  });
}

function isAlternative(name: CommandName, entry: string): boolean {
  return (commands[name] as Command).oneOf.includes(entry);
}

/** The table made the values, so that the types of all commands hold together. */
function typed<Name extends CommandName>(_: Name, given: AnyArguments): ArgumentsOf<Name> {
  return given as unknown as ArgumentsOf<Name>;
}

function sorted(pairs: Pairs): Pairs {
  return [...pairs].sort(([one], [other]) => (one < other ? -1 : 1));
}
