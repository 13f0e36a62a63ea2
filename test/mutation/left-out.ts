import { Draws } from "../../simulators/draws.ts";

/** Changes one in `oneIn` functions, members and constants of a file. */
export interface Drawn {
  readonly oneIn: number;
  readonly seed: number;
}

/** Environment variable that Stryker's processes read. */
export const drawnVariable = "MUTATION_DRAWN";

/** The fields that are read of a syntax node. */
interface Node {
  readonly type: string;
  readonly start?: number | null;
  readonly declaration?: Node | null;
  readonly test?: Node | null;
  readonly key?: Node;
  readonly callee?: Node;
  readonly name?: string;
  readonly argument?: Node | null;
  readonly expression?: Node;
  readonly consequent?: unknown;
}

function isDrawn(node: Node, parent: Node | null, { oneIn, seed }: Drawn): boolean {
  const declared = node.declaration ?? node;
  const isOne = parent?.type === "Program" || parent?.type === "ClassBody";
  if (!isOne || declared.type === "ClassDeclaration") return true;
  return new Draws(seed, `${node.start} ${declared.type}`).between(0, oneIn) === 0;
}

/** True if no test can see a change: the end of a complete `switch`, a schema's `abortEarly`. */
function isUnreachable(node: Node): boolean {
  if (node.type === "ObjectProperty") return node.key?.name === "abortEarly";
  if (node.type !== "SwitchCase" || node.test !== null || !Array.isArray(node.consequent)) return false;
  const [last] = node.consequent.slice(-1) as readonly (Node | undefined)[];
  const call = last?.type === "ReturnStatement" ? last.argument : last?.expression;
  return call?.callee?.name === "assertNever";
}

/** Stryker loads this export by name. */
export const strykerPlugins = [
  {
    kind: "Ignore",
    name: "left-out",
    value: {
      shouldIgnore: ({ node, parent }: { readonly node: Node; readonly parent: Node | null }) => {
        if (isUnreachable(node)) return "nothing can reach it";
        return isDrawn(node, parent, JSON.parse(process.env[drawnVariable] ?? "")) ? undefined : "it was not drawn";
      },
    },
  },
];
