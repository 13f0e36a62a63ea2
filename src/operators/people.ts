import * as v from "valibot";
import { err, ok, type Result } from "../foundation/result.ts";
import { indexOfEqual, sha256 } from "../foundation/secrets.ts";
import { parseJson } from "../foundation/text/parse-json.ts";
import { reasonOf } from "../foundation/text/reason.ts";
import { mustBe, wrongSetting } from "../foundation/text/wrong-value.ts";

/** Viewers look; operators look and act. */
export type Role = "viewer" | "operator";

/** Who may see what, and whether they may act there. */
export interface Operator {
  readonly name: string;
  readonly role: Role;
  /** `["*"]`: all. */
  readonly domains: readonly string[];
}

/** The SHA-256 of a user's token, in hexadecimal digits. A session ends when its token is removed. */
export type Credential = string;

/** Users who sign in by Cloudflare Access. */
export interface AccessPeople {
  /** `https://team.cloudflareaccess.com`: issuer of the tokens, and address of the keys. */
  readonly issuer: string;
  readonly audience: string;
  /** By e-mail address in lower case. */
  readonly people: ReadonlyMap<string, Operator>;
}

export interface People {
  readonly byToken: ReadonlyMap<Credential, Operator>;
  readonly access: AccessPeople | null;
}

/** The user of OPERATOR_TOKEN. */
export const tokenOperator: Operator = { name: "operator", role: "operator", domains: ["*"] };

export function seesDomain({ domains }: Operator, domain: string): boolean {
  return domains.includes("*") || domains.includes(domain);
}

export function seesAll({ domains }: Operator): boolean {
  return domains.includes("*");
}

/** The user with this token, and its hash; `null`: unknown token. */
export async function personOfToken(
  { byToken }: People,
  token: string,
): Promise<{ readonly person: Operator; readonly credential: Credential } | null> {
  const index = indexOfEqual([...byToken.keys()], await sha256(token));
  const [credential, person] = [...byToken][index] ?? [];
  return credential !== undefined && person ? { person, credential } : null;
}

const name = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 of letters, digits, dots, - and _"),
  v.check(
    (text) => text !== tokenOperator.name,
    `must not be ${tokenOperator.name}: that is who has the operator's token`,
  ),
);
const rights = {
  role: v.picklist(["viewer", "operator"]),
  domains: v.pipe(
    v.array(v.string()),
    v.minLength(1, 'must name a domain, or be ["*"] for all'),
    v.check((list) => !list.includes("*") || list.length === 1, 'must be ["*"] alone for all domains'),
  ),
};
const tokenSha256 = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/, "must be the 64 digits of a token's SHA-256, as `bridgehead operator NAME` prints them"),
);
const email = v.pipe(v.string(), v.regex(/^[^@\s]{1,128}@[^@\s]{1,126}$/, "must be an e-mail address"));

function different<Item>(of: (item: Item) => string, says: string) {
  return v.check((list: Item[]) => new Set(list.map((item) => of(item).toLowerCase())).size === list.length, says);
}

/** OPERATORS, or `operators` in a settings file: all users except that of OPERATOR_TOKEN. */
export const operatorsSettings = v.strictObject({
  people: v.optional(
    v.pipe(
      v.array(v.strictObject({ name, tokenSha256, ...rights })),
      different(({ name }) => name, "must not have two of one name"),
      different((person) => person.tokenSha256, "must not have two with one token"),
    ),
    [],
  ),
  access: v.optional(
    v.strictObject({
      team: v.pipe(
        v.string(),
        v.regex(/^[a-z0-9-]{1,63}$/, "must be the first part of TEAM.cloudflareaccess.com, such as acme"),
      ),
      audience: v.pipe(v.string(), v.nonEmpty("must be the AUD tag of the application")),
      people: v.pipe(
        v.array(v.strictObject({ email, ...rights })),
        different(({ email }) => email, "must not have two of one address"),
      ),
    }),
  ),
});
export type OperatorsSettings = v.InferOutput<typeof operatorsSettings>;

const operatorsExample: v.InferInput<typeof operatorsSettings> = {
  people: [{ name: "anna", tokenSha256: "…", role: "viewer", domains: ["acme"] }],
  access: {
    team: "acme",
    audience: "32eafc7626e737b46ef8b…",
    people: [{ email: "anna@example.com", role: "operator", domains: ["*"] }],
  },
};

/** Why a user cannot have this name; `null`: valid. */
export function personNameFault(text: string): string | null {
  const { issues } = v.safeParse(name, text);
  return issues === undefined ? null : `It ${issues[0].message}.`;
}

/** Domains of users that do not exist. */
export function unknownDomains({ people, access }: OperatorsSettings, known: readonly string[]): string[] {
  const named = [...people, ...(access?.people ?? [])].flatMap(({ domains }) => domains);
  return [...new Set(named)].filter((domain) => domain !== "*" && !known.includes(domain));
}

/**
 * The people of the JSON of OPERATORS, if it is not empty; or what is wrong, in one line that repeats no token. `name`:
 * of the setting.
 */
export function readOperators(json: string, name = "OPERATORS"): Result<OperatorsSettings, string> {
  if (json.trim() === "") return ok({ people: [] });
  const wrong = (says: string) =>
    err(
      `${says}; a right example: ${JSON.stringify(operatorsExample)}, with the line that \`bridgehead operator\` prints`,
    );
  let value: unknown;
  try {
    value = parseJson(json);
  } catch (error) {
    return wrong(`${name} is not JSON (${reasonOf(error)})`);
  }
  // The schema would accept a list as an empty object.
  if (Array.isArray(value)) return wrong(`${name} must be an object (it is a list)`);
  const checked = v.safeParse(operatorsSettings, value, { message: mustBe });
  if (checked.success) return ok(checked.output);
  const issue = checked.issues.find(({ expected }) => expected === "never") ?? checked.issues[0];
  const path = v.getDotPath(issue);
  const place = path === null ? name : `${name}.${path}`;
  if (issue.expected === "never") return wrong(`${place} is not a setting`);
  return wrong(
    `${place} ${wrongSetting(issue, { name: "open", people: "open", access: "open", team: "open", domains: "open" })}`,
  );
}

/** All users. Without `operatorToken`, the user `operator` does not exist. */
export async function peopleOf({ people, access }: OperatorsSettings, operatorToken: string): Promise<People> {
  const byToken = new Map<Credential, Operator>();
  for (const { tokenSha256: credential, ...person } of people) byToken.set(credential, person);
  if (operatorToken !== "") byToken.set(await sha256(operatorToken), tokenOperator);
  if (!access) return { byToken, access: null };
  const ofAccess = access.people.map(({ email, ...rights }): [string, Operator] => {
    const name = email.toLowerCase();
    return [name, { name, ...rights }];
  });
  const issuer = `https://${access.team}.cloudflareaccess.com`;
  return { byToken, access: { issuer, audience: access.audience, people: new Map(ofAccess) } };
}
