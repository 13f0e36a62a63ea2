import * as v from "valibot";
import { ANSWER_WITHIN_MS, type Ari, isDone, operations, requestOf } from "../ari.ts";

const parameters = v.optional(v.array(v.object({ name: v.string() })), []);
const apis = v.array(
  v.object({ path: v.string(), operations: v.array(v.object({ httpMethod: v.string(), parameters })) }),
);
/** What Asterisk says of one resource of its interface. */
export const description = v.object({ apis });

/** Names of parameters by method and path, as `GET /channels`. */
export type AriOperations = Readonly<Record<string, readonly string[]>>;

const needed = Object.values(operations).filter((operation) => operation !== operations.getDescription);
/** Of these the driver asks something, as `channels`. */
export const resources = [...new Set(needed.map((operation) => resourceOf(requestOf(operation)[1])))];

function resourceOf(path: string): string {
  return path.split("/")[1] ?? "";
}

export function operationsIn({ apis }: v.InferOutput<typeof description>): AriOperations {
  const all = apis.flatMap(({ path, operations }) =>
    operations.map(({ httpMethod, parameters }) => [`${httpMethod} ${path}`, parameters.map(({ name }) => name)]),
  );
  return Object.fromEntries(all);
}

/** What the driver asks of these resources and Asterisk does not offer, as `variables on POST /channels/create`. */
export function lackingIn(offered: AriOperations, described = resources): readonly string[] {
  return needed.flatMap((operation) => {
    const [method, path] = requestOf(operation);
    if (!described.includes(resourceOf(path))) return [];
    const names = offered[`${method} ${path}`];
    if (!names) return [`${method} ${path}`];
    const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => name);
    const wanted = [...inPath, ...(operation.split("?")[1]?.split("&") ?? [])];
    return wanted.filter((name) => !names.includes(name)).map((name) => `${name} on ${method} ${path}`);
  });
}

/** `described`: the resources whose description Asterisk has; of others nobody knows what is lacking. */
export async function compareInterface(ari: Ari): Promise<{ described: string[]; lacking: readonly string[] }> {
  const answers = await Promise.all(
    resources.map((resource) => ari.ask("getDescription", { file: `${resource}.json` }, ANSWER_WITHIN_MS)),
  );
  const read = answers.map((answer) => v.safeParse(description, isDone(answer) ? answer.body : null));
  const offered = read.map(({ success, output }) => (success ? operationsIn(output) : {}));
  const described = resources.filter((_, place) => read[place]?.success);
  return { described, lacking: lackingIn(Object.assign({}, ...offered), described) };
}
