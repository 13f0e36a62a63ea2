import * as v from "valibot";
import { ANSWER_WITHIN_MS, type Ari, isDone, operations, requestOf } from "../ari.ts";

const parameters = v.optional(v.array(v.object({ name: v.string() })), []);
const operation = v.object({ httpMethod: v.string(), parameters });
/** Asterisk's description of one ARI resource. */
export const description = v.object({
  apis: v.array(v.object({ path: v.string(), operations: v.array(operation) })),
});

/** Parameter names by method and path, such as `GET /channels`. */
export type AriOperations = Readonly<Record<string, readonly string[]>>;

const needed = Object.values(operations).filter((operation) => operation !== operations.getDescription);
/** Resources that the driver uses, such as `channels`. */
export const resources = [...new Set(needed.map((operation) => operation.split("/")[1]?.split("?")[0] ?? ""))];

export function operationsIn(descriptions: readonly v.InferOutput<typeof description>[]): AriOperations {
  const apis = descriptions.flatMap(({ apis }) => apis);
  const all = apis.flatMap(({ path, operations }) =>
    operations.map(({ httpMethod, parameters }) => [`${httpMethod} ${path}`, parameters.map(({ name }) => name)]),
  );
  return Object.fromEntries(all);
}

/** Returns needs that Asterisk does not offer, such as `variables on POST /channels/create`. */
export function lackingIn(offered: AriOperations): readonly string[] {
  return needed.flatMap((operation) => {
    const request = requestOf(operation).join(" ");
    const inPath = Array.from(request.matchAll(/\{(\w+)\}/g), ([, name = ""]) => name);
    const wanted = [...inPath, ...(operation.split("?")[1]?.split("&") ?? [])];
    const has = offered[request];
    return has ? wanted.filter((name) => !has.includes(name)).map((name) => `${name} on ${request}`) : [request];
  });
}

/** Returns `null` if Asterisk lacks the files of its description. */
export async function lackingOf(ari: Ari): Promise<readonly string[] | null> {
  const asked = resources.map((resource) => ari.ask("getDescription", { file: `${resource}.json` }, ANSWER_WITHIN_MS));
  const bodies = (await Promise.all(asked)).map((answer) => (isDone(answer) ? answer.body : null));
  const read = v.safeParse(v.array(description), bodies);
  return read.success ? lackingIn(operationsIn(read.output)) : null;
}
