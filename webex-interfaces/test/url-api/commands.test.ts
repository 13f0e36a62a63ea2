import { expect, test } from "vitest";
import { isSecretName } from "../../client/secret-names.ts";
import type { Argument } from "../../client/url-api/arguments.ts";
import {
  type ArgumentsOf,
  type Command,
  type CommandName,
  commandAt,
  commandNames,
  commands,
  formNeed,
  pages,
} from "../../client/url-api/commands.ts";

/** The codes of the overview's tables, page by page. */
const documented = {
  p: "AC EU IN LI LO SU",
  m: "AA AP AS CF CFAC CFAD CFAR CFAT CR DA DE DM DP EE EM EN GF HM HS IM JE JM JS LM MD OM PR RM RPAD RPEA RPRP SE SK SM SS TE",
  o: "AA DA DF EA FA LF MO QR ST",
  h: "CA LD LL LS",
  c: "DC RA RC RL",
};

test("the table has each command of the documents once, and no other", () => {
  for (const [page, codes] of Object.entries(documented)) {
    const found = commandNames.filter((name) => commands[name].page === page).map((name) => commands[name].at);
    expect(found).toEqual(codes.split(" "));
  }
  expect(commandNames).toHaveLength(Object.values(documented).join(" ").split(" ").length);
  expect(Object.keys(pages)).toEqual(Object.keys(documented));
});

test("a command is found by its page and its code, since a code alone is ambiguous", () => {
  for (const name of commandNames) expect(commandAt(commands[name].page, commands[name].at)).toBe(name);

  expect([commandAt("m", "AA"), commandAt("o", "AA")]).toEqual(["add-attendees", "add-contacts"]);
  expect(commandAt("p", "SM")).toBeUndefined();
});

test("only joining, and assisting, needs no log-in; two commands are for servers that WebEx knows", () => {
  const by = (logIn: Command["logIn"]) => commandNames.filter((name) => commands[name].logIn === logIn);

  expect(by("none")).toEqual([
    "log-in",
    "assist-support-session",
    "join-event",
    "join-meeting",
    "join-support-session",
  ]);
  expect(by("server-to-server")).toEqual(["new-user", "list-open-meetings"]);
});

test("what needs a password is always a form; what may have one is a link without it", () => {
  const by = (need: ReturnType<typeof formNeed>) => commandNames.filter((name) => formNeed(name) === need);

  expect(by("always")).toEqual(["activate-user", "edit-user", "deactivate-user", "log-in", "new-user"]);
  expect(by("with-a-secret")).toEqual([
    "create-recorded-session",
    "edit-meeting",
    "impromptu-meeting",
    "join-meeting",
    "schedule-meeting",
  ]);
});

test("the required arguments are those that the sources mark", () => {
  const required = commandNames.flatMap((name) => {
    const table: Command["arguments"] = commands[name].arguments;
    const names = Object.keys(table).filter((entry) => table[entry]?.need === "required");
    return names.length === 0 ? [] : [`${commands[name].page}.${commands[name].at} ${names.join(" ")}`];
  });

  expect(required).toEqual([
    "p.AC WID PID",
    "p.EU WID PW PID",
    "p.IN WID PID",
    "p.LI WID",
    "p.SU FN LN EM WID PW PID",
    "m.AA MK",
    "m.AP FN",
    "m.CR RT",
    "m.DA MK EM",
    "m.DM MK",
    "m.EM MK",
    "m.GF MK",
    "m.HM MK",
    "m.JE MK",
    "m.JM MK",
    "m.MD MK EM",
    "m.RM MK FN LN EM JT CY",
    "o.DF FN",
    "o.ST SP",
  ]);
});

test("each command has a back URL, and each argument tells what it means and who names it", () => {
  for (const name of commandNames) {
    const { arguments: table, does }: Command = commands[name];
    expect(Object.keys(table).at(-1)).toBe("BU");
    expect(does).not.toBe("");
    for (const { means, source } of Object.values(table)) {
      expect(means).not.toBe("");
      expect(["documented", "schema"]).toContain(source);
    }
  }
});

test("each secret of a table is one by its name, too", () => {
  const secrets = commandNames.flatMap((name) =>
    Object.entries<Argument>(commands[name].arguments).flatMap(([entry, { kind }]) =>
      kind.kind === "secret" ? entry : [],
    ),
  );

  expect(secrets).toContain("PA#");
  expect(secrets.filter((entry) => !isSecretName(entry.replace("#", "12")))).toEqual([]);
  expect(["MK", "MN", "EM", "BU", "SP", "TC1", "WID"].filter(isSecretName)).toEqual([]);
});

test("types follow from the table", () => {
  const join: ArgumentsOf<"join-meeting"> = { MK: "123456789", AN: undefined };
  const edit: ArgumentsOf<"edit-user"> = { WID: "lee", PW: "s", PID: "p", TI1: "+44 20", CB3: true };
  const open: ArgumentsOf<"edit-event"> = { Anything: 5, BU: "https://portal.example.org/" };
  // @ts-expect-error A meeting number is missing.
  const withoutKey: ArgumentsOf<"join-meeting"> = { AN: "Lee" };
  // @ts-expect-error A whole number is a number.
  const length: ArgumentsOf<"schedule-meeting"> = { DU: "60" };
  // @ts-expect-error This command has no such argument.
  const foreign: ArgumentsOf<"join-meeting"> = { MK: "1", MN: "Budget" };
  const name: CommandName = "list-labs";

  expect([join, edit, open, withoutKey, length, foreign, name]).toHaveLength(7);
});
