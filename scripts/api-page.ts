import { refusalsOf } from "../src/http/api/openapi.ts";
import { changes, isDeprecated, personalOf, type Route } from "../src/http/api/route.ts";
import { apiRoutes } from "../src/http/api/routes.ts";
import { problemMeanings } from "../src/http/problem.ts";
import { inCell } from "./generated-page.ts";

const introduction = `# The API of operators

\`/api/v1\` answers everything that the console and \`bridgehead\` ask. \`GET /api/v1/openapi.json\` describes it as OpenAPI 3.1, with every field; this page is made of the same table by
\`npm run docs api.md\`. All of it needs a sign-in: \`Authorization: Bearer TOKEN\` with the operator's token or a person's own, a session of the console, or Cloudflare Access ([security.md](security.md#operators)).

\`\`\`
curl -H "Authorization: Bearer $OPERATOR_TOKEN" http://127.0.0.1:8787/api/v1/domains/local/conferences
\`\`\`

* **Lists** come in pages: \`next\` of one page is \`cursor\` of the next, \`null\` on the last one. \`limit\` is the most of a page; one may have fewer.
* **Refusals** are problems by RFC 9457 (\`application/problem+json\`): \`title\` says what happened, \`detail\` what to do, \`reason\` which of several refusals with this title it is, \`instance\` which path it was, \`errors\` which values are wrong. \`GET\` of a problem's \`type\` says what it means.
* **Actions** (all but GET and questions) take an \`Idempotency-Key\` of 1 to 64 visible characters, the action's id. They need the role \`operator\`. Each is written down with its person, its outcome and the address from which it came: \`GET …/audit\`, which also says what is not.
* **Questions about people** are asked by POST, with the same fields as JSON: addresses are logged by proxies, and \`number\`, \`attendeeId\`, \`text\` and \`call\` in one are deprecated. They are no actions: viewers may ask them, and the audit does not keep them.
* **Domains** that you may not see are answered as those that are not there.
* Numbers and IDs of people are shown whole, masked or not at all, as \`recordsPersonal\` of the domain says; a meeting's host and numbers are shown as its invitation has them.
`;

/** docs/api.md: the routes of the API, from the table that serves them. */
export function apiPage(routes: readonly Route[] = apiRoutes): string {
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const rows = routes.filter((route) => route.tag === tag).map(row);
    return `## ${tag}\n\n| request | what | status |\n| --- | --- | --- |\n${rows.join("")}`;
  });
  const problems = Object.entries(problemMeanings).map(([title, means]) => `| \`${title}\` | ${inCell(means)} |\n`);
  return `${introduction}\n${sections.join("\n")}\n## Problems\n\n| title | what it means |\n| --- | --- |\n${problems.join("")}`;
}

function row(route: Route): string {
  const { method, path, says, more, query = {}, queryIn, body, allDomains, viewersMay } = route;
  const names = Object.keys(query);
  const parameters = names.length > 0 && !queryIn ? `?${names.join(", ")}` : "";
  const inBody = queryIn ? names : body && fieldsOf(body);
  const fields = inBody ? ` \`{${inBody.join(", ")}}\`` : "";
  const deprecated = personalOf(route).map((name) => `\`${name}\``);
  const whom = [
    ...(changes(route) && viewersMay ? ["Viewers may, too."] : []),
    ...(allDomains ? ["For those who see all domains."] : []),
    ...(isDeprecated(route)
      ? ["Deprecated, and gone with version 0.3: ask by POST."]
      : deprecated.length > 0
        ? [`With ${deprecated.join(" or ")} deprecated, and refused from version 0.3 on: ask by POST.`]
        : []),
  ];
  const what = queryIn
    ? `The same question as by GET, and it changes nothing: ${says.charAt(0).toLowerCase()}${says.slice(1)}.`
    : [`${says}.`, ...(more === undefined ? [] : [more]), ...whom].join(" ");
  const statuses = [route.answer.status ?? 200, ...refusalsOf(route)].join(", ");
  return `| \`${method} /api/v1${path}\`${fields}${parameters && ` \`${parameters}\``} | ${inCell(what)} | ${statuses} |\n`;
}

/** Of a body that is one of several, those of all. */
function fieldsOf(schema: object): readonly string[] {
  if ("entries" in schema) return Object.keys(schema.entries as object);
  const options = "options" in schema ? (schema.options as readonly object[]) : [];
  return [...new Set(options.flatMap(fieldsOf))];
}
